//! Why an attempt came to nothing, in Sendmail's words.
//!
//! | what happened | `dsn=` | `reply=` | `stat=` | a later skip, style `sendmail` |
//! |---|---|---|---|---|
//! | connect() refused or timed out | 4.4.1 | - | `Deferred: Connection refused by HOST` | the same |
//! | reset or silence after that | 4.4.2 | - | `Deferred: Connection reset by HOST` | the same |
//! | 421 as greeting | 4.5.0 | yes | `Deferred: 421 ...` | 4.5.0, a bare `Deferred` |
//! | 4xx to a command or the dot | that of the reply | yes | `Deferred: 451 ...` | its dsn, a bare `Deferred` |
//!
//! Source: DOMAIN.md 1.3, 1.5; the recorded logs.

use crate::model::connection::Closed;
use crate::model::connection::transaction::{Ending, Hangup};
use crate::model::params::{Deferral, Receiver, SmtpPhase};

/// What Exchange Online says when a connection has lived its time.
const LIFETIME_OVER: &str = "421 4.4.1 Connection timed out. Total session duration exceeded";
/// What it says to one connection too many.
const TOO_MANY: &str = "421 4.3.2 The maximum number of concurrent connections has exceeded a \
                        limit, closing transmission channel";
const NOT_AVAILABLE: &str = "421 4.3.2 Service not available, closing transmission channel";

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// No address let us connect.
    NotConnected(Errno),
    /// The connection was lost.
    Lost(Errno),
    /// The receiver said so.
    Reply {
        /// The whole reply.
        text: String,
        /// The status that is stored with it.
        dsn: String,
    },
}

/// What the system said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errno {
    Refused,
    Reset,
    TimedOut,
}

impl Why {
    /// A transaction's failure.
    pub(super) fn of_transaction(ending: Ending, receiver: &Receiver) -> Why {
        match ending {
            Ending::Cut { how: Hangup::Reply421, .. } => reply(LIFETIME_OVER),
            Ending::Cut { how: Hangup::Reset, .. } => Why::Lost(Errno::Reset),
            Ending::Refused { phase, code } => reply(&refusal(receiver, phase, code)),
            // It is no failure, and nobody asks.
            Ending::Accepted => reply("250 2.6.0 Queued mail for delivery"),
        }
    }

    /// A session that was greeted with 421; such a greeting has a status of its own.
    pub(super) fn of_greeting(receiver: &Receiver) -> Why {
        let limited =
            receiver.max_connections.is_some() || receiver.max_connections_per_source.is_some();
        let text = if limited { TOO_MANY } else { NOT_AVAILABLE };
        Why::Reply { text: text.to_owned(), dsn: "4.5.0".to_owned() }
    }

    /// The end of a connection that nobody was using, or that never was of use.
    pub(super) fn of_close(reason: Closed) -> Option<Why> {
        match reason {
            Closed::CutByReset | Closed::Outage | Closed::ResetAtGreeting => {
                Some(Why::Lost(Errno::Reset))
            }
            Closed::TimedOut | Closed::SessionFailed => Some(Why::Lost(Errno::TimedOut)),
            Closed::CutBy421 => Some(reply(LIFETIME_OVER)),
            Closed::Quit | Closed::IdleTimeout | Closed::Refused421 => None,
        }
    }

    /// `dsn=`.
    pub(super) fn dsn(&self) -> &str {
        match self {
            Why::NotConnected(_) => "4.4.1",
            Why::Lost(_) => "4.4.2",
            Why::Reply { dsn, .. } => dsn,
        }
    }

    /// `reply=`, where there was one.
    pub(super) fn reply(&self) -> Option<&str> {
        match self {
            Why::Reply { text, .. } => Some(text),
            Why::NotConnected(_) | Why::Lost(_) => None,
        }
    }

