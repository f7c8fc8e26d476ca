//! What delays are made of: a bar for each scenario or combination, cut into the causes of waiting.

use super::ChartError;
use super::axis::round_steps;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, TEXT, Type, WIDTH};
use super::palette::{GREY, GRID};
use super::text;
use crate::measure::Waits;
use crate::report::human;
use plotters::style::{BLACK, RGBColor, WHITE};

/// Most bars of one picture.
pub const MOST_BARS: usize = 40;
const ROW: i32 = 74;
const BAR: i32 = 48;
const LABEL: i32 = 560;
const WORDS: i32 = 210;
/// Narrower pieces hold no figure.
const FIGURE: i32 = 30;

/// One bar: seconds by cause for the mean message.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Of what.
    pub label: String,
    /// The mean wait of a message, by cause.
    pub waits: Waits,
}

/// A cause: its words, how it is painted, what is written on it.
struct Cause {
    words: &'static str,
    colour: RGBColor,
    ink: RGBColor,
    of: fn(&Waits) -> f64,
}

/// In the order in which a message may meet them. Figures on the pieces name them without colour.
const CAUSES: [Cause; 7] = [
    Cause {
        words: "waiting for a queue run",
        colour: RGBColor(0x56, 0xb4, 0xe9),
        ink: BLACK,
        of: |w| w.run,
    },
    Cause {
        words: "waiting for its turn in the run",
        colour: RGBColor(0x00, 0x72, 0xb2),
        ink: WHITE,
        of: |w| w.turn,
    },
    Cause {
        words: "skipped because of HostStat",
        colour: RGBColor(0xd5, 0x5e, 0x00),
        ink: BLACK,
        of: |w| w.host_stat,
    },
    Cause {
        words: "skipped by the process's memory",
        colour: RGBColor(0xe6, 0x9f, 0x00),
        ink: BLACK,
        of: |w| w.process_memory,
    },
    Cause {
        words: "skipped: host locked",
        colour: RGBColor(0xf0, 0xe4, 0x42),
        ink: BLACK,
        of: |w| w.host_locked,
    },
    Cause {
        words: "waiting for the retry",
        colour: RGBColor(0xcc, 0x79, 0xa7),
        ink: BLACK,
        of: |w| w.retry,
    },
    Cause {
        words: "connecting and transfer",
        colour: RGBColor(0x00, 0x9e, 0x73),
        ink: BLACK,
        of: |w| w.attempt,
    },
];

/// Draws the bars, in their order.
///
/// # Errors
/// [`ChartError::Rows`] without a bar or with more than [`MOST_BARS`].
pub fn breakdown(title: &str, how_to_read: &str, bars: &[Bar]) -> Result<String, ChartError> {
    if bars.is_empty() || bars.len() > MOST_BARS {
        return Err(ChartError::Rows(bars.len()));
    }
    let lines =
        text::wrap(&text::clean(how_to_read), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES).len() as i32;
    let used: Vec<usize> = (0..CAUSES.len())
        .filter(|cause| bars.iter().any(|bar| (CAUSES[*cause].of)(&bar.waits) > 0.0))
        .collect();
    let legend = 136 + 40 * lines;
    let top = legend + 50 * used.len().div_ceil(3) as i32 + 50;
    let bottom = top + ROW * bars.len() as i32;
    let area = Area { left: MARGIN + LABEL, top, right: WIDTH - MARGIN - WORDS, bottom };
    let peak = bars.iter().map(|bar| bar.waits.total()).fold(0.0, f64::max);
    canvas::picture(bottom + 110, title, &describe(how_to_read, bars), |canvas| {
        canvas.heading(title, how_to_read)?;
        draw_legend(canvas, &used, legend)?;
        let scale = draw_axis(canvas, peak, area)?;
        for (number, bar) in bars.iter().enumerate() {
            canvas.part(number, &said(bar), || {
                draw_bar(canvas, bar, scale, area, top + ROW * number as i32)
            })?;
        }
        Ok(())
    })
}

fn draw_legend(canvas: &Canvas, used: &[usize], top: i32) -> Result<(), ChartError> {
    let column = (WIDTH - 2 * MARGIN) / 3;
    for (place, cause) in used.iter().enumerate() {
        let x = MARGIN + column * (place as i32 % 3);
        let y = top + 50 * (place as i32 / 3);
        let Cause { words, colour, ink, .. } = &CAUSES[*cause];
        canvas.fill(Area { left: x, top: y - 19, right: x + 38, bottom: y + 19 }, *colour, 1.0)?;
        let figure = Type { size: 28, bold: true, color: *ink };
        canvas.text(&(cause + 1).to_string(), (x + 19, y), Align::Middle, figure)?;
        canvas.text(words, (x + 52, y), Align::Left, Type::PLAIN)?;
    }
    Ok(())
}

