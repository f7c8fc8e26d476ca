//! The table of ratios, in 80 columns.

use super::{AtMost, Cost, holds};
use std::fmt::Write as _;

/// One line for each cost: nanoseconds, how many retry loops that is, the limit and whether it holds.
pub(crate) fn text(all: &[Cost]) -> String {
    let mut text = format!(
        "{:<36} {:>8} {:>8}  {:<17} {}\n",
        "best of all turns", "ns", "x loop", "at most", "holds"
    );
    let retry_loop = all.get(1).map_or(f64::NAN, |cost| cost.nanos);
    for cost in all {
        let most = match cost.at_most {
            Some(AtMost::Draws(times)) => format!("{times} x the numbers"),
            Some(AtMost::Loops(times)) => format!("{times} x the loop"),
            Some(AtMost::Nanos(most)) => format!("{most} ns"),
            None => String::new(),
        };
        let holds = match holds(cost, all) {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let (ns, ratio) = (cost.nanos, cost.nanos / retry_loop);
        let line = format!("{:<36} {ns:>8.1} {ratio:>8.2}  {most:<17} {holds}", cost.what);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
