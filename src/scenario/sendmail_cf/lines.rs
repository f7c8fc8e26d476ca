//! The lines of a `sendmail.cf`: continued lines joined, options by their long names, times in spans.

use crate::units::Span;

/// One line with those that continue it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number in the file, from 1: that of the first, if others continue it.
    pub(super) number: usize,
    /// Its text, without the line break.
    pub(super) text: String,
}

/// The lines that say something, in order. A line that begins with a blank continues the one before it, be
/// that a comment; lines may end as on Windows.
pub(super) fn logical(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let raw = raw.trim_end();
        match lines.last_mut() {
            Some(before) if raw.starts_with([' ', '\t']) => {
                before.text.push(' ');
                before.text.push_str(raw.trim_start());
            }
            // A blank line is continued by nothing but white space, and comments are dropped below.
            _ => lines.push(Line { number: index + 1, text: raw.to_owned() }),
        }
    }
    let says = |line: &Line| {
        let first = line.text.chars().next();
        first.is_some_and(|first| first != '#' && !first.is_whitespace())
    };
    lines.retain(says);
    lines
}

/// Why a file is no `sendmail.cf`, in a sentence; `None` if it looks like one.
pub(super) fn not_a_cf(bytes: &[u8], lines: &[Line]) -> Option<&'static str> {
    if bytes.contains(&0) {
        return Some("it is a binary file, or text in UTF-16");
    }
    if lines.is_empty() {
        return Some("it is empty, or holds nothing but comments");
    }
    const MACROS: [&str; 9] = [
        "define(",
        "divert(",
        "dnl",
        "include(",
        "undefine(",
        "FEATURE(",
        "MAILER(",
        "OSTYPE(",
        "VERSIONID(",
    ];
    if lines.iter().any(|line| MACROS.iter().any(|word| line.text.starts_with(word))) {
        return Some(
            "it looks like a sendmail.mc: give the sendmail.cf that m4 makes of it, \
             as a rule /etc/mail/sendmail.cf",
        );
    }
    let config = |line: &Line| {
        let text = line.text.as_str();
        let version = text.strip_prefix('V').and_then(|rest| rest.chars().next());
        version.is_some_and(|c| c.is_ascii_digit())
            || text.starts_with("O ") && text.contains('=')
            || text.starts_with('M') && text.contains(',') && text.contains("P=")
    };
    let none = "no line is one of a sendmail.cf: neither a version (V10/..), nor an option (O ..=..), \
                nor a mailer (M.., P=..)";
    (!lines.iter().any(config)).then_some(none)
}

/// Options of one letter, as old files have them, and their long names.
const LETTERS: [(char, &str); 13] = [
    ('c', "HoldExpensive"),
    ('C', "CheckpointInterval"),
    ('d', "DeliveryMode"),
    ('k', "ConnectionCacheSize"),
    ('K', "ConnectionCacheTimeout"),
    ('q', "QueueFactor"),
    ('r', "Timeout"),
    ('T', "QueueTimeout"),
    ('V', "FallbackMXhost"),
    ('x', "QueueLA"),
    ('y', "RecipientFactor"),
    ('z', "ClassFactor"),
    ('Z', "RetryFactor"),
];

/// The options that a line sets: names in small letters, as Sendmail does not mind their case, and values.
/// More than one where several timeouts stand on one line; none if it is no option.
pub(super) fn options(line: &Line) -> Vec<(String, String)> {
    let Some(rest) = line.text.strip_prefix('O') else { return Vec::new() };
    let (name, value) = if rest.starts_with([' ', '\t']) {
        let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
        (name.trim().to_ascii_lowercase(), value.trim())
    } else {
        let mut chars = rest.chars();
        let letter = chars.next();
        let long = LETTERS.iter().find(|(short, _)| Some(*short) == letter);
        // Further letters are options the model does not know.
        let name = long.map_or_else(|| "-".to_owned(), |(_, name)| name.to_ascii_lowercase());
        (name, chars.as_str().trim())
    };
    match name.as_str() {
        "timeout" => timeouts(value),
        "queuetimeout" => {
            let (give_up, warn) = value.split_once('/').unwrap_or((value, ""));
            let both = [("timeout.queuereturn", give_up), ("timeout.queuewarn", warn)];
            let given = both.into_iter().filter(|(_, value)| !value.trim().is_empty());
            given.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
        }
        _ => vec![(name, value.to_owned())],
    }
}

/// Several timeouts in one: `initial=5m,datafinal:10m`, or in the oldest way `1h`, which sets those of a
/// transaction.
fn timeouts(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            found.push(("timeout.datafinal".to_owned(), part.to_owned()));
        } else if let Some((name, value)) = part.split_once([':', '=']) {
            let name = format!("timeout.{}", name.trim().to_ascii_lowercase());
            found.push((name, value.trim().to_owned()));
        }
    }
    found
}

/// A time as Sendmail reads it: numbers with `w`, `d`, `h`, `m` or `s`, the last one in `unit` if it has
/// none. `None` if it is no time.
pub(super) fn time(text: &str, unit: char) -> Option<Span> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Some(Span::ZERO);
    }
    let (mut seconds, mut rest) = (0_u64, text);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        // Too many digits are a very long time; what is too long for a key is cut to its bounds.
        let count = match digits {
            "" => return None,
            _ => digits.parse::<u64>().unwrap_or(u64::MAX),
        };
        let mut letters = after.chars();
        let scale = match letters.next().unwrap_or(unit) {
            'w' => 604_800,
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        seconds = seconds.saturating_add(count.saturating_mul(scale));
        rest = letters.as_str();
    }
    // A hundred years: far above the bounds of every key, far below what a span can hold.
    Some(Span::from_secs(seconds.min(3_153_600_000)))
}

/// A flag as Sendmail reads it: nothing, or a word that begins like true or yes, is on.
pub(super) fn flag(text: &str) -> bool {
    text.is_empty() || text.starts_with(['t', 'T', 'y', 'Y', '1'])
}

/// The fields of a mailer or a queue group: its name, then letter and value of each `Name=value`, of whose
/// name the first letter counts. A backslash keeps a comma.
pub(super) fn fields(text: &str) -> (String, Vec<(char, String)>) {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(['\\'].into_iter().chain(chars.next())),
            (_, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    let name = parts.first().map_or("", |part| part.trim()).to_owned();
    let field = |part: &String| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim().chars().next()?, value.trim().to_owned()))
    };
    (name, parts.iter().skip(1).filter_map(field).collect())
}
