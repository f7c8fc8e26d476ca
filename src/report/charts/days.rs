//! All replications along the clock, on top of each other: what each hour of the day usually looks like and how far
//! days differ. What one day looks like is the timeline's.

use super::ChartError;
use super::axis::ClockAxis;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, Point, TEXT, Type, WIDTH};
use super::notes::Notes;
use super::palette::{ALARM, FLOW, GREY, paler};
use super::panel::{HEADING, Panel, draw_clock, stacked};
use super::text;
use crate::experiment::{Days, Spread};
use crate::measure::Along;
use crate::units::{SimTime, Span};

/// Left and right end of all panels.
const SIDES: (i32, i32) = (180, WIDTH - 80);
/// Height of the main panels, and of the lesser ones.
const PANEL: i32 = 280;
const LOW_PANEL: i32 = 150;
/// Height of a row of shares, with its name.
const ROW: i32 = 124;
/// Height of what is drawn in it.
const SHARE: i32 = 60;
/// Hosts with a row of their own.
const MOST_ROWS: usize = 6;

const HOW_TO_READ: &str = "Line: the median over the days; shaded: from the 5 % to the 95 % point, so that one day in \
                           ten lies outside. No single day need look like the line, and its peaks are higher.";
const WITH_HOSTS: &str = " Below: on how many of the days a host counts as bad at that time.";

/// What the picture shows.
#[derive(Clone, Copy, Debug)]
pub struct DaysView<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The days.
    pub days: &'a Days,
    /// Time of day at the start of each.
    pub clock_at_start: Span,
    /// Settings changed on the way, bursts, outages: when, and what.
    pub changes: &'a [(SimTime, String)],
}

/// A panel: what it shows, its heading, its height.
type Strip = (Along, &'static str, i32);

const STRIPS: [Strip; 4] = [
    (Along::Queue, "Messages waiting in the queue", PANEL),
    (Along::Delivered, "Deliveries a minute", PANEL),
    (Along::Deferred, "Deferrals a minute: tries that failed or were skipped", LOW_PANEL),
    (Along::Busy, "Busy queue runners", LOW_PANEL),
];

/// A row of the part below: its name, and a share of its height by slot.
struct Row {
    name: String,
    shares: Vec<f64>,
    /// What its whole height is.
    whole: String,
}

/// Where everything stands.
struct Layout {
    axis: ClockAxis,
    strips: Vec<(Strip, Vec<Spread>, Area)>,
    notes: Notes,
    rows: Vec<Row>,
    rows_top: i32,
    bottom: i32,
}

/// Draws the days on top of each other.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn days(view: &DaysView) -> Result<String, ChartError> {
    let layout = Layout::new(view);
    canvas::picture(layout.bottom + 80, view.title, &describe(view, &layout), |canvas| {
        canvas.heading(view.title, &how_to_read(view))?;
        for ((of, heading, _), spread, area) in &layout.strips {
            // Above the first panel there may be notes, and its heading above these.
            let above = if *of == Along::Queue { layout.notes.top() + 8 } else { area.top };
            canvas.text(heading, (MARGIN, above - 44), Align::Left, Type::STRONG)?;
            draw_strip(canvas, spread, *area, (&layout.axis, view.days.slot()))?;
        }
        for (row, top) in layout.rows.iter().zip((layout.rows_top..).step_by(ROW as usize)) {
            draw_row(canvas, row, top, (&layout.axis, view.days.slot()))?;
        }
        let areas: Vec<Area> = layout.strips.iter().map(|strip| strip.2).collect();
        draw_clock(canvas, &layout.axis, SIDES, &areas, layout.bottom)?;
        layout.notes.draw(canvas, &areas)
    })
}

fn how_to_read(view: &DaysView) -> String {
    let hosts = if view.days.bad().next().is_some() { WITH_HOSTS } else { "" };
    let slot = text::duration(view.days.slot().seconds());
    format!("Means of {slot}. {HOW_TO_READ}{hosts}")
}

impl Layout {
    fn new(view: &DaysView) -> Layout {
        let days = view.days;
        let (left, right) = SIDES;
        let lines = text::wrap(&how_to_read(view), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES).len();
        let length = days.slot() * days.slots() as u64;
        let axis = ClockAxis::new(view.clock_at_start, length, left, right);
        let notes = Notes::new(view.changes, &axis, right, 120 + 40 * lines as i32 + HEADING - 8);
        let top = notes.bottom();
        let spreads = STRIPS.map(|strip| (strip, days.spread(strip.0)));
        let main = |of: Along| matches!(of, Along::Queue | Along::Delivered);
        let some = |spread: &[Spread]| spread.iter().any(|one| one.high > 0.0);
        let shown: Vec<(Strip, Vec<Spread>)> =
            spreads.into_iter().filter(|(strip, spread)| main(strip.0) || some(spread)).collect();
        let heights: Vec<i32> = shown.iter().map(|(strip, _)| strip.2).collect();
        let areas = stacked(left, right, top, &heights);
        let rows_top = areas.last().map_or(top, |area| area.bottom) + 30;
        let rows = rows(days);
        let bottom = rows_top + ROW * rows.len() as i32 + 16;
        let strips =
            shown.into_iter().zip(areas).map(|((strip, spread), area)| (strip, spread, area));
        Layout { axis, strips: strips.collect(), notes, rows, rows_top, bottom }
    }
}

