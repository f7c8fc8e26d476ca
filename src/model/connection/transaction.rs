//! One mail transaction on an open connection, as a pure function: when does it end, and how.
//!
//! A re-used connection costs four round trips: the RSET probe, MAIL, RCPT+DATA (pipelined), and the final
//! dot with its reply; the first message on a connection needs no probe. Between DATA and the dot the body
//! is sent; between the dot and its reply lie the overhead and the receiver's service time. MODEL.md 5.2,
//! 5.6, 7.2-7.4.
//!
//! ```text
//! start --RSET--> reset --MAIL--> mail --RCPT,DATA--> data --body--> dot --overhead, service--> reply
//! ```
//! The whole course is known at its start, because nothing but the receiver's lifetime can interfere and
//! its instant is fixed when the connection opens; hence one event per transaction.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `service_time` | lognormal, mean 0.3 s, sigma 0.5 | public delivery logs, DOMAIN.md |
//! | `message_overhead` | 0 | laboratory: a delayed ACK |
//! | `cut` | reset | Microsoft 2020-10-22: ConnectionReset |
//! | `commit` | after_reply | assumed, either |
//! | `timeouts.reply` | 1 h | `Timeout.datafinal`, sendmail 8.17 source |
//!
//! Left out: a timeout of its own for each command; refusals of single recipients.

use crate::model::params::{Commit, Cut, SmtpPhase};
use crate::units::{SimTime, Span};

/// What a transaction is made of.
#[derive(Clone, Copy, Debug)]
pub struct Transaction {
    /// When it starts.
    pub start: SimTime,
    /// Whether the connection is re-used and probed with RSET first.
    pub probe: bool,
    /// One round trip.
    pub round_trip: Span,
    /// Sending the body.
    pub body: Span,
    /// The receiver's overhead after the dot.
    pub overhead: Span,
    /// The receiver's service time after the dot.
    pub service: Span,
    /// A 4xx or 5xx that this message is going to get, and where.
    pub refusal: Option<(SmtpPhase, u16)>,
    /// When the connection is cut.
    pub cut_at: SimTime,
    /// How it is cut.
    pub cut: Cut,
    /// When the receiver counts the message as accepted.
    pub commit: Commit,
    /// How long the sender waits for the reply to the final dot; then it hangs up, as after a reset.
    pub reply_timeout: Span,
    /// Nothing is heard from the other end any more.
    pub silent: bool,
    /// The share of the body that a cut left, where only the link knows it.
    pub got_through: Option<f64>,
}

/// How a connection was ended under a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// A bare reset.
    Reset,
    /// A 421.
    Reply421,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// 250 to the final dot.
    Accepted,
    /// A 4xx or 5xx.
    Refused {
        /// The command refused.
        phase: SmtpPhase,
        /// The reply code.
        code: u16,
    },
    /// The connection ended while the reply to `phase` was awaited (or its data were sent).
    Cut {
        /// Which reply was awaited.
        phase: SmtpPhase,
        /// How it ended.
        how: Hangup,
    },
}

/// The course of a transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// The RSET probe found the connection cut; nothing was lost.
    FoundCut {
        /// When the probe's answer was in.
        at: SimTime,
        /// How the connection had been ended.
        how: Hangup,
    },
    /// The transaction took place.
    Took {
        /// When it ended for the sender.
        until: SimTime,
        /// How.
        ending: Ending,
        /// When the receiver accepted the message, known to the sender or not.
        accepted_at: Option<SimTime>,
        /// Share of the body that was sent.
        sent: f64,
    },
}

/// The instants at which the phases of an undisturbed transaction end.
#[derive(Clone, Copy)]
struct Schedule {
    reset: SimTime,
    mail: SimTime,
    data: SimTime,
    dot: SimTime,
    commit: SimTime,
    reply: SimTime,
}

impl Transaction {
    /// Runs the transaction.
    pub fn run(&self) -> Course {
        if self.silent {
            return Course::Took {
                until: self.start + self.reply_timeout,
                ending: Ending::Cut { phase: SmtpPhase::Mail, how: Hangup::Reset },
                accepted_at: None,
                sent: 0.0,
            };
        }
        let schedule = self.schedule();
        let patience_ends = schedule.dot + self.reply_timeout;
        if patience_ends < schedule.reply.min(self.cut_at) {
            let (cut_at, cut, reply_timeout) = (patience_ends, Cut::Reset, Span::MAX);
            return Transaction { cut_at, cut, reply_timeout, ..*self }.run();
        }
        let planned = self.undisturbed(&schedule);
        // A refusal ends the transaction before a later cut can touch it.
        let until = match planned {
            Course::FoundCut { at, .. } => at,
            Course::Took { until, .. } => until,
        };
        if self.cut_at >= until {
            return planned;
        }
        match self.cut {
            Cut::Reset => self.reset(&schedule),
            Cut::Reply421 => self.reply_421(&schedule).unwrap_or(planned),
            Cut::Unsolicited421 => self.unsolicited_421(&schedule),
        }
    }

