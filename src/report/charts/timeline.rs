//! Chart 2: one replication along the clock - the queue, what came in and went out, deferrals, busy runners,
//! and when a host was blocked.

use super::axis::ClockAxis;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, TEXT, Type, WIDTH};
use super::notes::Notes;
use super::palette::{ALARM, FLOW, INK};
use super::panel::{HEADING, Panel, draw_clock, stacked};
use super::text;
use super::{ChartError, TimelineView};
use crate::measure::{BlockedHost, Timeline};
use crate::units::{SimTime, Span};

const WITH_BLOCKS: &str = "Read along the clock. While a host counts as bad (shaded) no mail is tried \
                           and the queue grows; it empties only after the next retry.";
const WITHOUT_BLOCKS: &str =
    "Read along the clock: how much mail waits, and how much comes and goes.";
/// Most steps of a line: finer ones could not be seen.
const MOST_GROUPS: usize = 600;
/// Hosts with a row of their own; the others share one.
const MOST_ROWS: usize = 6;
/// Height of the main panels, and of the lesser ones.
const PANEL: i32 = 300;
const LOW_PANEL: i32 = 150;
/// Left and right end of all panels.
const SIDES: (i32, i32) = (180, WIDTH - 80);
/// Height of one row of spans with its name.
const ROW: i32 = 84;

/// A row of the band below: a name and where it is dark.
struct Row {
    name: String,
    spans: Vec<(i32, i32)>,
}

/// Where everything stands.
struct Layout {
    axis: ClockAxis,
    strips: Vec<Strip>,
    areas: Vec<Area>,
    rows: Vec<Row>,
    notes: Notes,
    rows_top: i32,
    bottom: i32,
}

/// Draws one replication along the clock: queue length, arrivals against deliveries per minute, spans in
/// which hosts counted as bad, cuts of connections, and the changes of settings.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn timeline(view: &TimelineView) -> Result<String, ChartError> {
    let layout = Layout::new(view);
    canvas::picture(layout.bottom + 80, view.title, &describe(view), |canvas| {
        canvas.heading(view.title, &how_to_read(view))?;
        shade(canvas, view.timeline, &layout)?;
        for (strip, area) in layout.strips.iter().zip(&layout.areas) {
            draw_strip(canvas, *strip, *area, view.timeline, &layout)?;
        }
        draw_rows(canvas, view.timeline, &layout)?;
        draw_clock(canvas, &layout.axis, SIDES, &layout.areas, layout.bottom)?;
        layout.notes.draw(canvas, &layout.areas)
    })
}

/// Which run it is, and what there is to see.
fn how_to_read(view: &TimelineView) -> String {
    let blocked = view.timeline.blocked.iter().any(|host| !host.spans.is_empty());
    let words = if blocked { WITH_BLOCKS } else { WITHOUT_BLOCKS };
    if view.which.is_empty() { words.to_owned() } else { format!("{}. {words}", view.which) }
}

impl Layout {
    fn new(view: &TimelineView) -> Layout {
        let (left, right) = SIDES;
        let timeline = view.timeline;
        let axis = ClockAxis::new(view.clock_at_start, length(timeline), left, right);
        let lines =
            text::wrap(&text::clean(&how_to_read(view)), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES)
                .len() as i32;
        let notes = Notes::new(view.changes, &axis, right, 120 + 40 * lines + HEADING - 8);
        let top = notes.bottom();
        let (strips, heights): (Vec<Strip>, Vec<i32>) = strips(timeline).into_iter().unzip();
        let areas = stacked(left, right, top, &heights);
        let rows = rows(timeline, &axis);
        let rows_top = areas.last().map_or(top, |area| area.bottom) + 20;
        let bottom = rows_top + ROW * (rows.len() as i32 + 1) + 8;
        Layout { axis, strips, areas, rows, notes, rows_top, bottom }
    }
}

/// From the start to the end of the last bin.
fn length(timeline: &Timeline) -> Span {
    let bins = [timeline.queue.len(), timeline.arrived.len(), timeline.delivered.len()];
    timeline.bin * bins.into_iter().max().unwrap_or(0) as u64
}

