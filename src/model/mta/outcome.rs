//! What the end of a transaction means for the message, the connection and the host's standing: the table
//! of MODEL.md 6.1 as one pure function.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `hoststat.marks` | sendmail | MODEL.md 6.1; `any_4xx` is the article's wording |
//!
//! Left out: replies other than 2xx, 4xx and 5xx.

use crate::model::connection::transaction::{Ending, Hangup};
use crate::model::params::{Marks, SmtpPhase};

/// What becomes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Accepted by the receiver.
    Delivered,
    /// Not accepted; the next host may be tried, else it is deferred.
    TemporaryFailure,
    /// Refused for good (5xx).
    Bounced,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It stays open.
    Keep,
    /// It is closed in order; its last status is stored.
    Close,
    /// It is gone.
    Lost,
}

/// The last status of a connection, as a close would store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastStatus {
    /// A success, or nothing yet.
    Good,
    /// A 4xx (except 452) to a final dot: a latent mark.
    TemporaryFailure,
}

/// All consequences of one transaction's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// For the message.
    pub fate: Fate,
    /// For the connection.
    pub after: After,
    /// A new last status of the connection; `None` leaves it as it was.
    pub status: Option<LastStatus>,
    /// The host is bad from now on, in the process's memory and on disk.
    pub marks: bool,
}

/// Reads the table of MODEL.md 6.1.
pub fn outcome(ending: &Ending, marks: Marks) -> Outcome {
    match *ending {
        Ending::Accepted => Outcome {
            fate: Fate::Delivered,
            after: After::Keep,
            status: Some(LastStatus::Good),
            marks: false,
        },
        Ending::Refused { phase, code } => refused(phase, code, marks),
        Ending::Cut { phase, how } => {
            // A bare loss while a reply is awaited marks; a 421 only as the reply to the dot. Else the 421
            // is an ordinary end of the connection, and its last status is stored.
            let marks = how == Hangup::Reset || phase == SmtpPhase::Dot || marks == Marks::Any4xx;
            Outcome {
                fate: Fate::TemporaryFailure,
                after: if marks { After::Lost } else { After::Close },
                status: None,
                marks,
            }
        }
    }
}

fn refused(phase: SmtpPhase, code: u16, marks: Marks) -> Outcome {
    let kept =
        Outcome { fate: Fate::TemporaryFailure, after: After::Keep, status: None, marks: false };
    if code >= 500 {
        return Outcome { fate: Fate::Bounced, ..kept };
    }
    if marks == Marks::Any4xx {
        return Outcome { after: After::Close, marks: true, ..kept };
    }
    match (phase, code) {
        (SmtpPhase::Dot, 421) => Outcome { after: After::Close, marks: true, ..kept },
        (SmtpPhase::Dot, 452) => kept,
        (SmtpPhase::Dot, _) => Outcome { status: Some(LastStatus::TemporaryFailure), ..kept },
        // Sendmail quits after a 4xx to DATA, and 421 says that the receiver closes.
        (SmtpPhase::Data, _) | (_, 421) => Outcome { after: After::Close, ..kept },
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SmtpPhase::{Data, Dot, Mail, Rcpt};

    fn of(ending: Ending) -> Outcome {
        outcome(&ending, Marks::Sendmail)
    }

    #[test]
    fn reset_eof_or_timeout_while_awaiting_a_reply_marks() {
        for phase in [Mail, Rcpt, Data, Dot] {
            let cut = of(Ending::Cut { phase, how: Hangup::Reset });
            assert!(cut.marks, "{phase:?}");
            assert_eq!(cut.after, After::Lost);
        }
    }

    #[test]
    fn a_4xx_or_421_to_mail_rcpt_or_data_does_not_mark() {
        for phase in [Mail, Rcpt, Data] {
            for code in [421, 450, 451, 452] {
                let refused = of(Ending::Refused { phase, code });
                assert!(!refused.marks && refused.status.is_none(), "{phase:?} {code}");
                assert_eq!(refused.fate, Fate::TemporaryFailure);
            }
            let cut = of(Ending::Cut { phase, how: Hangup::Reply421 });
            assert_eq!((cut.marks, cut.after), (false, After::Close), "{phase:?}");
        }
    }

    #[test]
    fn a_4xx_to_the_final_dot_except_452_is_a_latent_mark_and_the_connection_goes_on() {
        let refused = of(Ending::Refused { phase: Dot, code: 451 });
        assert_eq!(refused.status, Some(LastStatus::TemporaryFailure));
        assert_eq!((refused.after, refused.marks), (After::Keep, false));
    }

    #[test]
    fn a_421_to_the_final_dot_marks_at_once_for_it_closes() {
        assert!(of(Ending::Refused { phase: Dot, code: 421 }).marks);
        assert!(of(Ending::Cut { phase: Dot, how: Hangup::Reply421 }).marks);
    }

    #[test]
    fn a_452_or_5xx_to_the_final_dot_does_not_mark() {
        for code in [452, 550] {
            let refused = of(Ending::Refused { phase: Dot, code });
            assert_eq!((refused.marks, refused.status), (false, None), "{code}");
        }
        assert_eq!(of(Ending::Refused { phase: Dot, code: 550 }).fate, Fate::Bounced);
    }

    #[test]
    fn in_the_article_s_wording_every_4xx_marks() {
        for phase in [Mail, Rcpt, Data, Dot] {
            assert!(outcome(&Ending::Refused { phase, code: 451 }, Marks::Any4xx).marks);
        }
    }
}