    /// When RCPT reaches the receiver.
    pub fn rcpt_at(&self) -> SimTime {
        self.schedule().mail
    }

    /// When the body starts.
    pub fn body_at(&self) -> SimTime {
        self.schedule().data
    }

    /// When the final dot reaches the receiver.
    pub fn dot_at(&self) -> SimTime {
        self.schedule().dot
    }

    /// Whether the transaction gets as far as `at`: no refusal and no cut ends it before.
    pub fn gets_to(&self, at: SimTime) -> bool {
        if self.silent {
            return false;
        }
        match self.run() {
            Course::FoundCut { .. } => false,
            Course::Took { until, ending: Ending::Refused { phase, .. }, .. } => {
                until > at || phase == SmtpPhase::Dot
            }
            Course::Took { until, ending: Ending::Accepted, .. } => until >= at,
            // A reset or 421 ends what is under way at its instant; a body of unknown length may meet it.
            Course::Took { until, .. } => until > at || self.cut_at > at,
        }
    }

    fn schedule(&self) -> Schedule {
        let reset = self.start + if self.probe { self.round_trip } else { Span::ZERO };
        let mail = reset + self.round_trip;
        let data = mail + self.round_trip;
        let dot = data + self.body;
        let commit = dot + self.round_trip / 2 + self.overhead;
        let reply = dot + self.round_trip + self.overhead + self.service;
        Schedule { reset, mail, data, dot, commit, reply }
    }

    fn undisturbed(&self, schedule: &Schedule) -> Course {
        let refused = |phase, code, until, sent| Course::Took {
            until,
            ending: Ending::Refused { phase, code },
            accepted_at: None,
            sent,
        };
        match self.refusal {
            Some((SmtpPhase::Mail, code)) => refused(SmtpPhase::Mail, code, schedule.mail, 0.0),
            Some((SmtpPhase::Dot, code)) => refused(SmtpPhase::Dot, code, schedule.reply, 1.0),
            Some((phase, code)) => refused(phase, code, schedule.data, 0.0),
            None => Course::Took {
                until: schedule.reply,
                ending: Ending::Accepted,
                accepted_at: Some(match self.commit {
                    Commit::AfterReply => schedule.reply,
                    Commit::BeforeReply => schedule.commit,
                }),
                sent: 1.0,
            },
        }
    }

    /// Ended at `until` while the reply to `phase` was awaited.
    fn lost(&self, schedule: &Schedule, phase: SmtpPhase, how: Hangup, until: SimTime) -> Course {
        let accepted = self.commit == Commit::BeforeReply
            && self.cut_at >= schedule.commit
            && !matches!(self.refusal, Some((SmtpPhase::Dot, _)));
        let sent = match (phase, self.got_through) {
            (SmtpPhase::Dot, Some(share)) => share,
            (SmtpPhase::Dot, None) if self.cut_at >= schedule.dot || self.body.is_zero() => 1.0,
            (SmtpPhase::Dot, None) => {
                self.cut_at.since(schedule.data).seconds() / self.body.seconds()
            }
            _ => 0.0,
        };
        Course::Took {
            until,
            ending: Ending::Cut { phase, how },
            accepted_at: accepted.then_some(schedule.commit),
            sent,
        }
    }

    /// Whether the probe finds the cut - also where a round trip takes no time.
    fn found_cut(&self, cut: SimTime, schedule: &Schedule) -> bool {
        self.probe && (cut <= self.start || cut < schedule.reset)
    }

    /// A TCP reset strikes wherever the connection is; the sender notices at once.
    fn reset(&self, schedule: &Schedule) -> Course {
        let cut = self.cut_at.max(self.start);
        if self.found_cut(cut, schedule) {
            return Course::FoundCut { at: schedule.reset, how: Hangup::Reset };
        }
        let phase = match cut {
            _ if cut < schedule.mail => SmtpPhase::Mail,
            _ if cut < schedule.data => SmtpPhase::Data,
            _ => SmtpPhase::Dot,
        };
        self.lost(schedule, phase, Hangup::Reset, cut)
    }

