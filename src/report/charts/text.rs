//! Words in a picture: made harmless, cut to the room there is, and measured without a font.

/// Cleans text that a user wrote: characters that XML forbids and marks that reorder or hide their
/// neighbours are dropped, white space becomes one blank. Escaping is the SVG writer's.
pub(in crate::report) fn clean(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let kept: String = kept.chars().filter(|c| !is_hidden(*c)).collect();
    kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{e000}' | '\u{e001}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Escapes text for the body of an XML element.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

/// Width of a text in pixels, rather too wide than too narrow.
///
/// The reader's machine chooses the font, so no measure can be exact. This one uses the widths of
/// Helvetica (Arial and Liberation Sans share them) and adds a tenth for wider substitutes.
pub(super) fn width(text: &str, size: i32, bold: bool) -> i32 {
    let thousandths: u32 = text.chars().map(advance).sum();
    let allowance = if bold { 1.18 } else { 1.10 };
    (f64::from(thousandths) / 1000.0 * f64::from(size) * allowance).ceil() as i32
}

/// Thousandths of the font size that one character takes.
fn advance(c: char) -> u32 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' => 240,
        '!' | ',' | '.' | ':' | ';' | ' ' | '/' | 'I' | 'f' | 't' => 280,
        '(' | ')' | '[' | ']' | '{' | '}' | '-' | 'r' | '`' | '"' => 340,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' | 'J' | '*' | '^' => 510,
        'm' | 'M' | '%' | 'w' => 850,
        'W' | '@' => 1000,
        'G' | 'O' | 'Q' => 780,
        'A'..='Z' | '&' => 700,
        c if c.is_ascii() => 570,
        // Scripts whose letters fill a square, and emoji.
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'.. => 1050,
        _ => 620,
    }
}

/// The text cut to at most `room` pixels, with an ellipsis where something is missing.
pub(super) fn fit(text: &str, room: i32, size: i32, bold: bool) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size, bold) + size > room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// The text at the first of these sizes at which it fits, and that size; at the last one cut if need be.
pub(super) fn shrunk(text: &str, room: i32, sizes: [i32; 2], bold: bool) -> (String, i32) {
    let [usual, least] = sizes;
    let size = if width(text, usual, bold) <= room { usual } else { least };
    (fit(text, room, size, bold), size)
}

/// The text broken into at most `lines` lines of at most `room` pixels; the last one is cut if need be.
pub(super) fn wrap(text: &str, room: i32, size: i32, lines: usize) -> Vec<String> {
    let mut broken: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let line = broken.last().map_or("", String::as_str);
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        let full = broken.len() == lines || line.is_empty();
        if full || width(&longer, size, false) <= room {
            broken.pop();
            broken.push(longer);
        } else {
            broken.push(word.to_owned());
        }
    }
    broken.iter().map(|line| fit(line, room, size, false)).collect()
}

/// A delay as people say it, to two digits: `0.3 s`, `49 min`, `6.6 h`, `3.2 d`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds.is_nan() {
        return "–".to_owned();
    }
    if seconds.is_infinite() {
        return "never".to_owned();
    }
    match seconds {
        s if s <= 0.0 => "0 s".to_owned(),
        s if s < 0.095 => format!("{} ms", two_digits(s * 1e3)),
        s if s < 59.5 => format!("{} s", two_digits(s)),
        s if s < 59.5 * 60.0 => format!("{} min", two_digits(s / 60.0)),
        s if s < 47.5 * 3600.0 => format!("{} h", two_digits(s / 3600.0)),
        s => format!("{} d", two_digits(s / 86_400.0)),
    }
}

fn two_digits(value: f64) -> String {
    let digits = match value {
        v if v < 0.995 => 2,
        v if v < 9.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share as people say it: `48 %`, `0.3 %`, and never `0 %` or `100 %` for what is not.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p <= 0.0 => "0 %".to_owned(),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p if p > 99.9 && p < 100.0 => "> 99.9 %".to_owned(),
        p if !(10.0..=90.0).contains(&p) => {
            format!("{} %", format!("{p:.1}").trim_end_matches('0').trim_end_matches('.'))
        }
        p => format!("{p:.0} %"),
    }
}

/// A count with its thousands apart: `12,500`; fractions only below ten.
pub(super) fn count(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_said_in_two_digits_and_the_unit_people_use() {
        let said: Vec<String> =
            [0.0, 0.012, 0.3, 6.0, 12.4, 59.0, 60.0, 2940.0, 3600.0, 23_760.0, 86_400.0, 280_000.0]
                .map(duration)
                .to_vec();
        let want = "0 s|12 ms|0.3 s|6 s|12 s|59 s|1 min|49 min|1 h|6.6 h|24 h|3.2 d";
        assert_eq!(said.join("|"), want);
        assert_eq!((duration(f64::NAN), duration(f64::INFINITY)), ("–".into(), "never".into()));
    }

    #[test]
    fn a_share_that_is_not_all_or_nothing_is_never_rounded_to_it() {
        let said = [0.0, 0.0001, 0.003, 0.05, 0.48, 0.995, 0.99999, 1.0].map(percent).join("|");
        assert_eq!(said, "0 %|< 0.1 %|0.3 %|5 %|48 %|99.5 %|> 99.9 %|100 %");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(
            [0.0, 0.25, 999.0, 1000.0, 1_250_000.0].map(count).join(" "),
            "0 0.25 999 1,000 1,250,000"
        );
    }

    #[test]
    fn a_long_name_is_cut_to_the_room_there_is() {
        let long = "m".repeat(300);
        let cut = fit(&long, 400, 30, true);
        assert!(cut.ends_with('…') && width(&cut, 30, true) <= 400, "{cut}");
        assert_eq!(fit("short", 400, 30, true), "short");
    }

    #[test]
    fn characters_that_xml_forbids_and_hidden_marks_are_dropped() {
        assert_eq!(clean("a\u{0}b\u{202e}c\n\t d\u{ffff}"), "abc d");
    }

    #[test]
    fn a_line_breaks_between_words_and_the_last_one_is_cut() {
        let lines = wrap("one two three four five six seven", 150, 30, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| width(line, 30, false) <= 150), "{lines:?}");
    }
}