/// One row per blocked host; beyond [`MOST_ROWS`] the rest share the last one.
fn rows(timeline: &Timeline, axis: &ClockAxis) -> Vec<Row> {
    let blocked: Vec<&BlockedHost> =
        timeline.blocked.iter().filter(|host| !host.spans.is_empty()).collect();
    let own = if blocked.len() > MOST_ROWS { MOST_ROWS - 1 } else { blocked.len() };
    let mut rows: Vec<Row> = blocked[..own]
        .iter()
        .map(|host| {
            let name = text::fit(&text::clean(&host.host), 900, TEXT, true);
            let time = text::duration(blocked_seconds(host));
            Row { name: format!("{name} blocked: {time}"), spans: on_paper(axis, &host.spans) }
        })
        .collect();
    let rest = &blocked[own..];
    if !rest.is_empty() {
        let spans: Vec<_> = rest.iter().flat_map(|host| host.spans.iter().copied()).collect();
        rows.push(Row {
            name: format!("{} more hosts, any of them blocked", rest.len()),
            spans: on_paper(axis, &spans),
        });
    }
    rows
}

fn blocked_seconds(host: &BlockedHost) -> f64 {
    host.spans.iter().map(|(from, until)| until.since(*from).seconds()).sum()
}

/// Spans as pixels, those that touch joined: at most one per pixel however many there were.
fn on_paper(axis: &ClockAxis, spans: &[(SimTime, SimTime)]) -> Vec<(i32, i32)> {
    let mut pixels: Vec<(i32, i32)> = spans
        .iter()
        .map(|(from, until)| (axis.x(*from), axis.x(*until).max(axis.x(*from) + 3)))
        .collect();
    pixels.sort_unstable();
    let mut joined: Vec<(i32, i32)> = Vec::new();
    for (from, until) in pixels {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((from, until)),
        }
    }
    joined
}

/// The picture in words.
fn describe(view: &TimelineView) -> String {
    let timeline = view.timeline;
    let peak = timeline.queue.iter().copied().fold(0.0, f64::max);
    let total = |counts: &[u32]| text::count(counts.iter().map(|n| f64::from(*n)).sum());
    let mut out = format!(
        "{} One run of {}: {} messages arrived, {} were delivered, the queue held at most {}; \
         {} connections were cut at their lifetime.",
        how_to_read(view),
        text::duration(length(timeline).seconds()),
        total(&timeline.arrived),
        total(&timeline.delivered),
        text::count(peak.round()),
        timeline.cuts.len(),
    );
    for host in &timeline.blocked {
        let time = text::duration(blocked_seconds(host));
        out.push_str(&format!(" {} counted as bad for {time}.", host.host));
    }
    for (at, words) in view.changes {
        out.push_str(&format!(" After {}: {words}.", text::duration(at.seconds())));
    }
    out
}

/// Shades all panels where hosts were blocked, the darker the more of them.
fn shade(canvas: &Canvas, timeline: &Timeline, layout: &Layout) -> Result<(), ChartError> {
    let hosts = timeline.blocked.len().max(1);
    let mut edges: Vec<(i32, i32)> = Vec::new();
    for host in &timeline.blocked {
        for (from, until) in on_paper(&layout.axis, &host.spans) {
            edges.extend([(from, 1), (until, -1)]);
        }
    }
    edges.sort_unstable();
    let mut depth = 0;
    for pair in edges.windows(2) {
        depth += pair[0].1;
        let (left, right) = (pair[0].0, pair[1].0);
        if depth > 0 && right > left {
            let strength = 0.16 * f64::from(depth) / hosts as f64;
            for panel in &layout.areas {
                canvas.fill(Area { left, right, ..*panel }, ALARM, strength)?;
            }
        }
    }
    Ok(())
}

/// How many bins are drawn as one.
fn group(bins: usize) -> usize {
    bins.div_ceil(MOST_GROUPS).max(1)
}

/// One of the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strip {
    Queue,
    Flow,
    Deferred,
    Busy,
}