/// A row for each host, those beyond [`MOST_ROWS`] in one, and one for the cuts.
fn rows(days: &Days) -> Vec<Row> {
    let most = |shares: &[f64]| shares.iter().copied().fold(0.0, f64::max);
    let mut hosts: Vec<(String, Vec<f64>)> = days
        .bad()
        .map(|(host, shares)| (text::fit(&text::clean(host), 900, TEXT, true), shares))
        .collect();
    if hosts.len() > MOST_ROWS {
        let rest = hosts.split_off(MOST_ROWS - 1);
        let at = |slot: usize| {
            most(&rest.iter().filter_map(|(_, of)| of.get(slot).copied()).collect::<Vec<_>>())
        };
        let worst = (0..days.slots()).map(at).collect();
        hosts.push((format!("the worst of {} more hosts", rest.len()), worst));
    }
    let mut rows: Vec<Row> = hosts
        .into_iter()
        .map(|(host, shares)| {
            let name = format!("{host} bad on up to {} of the days", text::percent(most(&shares)));
            Row { name, shares, whole: "100 %".to_owned() }
        })
        .collect();
    let cuts = days.cuts();
    let (total, highest) = (cuts.iter().sum::<f64>(), most(&cuts));
    if total > 0.0 {
        let slot = text::duration(days.slot().seconds());
        rows.push(Row {
            name: format!(
                "Connections cut at their lifetime: {} on the mean day, up to {} in {slot}",
                text::count(rounded(total)),
                text::count(rounded(highest)),
            ),
            shares: cuts.iter().map(|cuts| cuts / highest).collect(),
            whole: text::count(rounded(highest)),
        });
    }
    rows
}

/// To a hundredth where that matters.
fn rounded(value: f64) -> f64 {
    if value < 10.0 { (value * 100.0).round() / 100.0 } else { value.round() }
}

fn draw_strip(
    canvas: &Canvas,
    spread: &[Spread],
    area: Area,
    (axis, slot): (&ClockAxis, Span),
) -> Result<(), ChartError> {
    let peak = spread.iter().map(|one| one.high).fold(0.0, f64::max);
    let panel = Panel::new(canvas, area, axis, if peak > 0.0 { peak } else { 1.0 })?;
    let line = |of: fn(&Spread) -> f64| panel.points(spread.iter().map(of), slot);
    let (low, mid, high) = (line(|one| one.low), line(|one| one.mid), line(|one| one.high));
    let outline: Vec<Point> = high.iter().copied().chain(low.iter().rev().copied()).collect();
    if low.len() > 1 {
        canvas.polygon(outline, FLOW, 0.22)?;
    }
    canvas.line(&low, paler(FLOW), 2)?;
    canvas.line(&high, paler(FLOW), 2)?;
    canvas.line(&mid, FLOW, 5)
}

/// Bars as high as the share, between a line for none and one for all.
fn draw_row(
    canvas: &Canvas,
    row: &Row,
    top: i32,
    (axis, slot): (&ClockAxis, Span),
) -> Result<(), ChartError> {
    let (left, right) = SIDES;
    canvas.text(&row.name, (MARGIN, top + 24), Align::Left, Type::STRONG)?;
    let bottom = top + 58 + SHARE;
    canvas.grid_line(left, right, bottom - SHARE, &row.whole)?;
    let at = |slots: usize| axis.x(SimTime::ZERO + slot * slots as u64);
    for (number, share) in row.shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let height = (share.min(1.0) * f64::from(SHARE)).ceil() as i32;
        // Neighbours overlap by a pixel, lest seams shine through.
        let right = at(number + 1) + 1;
        canvas.fill(Area { left: at(number), top: bottom - height, right, bottom }, ALARM, 1.0)?;
    }
    canvas.line(&[(left, bottom), (right, bottom)], GREY, 3)
}

/// The picture in words: the highest median and the highest 95 % point of each panel, and every row.
fn describe(view: &DaysView, layout: &Layout) -> String {
    let mut out = format!("{} {} days.", how_to_read(view), view.days.count());
    for ((_, heading, _), spread, _) in &layout.strips {
        let most = |of: fn(&Spread) -> f64| {
            text::count(rounded(spread.iter().map(of).fold(0.0, f64::max)))
        };
        let (mid, high) = (most(|one| one.mid), most(|one| one.high));
        out += &format!(" {heading}: the median reaches {mid}, the 95 % point {high}.");
    }
    for row in &layout.rows {
        out += &format!(" {}.", row.name);
    }
    for (at, words) in view.changes {
        out += &format!(" After {}: {words}.", text::duration(at.seconds()));
    }
    out
}
