//! `mailflow explain [KEY or UI LABEL]`: what a key or a metric is.

use super::Exit;
use super::args::{ExplainArgs, Format};
use super::output::print;
use crate::report::Style;
use crate::report::explain::{self, Topic};
use crate::scenario::keys;
use crate::scenario::sweep::keys as sweep;

/// Runs the command.
pub(super) fn explain(args: &ExplainArgs) -> u8 {
    let style = Style { colour: args.color.applies() };
    let asked = args.name.join(" ");
    let topics = if args.name.is_empty() {
        keys::all().map(Topic::Key).chain(sweep::ALL.iter().map(Topic::Sweep)).collect()
    } else {
        match explain::find(&asked) {
            Ok(topics) => topics,
            Err(nearest) => {
                eprintln!("error: {}", unknown(&asked, &nearest));
                return Exit::BadInput.code();
            }
        }
    };
    let text = match args.format {
        Format::Json => explain::as_json(&topics),
        Format::Md => explain::as_markdown(&topics),
        Format::Csv => explain::as_csv(&topics),
        Format::Table if args.name.is_empty() => explain::list(style),
        Format::Table => explain::pages(&topics, style),
    };
    super::output::printed(print(&text)).code()
}

fn unknown(asked: &str, nearest: &[String]) -> String {
    let meant = match nearest {
        [] => String::new(),
        names => format!(" Did you mean {}?", names.join(" or ")),
    };
    format!("`{asked}` is no key, label, option or metric.{meant} All keys: mailflow explain")
}
