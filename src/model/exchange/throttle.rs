//! The throttle: so many messages per window of time, then 451 4.7.500 until the next window.
//!
//! Windows follow each other from the start of the run; a message counts when its command (RCPT or the
//! final dot) reaches the receiver and is not refused for another reason.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `throttle` | none | 451 4.7.500 is documented, its limits are not |
//!
//! Left out: limits by sender address or by volume; windows that slide.

use crate::model::params::Throttle;
use crate::units::SimTime;

/// Messages let through in the current window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    number: u64,
    accepted: u64,
}

impl Window {
    /// Whether one more message is let through at `now`; if so, it counts.
    pub fn admits(&mut self, throttle: &Throttle, now: SimTime) -> bool {
        let number = now.nanos() / throttle.per.nanos().max(1);
        if number != self.number {
            *self = Window { number, accepted: 0 };
        }
        let admits = self.accepted < throttle.messages;
        self.accepted += u64::from(admits);
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::SmtpPhase;
    use crate::units::Span;

    #[test]
    fn so_many_messages_per_window_and_no_more() {
        let throttle = Throttle {
            messages: 2,
            per: Span::from_secs(60),
            at: SmtpPhase::Dot,
            code: 451,
            reply: "451 4.7.500 Server busy".into(),
        };
        let mut window = Window::default();
        let schedule: Vec<bool> = [1, 20, 59, 60, 61, 62]
            .map(|s| window.admits(&throttle, SimTime::ZERO + Span::from_secs(s)))
            .into();
        assert_eq!(schedule, [true, true, false, true, true, false]);
    }
}
