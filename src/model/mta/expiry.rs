//! Old mail: the delay notice and the bounce.
//!
//! Both are looked at only after an attempt that failed (a skipped one is an attempt, too), never by a
//! timer of their own. MODEL.md 4.8.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `warn_after` | 4 h | `Timeout.queuewarn`, sendmail 8.17 source (cf default) |
//! | `give_up_after` | 5 d | `Timeout.queuereturn`, sendmail 8.17 source |
//!
//! Left out: the notices as mail of their own.

use crate::units::Span;

/// What becomes of a message whose attempt has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It waits for the next run.
    Keep,
    /// It waits, and its sender gets a delay notice.
    Warn,
    /// It is returned to its sender.
    Bounce,
}

/// The verdict on a message of this age.
pub fn verdict(age: Span, warned: bool, warn_after: Span, give_up_after: Span) -> Verdict {
    if age >= give_up_after {
        Verdict::Bounce
    } else if age >= warn_after && !warned {
        Verdict::Warn
    } else {
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_notice_at_four_hours_and_a_bounce_at_five_days() {
        let at = |hours, warned| {
            verdict(Span::from_hours(hours), warned, Span::from_hours(4), Span::from_hours(120))
        };
        assert_eq!(at(3, false), Verdict::Keep);
        assert_eq!(at(4, false), Verdict::Warn);
        assert_eq!(at(119, true), Verdict::Keep);
        assert_eq!(at(120, true), Verdict::Bounce);
    }
}
