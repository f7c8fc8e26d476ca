//! `smtp.log`: each attempt with the number of the try and the time since the last one, and each connection.
//!
//! It shows the article's second sign: a message that is retried only long after the retry interval.

use super::line::{self, Told, Took};
use crate::model::connection::Closed;
use crate::units::Span;

/// A connection to `address` of `host` was opened.
pub(super) fn opened(host: &str, address: &str) -> String {
    format!("connected to {} [{address}]", host)
}

/// A connection has ended.
pub(super) fn closed(reason: Closed, open_for: Span, carried: u32) -> String {
    let reason = match reason {
        Closed::Quit => "QUIT",
        Closed::CutByReset => "connection reset by peer",
        Closed::CutBy421 => "421 by peer",
        Closed::Outage => "connection reset by peer, host down",
        Closed::IdleTimeout => "idle timeout of peer",
        Closed::TimedOut => "no reply",
        Closed::Refused421 => "closed by peer after a refusal",
        Closed::ResetAtGreeting => "connection reset by peer before the greeting",
        Closed::SessionFailed => "not greeted",
    };
    let open_for = line::clock(open_for.nanos() / 1_000_000_000);
    format!("connection ended: open={open_for}, messages={carried}, reason={reason}")
}

/// Try number `tries`, so many seconds after the last one.
pub(super) fn attempt(
    id: &str,
    (tries, since): (u32, Option<u64>),
    took: Took,
    told: &Told,
) -> String {
    let since = since.map_or(String::new(), |s| format!(", since_last={}", line::clock(s)));
    let (delay, xdelay) = (line::clock(took.delay), line::clock(took.xdelay));
    let (relay, dsn, outcome) = (&told.relay, &told.dsn, line::outcome(told));
    format!(
        "{id}: ntries={tries}{since}, delay={delay}, xdelay={xdelay}, relay={relay}, dsn={dsn}{outcome}"
    )
}