/// Gives the pixels of a second.
fn draw_axis(canvas: &Canvas, peak: f64, area: Area) -> Result<f64, ChartError> {
    let Area { left, top, right, bottom } = area;
    // Beyond a screen the scale below is out of sight.
    let long = bottom - top > ROW * 12;
    let (step, count) = time_steps(peak);
    let scale = f64::from(right - left) / (step * f64::from(count));
    for number in 0..=count {
        let seconds = step * f64::from(number);
        let x = left + (seconds * scale).round() as i32;
        canvas.line(&[(x, top - 8), (x, bottom)], GRID, 2)?;
        let words = tick(seconds);
        canvas.text(&words, (x, bottom + 34), Align::Middle, Type::QUIET)?;
        if long {
            canvas.text(&words, (x, top - 30), Align::Middle, Type::QUIET)?;
        }
    }
    canvas.line(&[(left, top - 8), (left, bottom)], GREY, 3)?;
    let middle = (left + right) / 2;
    canvas.text("delay of the mean message", (middle, bottom + 80), Align::Middle, Type::QUIET)?;
    Ok(scale)
}

/// `0`, `200 ms`, `45m`, `1h 15m`, `2d`: whole units, as many as it takes.
fn tick(seconds: f64) -> String {
    if seconds <= 0.0 {
        return "0".to_owned();
    }
    if seconds.fract() != 0.0 {
        return human::duration(seconds);
    }
    let mut left = seconds as u64;
    let mut words = Vec::new();
    for (length, unit) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] {
        if left >= length {
            words.push(format!("{}{unit}", left / length));
            left %= length;
        }
    }
    words.join(" ")
}

/// Steps that people count time in, at most six of them up to `peak`.
fn time_steps(peak: f64) -> (f64, u32) {
    const STEPS: [f64; 16] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
        21_600.0, 43_200.0,
    ];
    let fits = |step: &f64| peak > 1.0 && peak / step <= 6.0;
    match STEPS.into_iter().find(fits) {
        Some(step) => (step, ((peak / step).ceil() as u32).max(1)),
        // Less than a second, or weeks.
        None if peak <= 1.0 => round_steps(peak, 5),
        None => {
            let (days, count) = round_steps(peak / 86_400.0, 5);
            (days * 86_400.0, count)
        }
    }
}

fn draw_bar(
    canvas: &Canvas,
    bar: &Bar,
    scale: f64,
    area: Area,
    top: i32,
) -> Result<(), ChartError> {
    let y = top + ROW / 2;
    let label = text::fit(&text::clean(&bar.label), LABEL - 30, TEXT, false);
    canvas.text(&label, (area.left - 20, y), Align::Right, Type::PLAIN)?;
    let (mut before, mut right) = (0.0, area.left);
    for (number, cause) in CAUSES.iter().enumerate() {
        let seconds = (cause.of)(&bar.waits);
        if seconds.is_nan() || seconds <= 0.0 {
            continue;
        }
        let left = area.left + (before * scale).round() as i32;
        before += seconds;
        right = area.left + (before * scale).round() as i32;
        // A seam between pieces, where there is room for one.
        let seam = if right - left > 8 { 2 } else { 0 };
        let piece = Area { left, top: y - BAR / 2, right: right - seam, bottom: y + BAR / 2 };
        canvas.fill(piece, cause.colour, 1.0)?;
        if right - left >= FIGURE {
            let figure = Type { size: 28, bold: true, color: cause.ink };
            let words = (number + 1).to_string();
            canvas.text(&words, ((left + right - seam) / 2, y), Align::Middle, figure)?;
        }
    }
    let total = human::duration(bar.waits.total());
    canvas.text(&total, (right + 16, y), Align::Left, Type::STRONG)
}

/// The picture in words: every piece of every bar.
fn describe(how_to_read: &str, bars: &[Bar]) -> String {
    bars.iter().fold(how_to_read.to_owned(), |out, bar| out + " " + &said(bar))
}

/// A bar in words.
fn said(bar: &Bar) -> String {
    let pieces = CAUSES.iter().map(|cause| (cause.words, (cause.of)(&bar.waits)));
    let pieces: Vec<String> = pieces
        .filter(|(_, seconds)| *seconds > 0.0)
        .map(|(words, seconds)| format!("{words} {}", human::duration(seconds)))
        .collect();
    format!("{}: {}.", bar.label, pieces.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::charts::heatmap::contrast;

    #[test]
    fn figures_stand_out_from_their_piece() {
        for Cause { words, colour, ink, .. } in CAUSES {
            assert!(contrast(colour, ink) >= 4.5, "{words}: {:.2}", contrast(colour, ink));
        }
    }

    #[test]
    fn ticks_are_said_in_whole_units() {
        let ticks = [0.0, 0.2, 45.0, 900.0, 4500.0, 5400.0, 172_800.0].map(tick).join("|");
        assert_eq!(ticks, "0|200 ms|45s|15m|1h 15m|1h 30m|2d");
    }

    #[test]
    fn causes_that_never_occur_are_not_explained() {
        let waits = Waits { run: 60.0, host_stat: 1800.0, attempt: 0.4, ..Waits::default() };
        let bar = |label: &str, waits| Bar { label: label.to_owned(), waits };
        let bars = [bar("as it is", waits), bar("nothing waits", Waits::default())];
        let svg = breakdown("Why mail waits", "Read it.", &bars).expect("drawn");
        assert!(svg.contains("skipped because of HostStat") && !svg.contains("host locked"));
        assert!(svg.contains("31m 00s"), "the sum stands beside the bar");
        assert_eq!(breakdown("", "", &[]), Err(ChartError::Rows(0)));
    }
}
