//! Reports: pure functions of stored results. Nothing here simulates, reads a file or knows a clock.

mod answer;
mod backcast;
pub mod charts;
mod combinations;
mod diagnosis;
mod difference;
pub mod explain;
mod found;
mod html;
mod human;
mod junit;
mod metrics;
mod parts;
mod perfetto;
mod qshape;
mod story;
mod style;
mod table;
mod trust;
mod validation;
mod worlds;

pub use answer::{Answer, answer, recommended};
pub use backcast::{backcast, with_backcast};
pub use combinations::{
    combinations_csv, combinations_markdown, combinations_page, effects_csv, sweeps_markdown,
    sweeps_page, table as combinations_table,
};
pub use diagnosis::{
    DiagnosisPage, diagnosis_charts, diagnosis_csv, diagnosis_html, diagnosis_json,
    diagnosis_markdown, diagnosis_page, diagnosis_verdict, host_status_page,
};
pub use difference::{Comparison, Side, verdict_words};
pub use found::{found_answer, found_markdown, found_page};
pub use html::{Document, WorldsDocument, html, worlds_html};
pub use human::{duration, estimate, number, quantity, share};
pub use junit::junit;
pub use metrics::{csv, markdown};
pub use perfetto::Perfetto;
pub use qshape::{QueueShape, qshape, qshape_csv, qshape_json, qshape_markdown};
pub use story::{Place, clock, story};
pub use style::Style;
pub use table::{Page, comparison, page, verdicts};
pub use trust::trust;
pub use validation::{validation_csv, validation_json, validation_markdown, validation_page};
pub use worlds::{WorldsPage, worlds_csv, worlds_json, worlds_markdown, worlds_page};

use crate::experiment::Results;

fn files_written(files: &[String], style: Style) -> String {
    let mut out = String::new();
    table::written(&mut out, files, style);
    out
}

/// Results as the JSON of INTERFACE section 2: one object for one scenario, an array for several.
pub fn json(results: &[&Results]) -> String {
    let text = match results {
        [one] => serde_json::to_string_pretty(one),
        several => serde_json::to_string_pretty(several),
    };
    // Results are plain maps, lists, texts and numbers; writing them to memory cannot fail.
    text.unwrap_or_default() + "\n"
}