/// The panels that this run has something for, and how high they are.
fn strips(timeline: &Timeline) -> Vec<(Strip, i32)> {
    let deferred = timeline.failed.iter().chain(&timeline.skipped).any(|count| *count > 0);
    let busy = timeline.busy.iter().any(|busy| *busy > 0.0);
    let mut strips = vec![(Strip::Queue, PANEL), (Strip::Flow, PANEL)];
    if deferred {
        strips.push((Strip::Deferred, LOW_PANEL));
    }
    if busy {
        strips.push((Strip::Busy, LOW_PANEL));
    }
    strips
}

fn draw_strip(
    canvas: &Canvas,
    strip: Strip,
    area: Area,
    timeline: &Timeline,
    layout: &Layout,
) -> Result<(), ChartError> {
    match strip {
        Strip::Queue => draw_queue(canvas, timeline, area, layout),
        Strip::Flow => draw_flow(canvas, timeline, area, &layout.axis),
        Strip::Deferred => draw_deferred(canvas, timeline, area, &layout.axis),
        Strip::Busy => draw_busy(canvas, timeline, area, &layout.axis),
    }
}

fn draw_queue(
    canvas: &Canvas,
    timeline: &Timeline,
    area: Area,
    layout: &Layout,
) -> Result<(), ChartError> {
    let place = (MARGIN, layout.notes.top() - 36);
    canvas.text("Messages waiting in the queue", place, Align::Left, Type::STRONG)?;
    let per_group = group(timeline.queue.len());
    // The highest bin of each group: a peak must not be averaged away.
    let highest = |bins: &[f64]| bins.iter().copied().fold(0.0, f64::max);
    let values: Vec<f64> = timeline.queue.chunks(per_group).map(highest).collect();
    let peak = values.iter().copied().fold(1.0, f64::max);
    let panel = Panel::new(canvas, area, &layout.axis, peak)?;
    let line = panel.points(values, timeline.bin * per_group as u64);
    panel.fill_below(canvas, &line, FLOW, 0.35)?;
    canvas.line(&line, FLOW, 4)
}

/// Messages a minute in each group of bins.
fn per_minute(counts: &[u32], per_group: usize, bin: Span) -> Vec<f64> {
    let rate = |bins: &[u32]| {
        let minutes = (bin * bins.len() as u64).seconds() / 60.0;
        let messages: f64 = bins.iter().map(|count| f64::from(*count)).sum();
        if minutes > 0.0 { messages / minutes } else { 0.0 }
    };
    counts.chunks(per_group).map(rate).collect()
}

fn draw_flow(
    canvas: &Canvas,
    timeline: &Timeline,
    area: Area,
    axis: &ClockAxis,
) -> Result<(), ChartError> {
    let per_group = group(timeline.arrived.len().max(timeline.delivered.len()));
    let each = timeline.bin * per_group as u64;
    let arrived = per_minute(&timeline.arrived, per_group, timeline.bin);
    let delivered = per_minute(&timeline.delivered, per_group, timeline.bin);
    let (scale, highest) = flow_scale(&arrived, &delivered);
    let panel = Panel::new(canvas, area, axis, scale)?;
    let delivered = panel.points(delivered, each);
    let spike = arrived.iter().position(|value| *value == highest && highest > panel.top);
    let arrived = panel.points(arrived, each);
    canvas.line(&delivered, FLOW, 4)?;
    canvas.patterned(&arrived, ARRIVED, INK, 4)?;
    if let Some((x, _)) = spike.and_then(|index| arrived.get(index)) {
        let words = format!("arrivals up to {}", text::count(highest.round()));
        let room = text::width(&words, TEXT, false) + 16;
        let left = if x + room <= area.right { x + 16 } else { x - room };
        canvas.text(&words, (left, area.top + 22), Align::Left, Type::PLAIN)?;
    }
    let y = area.top - 44;
    Panel::heading(canvas, area, "Messages a minute")?;
    canvas.line(&[(470, y), (550, y)], FLOW, 6)?;
    canvas.text("delivered", (566, y), Align::Left, Type::PLAIN)?;
    canvas.patterned(&[(760, y), (840, y)], ARRIVED, INK, 4)?;
    canvas.text("arrived", (856, y), Align::Left, Type::PLAIN)
}

