//! What every key is: the one table from which the reader, `explain`, the schema and the commented
//! scenario of `init` are made, so that none of them can drift from the others.
//!
//! Each element's file holds its own part of the table. Paths are dotted; `[]` stands for any entry of a
//! list. Shapes (`lognormal`, `fixed`, ..) are listed once, under `shape`, for all keys that take one.

use super::assumption::Range;
use super::{
    changes, destinations, exchange_online, mail, network, proofpoint, run, shape, trouble, windows,
};
use crate::units::{ByteSize, Span};

/// Everything there is to know about one key.
#[derive(Clone, Copy, Debug)]
pub struct KeyDoc {
    /// Dotted path: `proofpoint.retry_interval`, `mail.bursts[].at`, `shape.lognormal.median`.
    pub path: &'static str,
    /// What it takes, with bounds.
    pub kind: Kind,
    /// The default as it would be written; empty when there is none.
    pub default: &'static str,
    /// One sentence.
    pub meaning: &'static str,
    /// Where the default comes from.
    pub source: Source,
    /// What is to be known of the default. May be empty.
    pub remark: &'static str,
    /// The values a real system may have, from which `--vary-assumptions` draws.
    pub range: Option<Range>,
    /// Of an assumption without a range: why it is not varied.
    pub kept: &'static str,
    /// What Proofpoint's pages or the article on them call it, where that is known.
    pub label: Option<&'static str>,
    /// Sendmail's own name for it.
    pub sendmail: Option<&'static str>,
    /// The key and value beside which alone this key has a meaning.
    pub beside: Option<(&'static str, &'static str)>,
}

/// Where a default comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A choice about the experiment or the site, not a claim about a product.
    Choice,
    /// Microsoft, "Configure Proofpoint Email Protection to work with Exchange Online", 2020-10-22.
    Microsoft,
    /// The source code and configuration of sendmail 8.17.
    Sendmail,
    /// Another public document; the remark names it.
    Document,
    /// An assumption.
    Assumed,
}

impl Source {
    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Source::Choice => "your choice",
            Source::Microsoft => "Microsoft 2020-10-22",
            Source::Sendmail => "sendmail 8.17 source",
            Source::Document => "public documents",
            Source::Assumed => "assumed",
        }
    }
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Further keys.
    Section,
    /// Further keys, of which exactly one is given; or one of these words alone.
    OneOf(&'static [&'static str]),
    /// A list of maps; their keys are listed under `path[]`.
    List,
    /// A list of texts.
    Texts,
    /// Any text.
    Text,
    /// `on` or `off`.
    Flag,
    /// A whole number.
    Whole {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A whole number or `unlimited`.
    WholeOrUnlimited {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A decimal number.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// A percentage.
    Share,
    /// A duration.
    Span {
        /// Shortest.
        min: Span,
        /// Longest.
        max: Span,
    },
    /// A duration or `unlimited`.
    SpanOrUnlimited {
        /// Shortest.
        min: Span,
        /// Longest.
        max: Span,
    },
    /// Events per time, more than zero.
    Rate,
    /// A bandwidth or `unlimited`.
    Bandwidth,
    /// A bandwidth.
    Limited,
    /// A time of day, a weekday and a time, or a span from the start.
    Instant,
    /// `none`, or further keys.
    Optional,
    /// Dotted keys of the scenario with values.
    Settings,
    /// Names of one's own, each with `FROM-UNTIL`.
    Windows,
    /// A time of day.
    TimeOfDay,
    /// A weekday and a time.
    WeekTime,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A shape of sizes, or of durations.
    Shape(ShapeOf),
    /// A value of the shape's own unit.
    ShapeValue,
    /// `business_day` or 24 weights.
    Profile,
    /// The name of a CSV file, relative to the scenario.
    File,
    /// A reply of the server that begins with its code, 400 to 499.
    Reply,
}

/// What a shape is a distribution of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeOf {
    /// Sizes in bytes.
    Bytes,
    /// Durations.
    Seconds,
}

impl ShapeOf {
    /// Largest value of a shape of sizes: 10 GB.
    pub(super) const LARGEST: ByteSize = ByteSize(10_000_000_000);
    /// Longest value of a shape of durations.
    pub(super) const LONGEST: Span = Span::from_hours(24);

    pub(super) fn accepts(self) -> &'static str {
        match self {
            ShapeOf::Bytes => "a size such as 18 KB or 36 MB, at most 10 GB",
            ShapeOf::Seconds => "a duration such as 300ms or 2s, at most 1d",
        }
    }
}

impl KeyDoc {
    /// A key with its path, kind, default and meaning; a choice of the user unless said otherwise.
    pub(super) const fn new(
        path: &'static str,
        kind: Kind,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        KeyDoc {
            path,
            kind,
            default,
            meaning,
            source: Source::Choice,
            remark: "",
            range: None,
            kept: "",
            label: None,
            sendmail: None,
            beside: None,
        }
    }

    /// With the source of the default and a remark.
    pub(super) const fn from(self, source: Source, remark: &'static str) -> Self {
        KeyDoc { source, remark, ..self }
    }

    /// An assumption with the values a real system may have, and a remark.
    pub(super) const fn assumed(self, range: Range, remark: &'static str) -> Self {
        KeyDoc { range: Some(range), ..self.from(Source::Assumed, remark) }
    }

    /// An assumption that is not varied, for the reason given; the remark tells what real systems have.
    pub(super) const fn kept(self, remark: &'static str, why: &'static str) -> Self {
        KeyDoc { kept: why, ..self.from(Source::Assumed, remark) }
    }

    /// A default that is documented, but not so surely that other values could be ruled out.
    pub(super) const fn doubted(self, range: Range) -> Self {
        KeyDoc { range: Some(range), ..self }
    }