    /// `stat=` of the attempt that met it on `host`.
    pub(super) fn status(&self, host: &str) -> String {
        match self {
            Why::Reply { text, .. } => format!("Deferred: {text}"),
            Why::NotConnected(errno) | Why::Lost(errno) => match errno {
                Errno::Refused => format!("Deferred: Connection refused by {host}"),
                Errno::Reset => format!("Deferred: Connection reset by {host}"),
                Errno::TimedOut => format!("Deferred: Connection timed out with {host}"),
            },
        }
    }

    /// `stat=` of an attempt that was skipped because of it: only what the system said is kept as text.
    pub(super) fn stale_status(&self, host: &str) -> String {
        match self {
            Why::Reply { .. } => "Deferred".to_owned(),
            Why::NotConnected(_) | Why::Lost(_) => self.status(host),
        }
    }

    /// `stat=` of a message that was refused for good.
    pub(super) fn final_status(&self, phase: SmtpPhase) -> &'static str {
        let code = self.reply().and_then(|text| text.get(..3));
        match (phase, code) {
            (SmtpPhase::Rcpt, Some("550" | "551" | "553")) => "User unknown",
            _ => "Service unavailable",
        }
    }
}

fn reply(text: &str) -> Why {
    Why::Reply { text: text.to_owned(), dsn: enhanced_code(text) }
}

/// The enhanced status code of a reply (RFC 3463), or the general one of its class.
fn enhanced_code(text: &str) -> String {
    let second = text.split_ascii_whitespace().nth(1).unwrap_or_default();
    let parts: Vec<&str> = second.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(number) {
        return second.to_owned();
    }
    format!("{}.0.0", text.chars().next().unwrap_or('4'))
}

/// The text with which the receiver refuses `phase` with `code`.
fn refusal(receiver: &Receiver, phase: SmtpPhase, code: u16) -> String {
    let in_spells = receiver.episodes.as_ref().map_or(&[][..], |spells| &spells.deferrals);
    let said = |deferral: &&Deferral| deferral.at == phase && deferral.code == code;
    if let Some(deferral) = receiver.deferrals.iter().chain(in_spells).find(said) {
        return deferral.reply.to_string();
    }
    if let Some(throttle) = &receiver.throttle
        && (throttle.at, throttle.code) == (phase, code)
    {
        return throttle.reply.to_string();
    }
    match code {
        421 => NOT_AVAILABLE.to_owned(),
        400..=499 => format!("{code} 4.7.0 Temporary server error. Please try again later"),
        _ => format!("{code} 5.7.1 Service unavailable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_s_status_is_its_enhanced_code_or_that_of_its_class() {
        assert_eq!(enhanced_code("451 4.7.500 Server busy"), "4.7.500");
        assert_eq!(enhanced_code("451 Server busy"), "4.0.0");
        assert_eq!(enhanced_code("550"), "5.0.0");
        assert_eq!(enhanced_code("451 4.7. busy"), "4.0.0");
    }

    #[test]
    fn only_what_the_system_said_is_repeated_by_a_skip() {
        let lost = Why::Lost(Errno::Reset);
        assert_eq!(lost.stale_status("H."), "Deferred: Connection reset by H.");
        let busy = reply("451 4.7.500 Server busy");
        assert_eq!((busy.stale_status("H."), busy.dsn()), ("Deferred".to_owned(), "4.7.500"));
        assert_eq!(busy.status("H."), "Deferred: 451 4.7.500 Server busy");
    }

    #[test]
    fn a_scenario_s_own_reply_is_quoted() {
        let mut receiver = Receiver::default();
        let text = |receiver: &Receiver| refusal(receiver, SmtpPhase::Dot, 451);
        assert!(text(&receiver).starts_with("451 4.7.0 "));
        receiver.deferrals = vec![Deferral {
            at: SmtpPhase::Dot,
            code: 451,
            reply: "451 4.7.500 Server busy".into(),
            chance: crate::units::Share::ZERO,
        }];
        assert_eq!(text(&receiver), "451 4.7.500 Server busy");
    }
}
