//! Opening a connection: connect(), greeting, EHLO, STARTTLS.
//!
//! The addresses of a host are tried in order, the next one only when connect() itself fails; any later
//! failure (a reset, a 421 greeting, silence) ends the attempt on this host and marks it. MODEL.md 5.5.
//! Opening costs 3 round trips + `connect_time`. MODEL.md 7.4. A 421 greeting takes its `connect_time`, too:
//! the machine that refuses has been reached and has answered. \[LAB\] `maxconn_P-1` opened 321 connections
//! and skipped 767 tries; the model 317 and 831, and 273 and 880 if refusals took no time.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `timeouts.connect` | 127 s | Linux's connect(), DOMAIN.md section 6 |
//! | `timeouts.greeting` | 5 min | `Timeout.initial`, sendmail 8.17 source |
//!
//! Left out: the difference between a failed greeting, EHLO and STARTTLS - the sender treats them alike; DNS.

use crate::model::exchange::Greeting;
use crate::model::params::Timeouts;
use crate::units::Span;

/// How an attempt to open a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Time from the first connect() to the end of the attempt.
    pub takes: Span,
    /// Time from the first connect() until the last one succeeded.
    pub connected_after: Span,
    /// The front end that accepted the connection, if any did.
    pub front_end: Option<u32>,
    /// Addresses whose connect() failed or timed out before.
    pub refused: u32,
    /// What came of it.
    pub ending: SessionEnding,
}

/// What came of an attempt to open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnding {
    /// Ready for the first transaction.
    Ready,
    /// connect() was refused or timed out on every address.
    NotConnected,
    /// The connection was reset before the greeting.
    Reset,
    /// The greeting was a 421.
    Greeting421,
    /// No greeting came.
    TimedOut,
}

/// Walks through `addresses` in order; `greeting` says how each front end answers.
pub fn open(
    addresses: impl Iterator<Item = u32>,
    mut greeting: impl FnMut(u32) -> Greeting,
    round_trip: Span,
    connect_time: Span,
    timeouts: &Timeouts,
) -> Session {
    let mut takes = Span::ZERO;
    let mut refused = 0;
    for front_end in addresses {
        let answer = greeting(front_end);
        let connected_after = takes + round_trip;
        let (rest, ending) = match answer {
            Greeting::Refused | Greeting::NoAnswer => {
                let timed_out = answer == Greeting::NoAnswer;
                takes += if timed_out { timeouts.connect } else { round_trip };
                refused += 1;
                continue;
            }
            Greeting::Welcome => (round_trip * 2 + connect_time, SessionEnding::Ready),
            Greeting::Code421 => (round_trip + connect_time, SessionEnding::Greeting421),
            Greeting::Silence => (timeouts.greeting, SessionEnding::TimedOut),
            Greeting::Reset => (Span::ZERO, SessionEnding::Reset),
        };
        let takes = connected_after + rest;
        return Session { takes, connected_after, front_end: Some(front_end), refused, ending };
    }
    Session {
        takes,
        connected_after: takes,
        front_end: None,
        refused,
        ending: SessionEnding::NotConnected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Span = Span::from_millis(30);

    fn dial(answers: &[Greeting]) -> Session {
        let timeouts = Timeouts::default();
        let addresses = 0..answers.len() as u32;
        open(addresses, |a| answers[a as usize], RTT, Span::from_millis(40), &timeouts)
    }

    #[test]
    fn opening_takes_three_round_trips_and_the_connect_time() {
        let session = dial(&[Greeting::Welcome]);
        assert_eq!(session.takes, Span::from_millis(130));
        assert_eq!((session.front_end, session.ending), (Some(0), SessionEnding::Ready));
    }

    #[test]
    fn the_next_address_is_tried_only_when_connect_itself_fails() {
        let session = dial(&[Greeting::Refused, Greeting::Welcome]);
        assert_eq!((session.front_end, session.refused), (Some(1), 1));
        assert_eq!(session.takes, Span::from_millis(160));
        for (answer, ending) in [
            (Greeting::Code421, SessionEnding::Greeting421),
            (Greeting::Reset, SessionEnding::Reset),
            (Greeting::Silence, SessionEnding::TimedOut),
        ] {
            let session = dial(&[answer, Greeting::Welcome]);
            assert_eq!((session.front_end, session.ending), (Some(0), ending));
        }
    }

    #[test]
    fn a_refusal_by_421_takes_two_round_trips_and_the_connect_time() {
        assert_eq!(dial(&[Greeting::Code421]).takes, Span::from_millis(100));
        assert_eq!(dial(&[Greeting::Reset]).takes, Span::from_millis(30));
    }

    #[test]
    fn refused_everywhere_means_not_connected() {
        let session = dial(&[Greeting::Refused; 3]);
        assert_eq!(session.ending, SessionEnding::NotConnected);
        assert_eq!(session.takes, RTT * 3);
    }

    #[test]
    fn an_address_that_does_not_answer_holds_the_runner_until_connect_times_out() {
        let session = dial(&[Greeting::NoAnswer, Greeting::Welcome]);
        assert_eq!((session.front_end, session.refused), (Some(1), 1));
        assert_eq!(session.takes, Span::from_secs(127) + Span::from_millis(130));
        assert_eq!(dial(&[Greeting::NoAnswer; 2]).ending, SessionEnding::NotConnected);
    }

    #[test]
    fn a_silent_peer_holds_the_runner_until_its_timeout() {
        assert_eq!(dial(&[Greeting::Silence]).takes, Span::from_mins(5) + RTT);
    }
}