/// Up to where the flow is drawn, and its highest value. The few minutes of a burst may leave the panel, lest
/// they press the rest of the day flat; what was delivered never does.
fn flow_scale(arrived: &[f64], delivered: &[f64]) -> (f64, f64) {
    let most = |values: &[f64]| values.iter().copied().fold(1.0, f64::max);
    let highest = most(arrived).max(most(delivered));
    let mut sorted = arrived.to_vec();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() * 49 / 50).copied().unwrap_or(1.0);
    let wanted = 1.3 * usual.max(most(delivered));
    (if highest > 1.5 * wanted { wanted } else { highest }, highest)
}

/// Arrivals are dotted, so that deliveries stay visible beneath.
const ARRIVED: &[i32] = &[5, 8];

fn draw_deferred(
    canvas: &Canvas,
    timeline: &Timeline,
    area: Area,
    axis: &ClockAxis,
) -> Result<(), ChartError> {
    Panel::heading(canvas, area, "Deferrals a minute: tries that failed or were skipped")?;
    let bins = timeline.failed.len().max(timeline.skipped.len());
    let at = |counts: &[u32], bin: usize| counts.get(bin).copied().unwrap_or(0);
    let both = |bin| at(&timeline.failed, bin).saturating_add(at(&timeline.skipped, bin));
    let deferred: Vec<u32> = (0..bins).map(both).collect();
    let per_group = group(bins);
    let values = per_minute(&deferred, per_group, timeline.bin);
    let peak = values.iter().copied().fold(1.0, f64::max);
    let panel = Panel::new(canvas, area, axis, peak)?;
    let line = panel.points(values, timeline.bin * per_group as u64);
    panel.fill_below(canvas, &line, ALARM, 0.35)?;
    canvas.line(&line, ALARM, 3)
}

fn draw_busy(
    canvas: &Canvas,
    timeline: &Timeline,
    area: Area,
    axis: &ClockAxis,
) -> Result<(), ChartError> {
    Panel::heading(canvas, area, "Busy queue runners")?;
    let per_group = group(timeline.busy.len());
    let mean = |bins: &[f64]| bins.iter().sum::<f64>() / bins.len() as f64;
    let values: Vec<f64> = timeline.busy.chunks(per_group).map(mean).collect();
    let peak = values.iter().copied().fold(1.0, f64::max);
    let panel = Panel::new(canvas, area, axis, peak)?;
    let line = panel.points(values, timeline.bin * per_group as u64);
    panel.fill_below(canvas, &line, FLOW, 0.35)?;
    canvas.line(&line, FLOW, 3)
}

fn draw_rows(canvas: &Canvas, timeline: &Timeline, layout: &Layout) -> Result<(), ChartError> {
    let mut y = layout.rows_top;
    for row in &layout.rows {
        canvas.text(&row.name, (MARGIN, y + 24), Align::Left, Type::STRONG)?;
        for (left, right) in &row.spans {
            let bar = Area { left: *left, top: y + 48, right: *right, bottom: y + 74 };
            canvas.fill(bar, ALARM, 1.0)?;
        }
        y += ROW;
    }
    let words = match (timeline.cuts.len(), layout.rows.is_empty()) {
        (0, true) => "No connection was cut and no host was blocked".to_owned(),
        (0, false) => "No connection was cut at its lifetime".to_owned(),
        (1, _) => "1 connection cut at its lifetime".to_owned(),
        (cuts, _) => format!("{} connections cut at their lifetime", text::count(cuts as f64)),
    };
    canvas.text(&words, (MARGIN, y + 24), Align::Left, Type::STRONG)?;
    let mut ticks: Vec<i32> = timeline.cuts.iter().map(|at| layout.axis.x(*at)).collect();
    ticks.sort_unstable();
    ticks.dedup();
    ticks.iter().try_for_each(|x| canvas.line(&[(*x, y + 48), (*x, y + 74)], INK, 4))
}