    /// The values a real system may have and what else is to be known of the default. May be empty.
    pub fn plausible(&self) -> String {
        let range = self.range.map(|range| range.words()).unwrap_or_default();
        let gap = if range.is_empty() || self.remark.is_empty() { "" } else { "; " };
        format!("{range}{gap}{}", self.remark)
    }

    /// With what Proofpoint calls it.
    pub(super) const fn label(self, label: &'static str) -> Self {
        KeyDoc { label: Some(label), ..self }
    }

    /// With Sendmail's name for it.
    pub(super) const fn sendmail(self, option: &'static str) -> Self {
        KeyDoc { sendmail: Some(option), ..self }
    }

    /// Only meaningful beside `key: value`.
    pub(super) const fn beside(self, key: &'static str, value: &'static str) -> Self {
        KeyDoc { beside: Some((key, value)), ..self }
    }

    /// The last part of the path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path without its last part.
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    /// What it takes, in words.
    pub fn accepts(&self) -> String {
        match self.kind {
            Kind::Section => format!("a map of {}", names(self.path)),
            Kind::OneOf(words) if children(self.path).count() == 1 => {
                let inner = children(self.path).map(KeyDoc::name).collect::<String>();
                format!("{}, or {{ {inner}: 8 }}", words.join(", "))
            }
            Kind::OneOf(words) => {
                let words: String = words.iter().map(|word| format!("{word}, or ")).collect();
                format!("{words}exactly one of {}", names(self.path))
            }
            Kind::List => format!("a list of maps of {}", names(&format!("{}[]", self.path))),
            Kind::Texts => "a list of texts such as \"p99 delay <= 5m\"".to_owned(),
            Kind::Text => "a text".to_owned(),
            Kind::Flag => "on or off".to_owned(),
            Kind::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Kind::WholeOrUnlimited { min, max } => {
                format!("unlimited, or a whole number from {min} to {max}")
            }
            Kind::Number { min, max } => format!("a number from {min} to {max}"),
            Kind::Share => "a share such as 20% or 0.1%, from 0% to 100%".to_owned(),
            Kind::Span { min, max } => span_words(min, max),
            Kind::SpanOrUnlimited { min, max } => format!("unlimited, or {}", span_words(min, max)),
            Kind::Rate => "a rate such as 104/min, more than 0, per s, min, h or day".to_owned(),
            Kind::Bandwidth => "unlimited, or a bandwidth such as 20 Mbit/s".to_owned(),
            Kind::Limited => "a bandwidth such as 20 Mbit/s".to_owned(),
            Kind::Instant => {
                "a time of day such as 09:30, or a span from the start such as 90m".to_owned()
            }
            Kind::Optional => format!("none, or a map of {}", names(self.path)),
            Kind::Settings => {
                "a map of dotted keys such as { proofpoint.queue_runners: 10 }".to_owned()
            }
            Kind::Windows => "a map such as { before: 09:00-12:00, after: 12:00-17:00 }".to_owned(),
            Kind::TimeOfDay => "a time of day such as 09:30".to_owned(),
            Kind::WeekTime => "a weekday and a time such as Mon 00:00".to_owned(),
            Kind::Choice(words) => words.join(", "),
            Kind::Shape(_) => format!("exactly one of {}", names("shape")),
            Kind::ShapeValue => "a duration or a size".to_owned(),
            Kind::Profile => "business_day, or a list of 24 weights, one per hour".to_owned(),
            Kind::File => "the name of a CSV file, relative to the scenario".to_owned(),
            Kind::Reply => "a reply from 400 to 499 such as \"451 4.7.500 Server busy\"".to_owned(),
        }
    }
}

fn span_words(min: Span, max: Span) -> String {
    format!("a duration such as 30s, 20m or 1h 30m, from {} to {}", short(min), short(max))
}

/// A span in its largest whole unit: `90m`, `5d`, `1s`.
pub(super) fn short(span: Span) -> String {
    const UNITS: [(u64, &str); 5] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
    ];
    let nanos = span.nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let whole = UNITS.iter().find(|(unit, _)| nanos.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{nanos}ns"), |(unit, name)| format!("{}{name}", nanos / unit))
}

const TOP: &[KeyDoc] = &[
    KeyDoc::new("name", Kind::Text, "", "What the scenario is called; else the file's name."),
    KeyDoc::new("about", Kind::Text, "", "What it shows, in a sentence or two."),
    KeyDoc::new(
        "expect",
        Kind::Texts,
        "[]",
        "What must come out, as METRIC OP VALUE; judged after the run.",
    ),
];

/// Every key, in the order in which a scenario is best written.
pub fn all() -> impl Iterator<Item = &'static KeyDoc> {
    let (first, last) = TOP.split_at(2);
    let elements = [
        first,
        run::KEYS,
        mail::KEYS,
        proofpoint::KEYS,
        exchange_online::KEYS,
        trouble::KEYS,
        destinations::KEYS,
        network::KEYS,
        changes::KEYS,
        windows::KEYS,
        last,
        shape::KEYS,
    ];
    elements.into_iter().flatten()
}

/// The key at a path of the table.
pub fn find(path: &str) -> Option<&'static KeyDoc> {
    all().find(|doc| doc.path == path)
}

/// The keys directly under a path of the table; the empty path is the top of the file.
pub fn children(path: &str) -> impl Iterator<Item = &'static KeyDoc> {
    // Shapes are a table of their own, not a key of the file.
    all().filter(move |doc| doc.parent() == path && doc.path != "shape")
}

/// The names of the keys directly under a path, as a list in words.
pub(super) fn names(path: &str) -> String {
    children(path).map(KeyDoc::name).collect::<Vec<_>>().join(", ")
}