    /// 421 to the first command sent after the lifetime ended; none is due while the dot's reply is awaited.
    fn reply_421(&self, schedule: &Schedule) -> Option<Course> {
        let (cut, how) = (self.cut_at, Hangup::Reply421);
        if self.probe && cut <= self.start {
            return Some(Course::FoundCut { at: schedule.reset, how });
        }
        // A command that was sent before still gets the refusal in store for it.
        let refused = self.refusal.map(|(phase, _)| phase);
        let (phase, until) = match cut {
            _ if cut <= schedule.reset => (SmtpPhase::Mail, schedule.mail),
            _ if refused == Some(SmtpPhase::Mail) => return None,
            _ if cut <= schedule.mail => (SmtpPhase::Rcpt, schedule.data),
            _ if refused.is_some_and(|phase| phase < SmtpPhase::Dot) => return None,
            _ if cut <= schedule.dot => (SmtpPhase::Dot, schedule.dot + self.round_trip),
            _ => return None,
        };
        Some(self.lost(schedule, phase, how, until))
    }

    /// 421 unasked: read where a reply is awaited; one that comes during the body is read at the dot.
    fn unsolicited_421(&self, schedule: &Schedule) -> Course {
        let (cut, how) = (self.cut_at.max(self.start), Hangup::Reply421);
        if self.found_cut(cut, schedule) {
            return Course::FoundCut { at: schedule.reset, how };
        }
        let (phase, until) = match cut {
            _ if cut < schedule.mail => (SmtpPhase::Mail, cut),
            _ if cut < schedule.data => (SmtpPhase::Data, cut),
            _ => (SmtpPhase::Dot, cut.max(schedule.dot)),
        };
        self.lost(schedule, phase, how, until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + Span::from_millis(millis)
    }

    /// RSET to 1100, MAIL to 1200, DATA to 1300, body to 2300, reply at 3400.
    fn sample(cut: Cut, cut_at: u64) -> Transaction {
        Transaction {
            start: at(1000),
            probe: true,
            round_trip: Span::from_millis(100),
            body: Span::from_secs(1),
            overhead: Span::from_millis(400),
            service: Span::from_millis(600),
            refusal: None,
            cut_at: at(cut_at),
            cut,
            commit: Commit::AfterReply,
            reply_timeout: Span::from_hours(1),
            silent: false,
            got_through: None,
        }
    }

    /// The schedule in words: what a cut at each instant does.
    fn story(cut: Cut, cut_at: u64) -> String {
        match sample(cut, cut_at).run() {
            Course::FoundCut { at, how } => {
                format!("probe found {how:?} at {}", at.nanos() / 1_000_000)
            }
            Course::Took { until, ending, .. } => {
                let what = match ending {
                    Ending::Cut { phase, how } => format!("{how:?} at {phase:?}"),
                    other => format!("{other:?}"),
                };
                format!("{what}, {}", until.nanos() / 1_000_000)
            }
        }
    }

    #[test]
    fn an_undisturbed_transaction_takes_four_round_trips_body_overhead_and_service() {
        assert_eq!(story(Cut::Reset, 99_999), "Accepted, 3400");
        let first = Transaction { probe: false, ..sample(Cut::Reset, 99_999) };
        assert!(matches!(first.run(), Course::Took { until, .. } if until == at(3300)));
    }

    #[test]
    fn a_reset_strikes_wherever_the_connection_is() {
        assert_eq!(story(Cut::Reset, 500), "probe found Reset at 1100");
        assert_eq!(story(Cut::Reset, 1050), "probe found Reset at 1100");
        assert_eq!(story(Cut::Reset, 1150), "Reset at Mail, 1150");
        assert_eq!(story(Cut::Reset, 1250), "Reset at Data, 1250");
        assert_eq!(story(Cut::Reset, 1800), "Reset at Dot, 1800");
        assert_eq!(story(Cut::Reset, 3399), "Reset at Dot, 3399");
        assert_eq!(story(Cut::Reset, 3400), "Accepted, 3400");
    }

    #[test]
    fn the_probe_finds_a_cut_even_where_a_round_trip_takes_no_time() {
        for cut in [Cut::Reset, Cut::Reply421, Cut::Unsolicited421] {
            let transaction = Transaction { round_trip: Span::ZERO, ..sample(cut, 900) };
            assert!(matches!(transaction.run(), Course::FoundCut { .. }), "{cut:?}");
        }
    }

    #[test]
    fn a_421_comes_at_the_next_command_and_never_while_the_dot_s_reply_is_awaited() {
        assert_eq!(story(Cut::Reply421, 500), "probe found Reply421 at 1100");
        assert_eq!(story(Cut::Reply421, 1050), "Reply421 at Mail, 1200");
        assert_eq!(story(Cut::Reply421, 1150), "Reply421 at Rcpt, 1300");
        assert_eq!(story(Cut::Reply421, 1800), "Reply421 at Dot, 2400");
        assert_eq!(story(Cut::Reply421, 2500), "Accepted, 3400");
    }

    #[test]
    fn an_unsolicited_421_is_read_where_a_reply_is_awaited() {
        assert_eq!(story(Cut::Unsolicited421, 500), "probe found Reply421 at 1100");
        assert_eq!(story(Cut::Unsolicited421, 1150), "Reply421 at Mail, 1150");
        assert_eq!(story(Cut::Unsolicited421, 1800), "Reply421 at Dot, 2300");
        assert_eq!(story(Cut::Unsolicited421, 3000), "Reply421 at Dot, 3000");
    }

    #[test]
    fn a_message_committed_before_its_reply_is_accepted_though_the_sender_never_knows() {
        let accepted = |commit, cut_at| {
            let transaction = Transaction { commit, ..sample(Cut::Reset, cut_at) };
            match transaction.run() {
                Course::Took { accepted_at, .. } => accepted_at,
                Course::FoundCut { .. } => None,
            }
        };
        assert_eq!(accepted(Commit::BeforeReply, 3000), Some(at(2750)));
        assert_eq!(accepted(Commit::BeforeReply, 2700), None, "before the commit");
        assert_eq!(accepted(Commit::AfterReply, 3000), None);
        assert_eq!(accepted(Commit::AfterReply, 9999), Some(at(3400)));
        assert_eq!(accepted(Commit::BeforeReply, 9999), Some(at(2750)));
    }

    #[test]
    fn a_refusal_ends_the_transaction_in_its_phase() {
        let until = |phase| {
            let refusal = Some((phase, 451));
            match (Transaction { refusal, ..sample(Cut::Reset, 99_999) }).run() {
                Course::Took { until, ending: Ending::Refused { code: 451, .. }, .. } => until,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(until(SmtpPhase::Mail), at(1200));
        assert_eq!(until(SmtpPhase::Rcpt), at(1300));
        assert_eq!(until(SmtpPhase::Data), at(1300));
        assert_eq!(until(SmtpPhase::Dot), at(3400));
    }

    #[test]
    fn a_reply_that_never_comes_is_like_a_reset_once_the_sender_s_patience_ends() {
        let reply_timeout = Span::from_millis(500);
        let story = Transaction { reply_timeout, ..sample(Cut::Reply421, 99_999) }.run();
        let ending = Ending::Cut { phase: SmtpPhase::Dot, how: Hangup::Reset };
        assert!(
            matches!(story, Course::Took { until, ending: e, .. } if until == at(2800) && e == ending)
        );
    }

    #[test]
    fn a_refused_command_that_was_sent_before_the_lifetime_ended_gets_its_refusal() {
        let refused_at = |phase, cut_at| {
            let refusal = Some((phase, 451));
            match (Transaction { refusal, ..sample(Cut::Reply421, cut_at) }).run() {
                Course::Took { ending, .. } => ending,
                other => panic!("{other:?}"),
            }
        };
        let (mail, rcpt, code) = (SmtpPhase::Mail, SmtpPhase::Rcpt, 451);
        assert_eq!(refused_at(mail, 1150), Ending::Refused { phase: mail, code });
        assert_eq!(refused_at(rcpt, 1250), Ending::Refused { phase: rcpt, code });
        let how = Hangup::Reply421;
        assert_eq!(refused_at(rcpt, 1150), Ending::Cut { phase: rcpt, how });
    }

    #[test]
    fn the_body_sent_before_a_cut_is_counted() {
        let sent = |cut_at| match sample(Cut::Reset, cut_at).run() {
            Course::Took { sent, .. } => sent,
            Course::FoundCut { .. } => f64::NAN,
        };
        assert_eq!(sent(1250), 0.0);
        assert!((sent(1800) - 0.5).abs() < 1e-9);
        assert_eq!(sent(3000), 1.0);
    }
}
