//! What every key of a sweep file is: for `explain` and for the schema. What the reader itself says of a key when
//! it refuses one stands in `read.rs`; a test holds the two together.

/// Everything there is to know about one key of a sweep file.
#[derive(Clone, Copy, Debug)]
pub struct SweepKey {
    /// Dotted path; `[]` stands for any entry of a list.
    pub path: &'static str,
    /// What it takes.
    pub accepts: &'static str,
    /// What holds without it; empty when it is needed or nothing does.
    pub default: &'static str,
    /// One sentence, or two.
    pub meaning: &'static str,
}

const fn key(
    path: &'static str,
    accepts: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> SweepKey {
    SweepKey { path, accepts, default, meaning }
}

/// The keys of a sweep file, in the order in which one is best written.
pub const ALL: &[SweepKey] = &[
    key("name", "one line of text", "the file's name", "What the sweep is called."),
    key("about", "a text", "", "What it asks, in a sentence or two."),
    key(
        "base",
        "the name of a scenario file, relative to this one, or a map as in a scenario",
        "",
        "The scenario that the values are put into. Its own `expect:` is not judged.",
    ),
    key(
        "vary",
        "a map such as { proofpoint.queue_runners: [2, 5, 10] }",
        "",
        "The settings that are combined, each with its values. `mailflow explain KEY` tells of each setting.",
    ),
    key(
        "design",
        "grid, one_at_a_time, list",
        "grid; list beside combinations",
        "How the values are combined: each with each of the others, the base and then each value alone, or as \
         listed under `combinations`.",
    ),
    key(
        "combinations",
        "a list of maps such as { proofpoint.queue_runners: 10 }",
        "",
        "The combinations one by one, in place of `vary`. What a map leaves out is as in the base.",
    ),
    key(
        "compare_with",
        "a map of keys that vary, each with one of its values",
        "",
        "The combination that all others are compared with, day by day under the same mail and the same luck.",
    ),
    key(
        "run",
        "a map as in a scenario; until may stand for repeats",
        "as in the base",
        "What overrides the base's `run:`, for all combinations.",
    ),
    key(
        "expect",
        "a list of texts such as \"p99 delay <= 5m\", or of { where: {..}, expect: [..] }",
        "[]",
        "What must come out of every combination, as METRIC OP VALUE; judged after the sweep.",
    ),
    key(
        "expect[].where",
        "a map of keys that vary, each with one of its values",
        "all combinations",
        "The combinations that the `expect` beside it is about: those with all of these values.",
    ),
    key(
        "expect[].expect",
        "a text such as \"p99 delay <= 5m\", or a list of them",
        "",
        "What must come out of the combinations that `where` names.",
    ),
    key(
        "find",
        "a map such as { key: proofpoint.queue_runners, smallest_with: p99 delay <= 5m, between: [1, 50] }",
        "",
        "In place of values: searches for the bound of one setting at which an expectation begins to hold.",
    ),
    key(
        "find.key",
        "a setting such as proofpoint.queue_runners",
        "",
        "The setting that is varied.",
    ),
    key(
        "find.smallest_with",
        "an expectation such as p99 delay <= 5m",
        "",
        "Searches for the smallest value with which it is met; this or `largest_with`.",
    ),
    key(
        "find.largest_with",
        "an expectation such as p99 delay <= 5m",
        "",
        "Searches for the largest value with which it is met; this or `smallest_with`.",
    ),
    key(
        "find.between",
        "two values, such as [1, 50]",
        "",
        "Where it searches, both ends included.",
    ),
    key(
        "find.within",
        "a step of the setting's own unit",
        "",
        "How closely the bound has to be known.",
    ),
];

/// The keys directly under `path`; the empty path is the top of the file.
pub fn children(path: &str) -> impl Iterator<Item = &'static SweepKey> {
    ALL.iter().filter(move |key| key.path.rsplit_once('.').map_or("", |(parent, _)| parent) == path)
}

impl SweepKey {
    /// The last part of the path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}
