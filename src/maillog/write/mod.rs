//! A run as Sendmail would have logged it.
//!
//! An observer that writes lines as things happen, in memory that does not grow with the mail: it keeps the
//! processes and connections that are under way and why each host is marked. `maillog` has what Sendmail logs
//! at its default `LogLevel` 9: the daemon's start, `from=` and, for mail that only queue runs deliver, `stat=queued` at arrival;
//! `to=` for each attempt; delay notices and bounces. `smtp.log` has the attempts alone, each with the number
//! of the try and the time since the last one, and the connections.
//!
//! The form of each field is that of `logdelivery()` in sendmail 8.17 source, held against the recorded logs of
//! a real Sendmail by a test. Names are invented (RFC 2606), addresses are those for documentation (RFC 5737).
//!
//! | choice | what differs |
//! |---|---|
//! | style `sendmail` | a skipped attempt repeats the reason of the mark: a stale "Connection reset by HOST." |
//! | style `article` | a skipped attempt has a bare `stat=Deferred` and dsn=4.0.0; `mailer=smtp`, `tls_verify=` |
//!
//! Left out: the notices as mail of their own; the `SYSERR` line of a body that breaks off; failover to the
//! next host within an attempt, which Sendmail does not log at this level either.

mod attempt;
mod line;
mod names;
mod reason;
mod smtp;
mod stamp;

pub use stamp::{Date, Stamps};

use crate::model::message::Message;
use crate::model::params::{Action, DeliveryMode, QueueRuns};
use crate::model::{Observation, Observer, Params};
use crate::units::SimTime;
use attempt::Attempts;
use line::Style;
use names::Names;
use stamp::Clock;
use std::io::{self, Write};

pub use line::Style as LogStyle;

/// How the log is to look.
#[derive(Clone, Copy, Debug)]
pub struct LogForm {
    /// How skipped attempts are written.
    pub style: LogStyle,
    /// How instants are written.
    pub stamps: Stamps,
    /// The day on which the run starts.
    pub start: Date,
    /// The time of that day at which it starts.
    pub starts_at: crate::units::Span,
}

/// One of the two files, and the first error in writing it.
#[derive(Debug)]
struct Sink<W> {
    out: W,
    failed: Option<io::Error>,
}

impl<W: Write> Sink<W> {
    fn write(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(text.as_bytes()).err();
        }
    }

    fn finish(mut self) -> io::Result<()> {
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

/// Writes the log of what it observes.
#[derive(Debug)]
pub struct MailLog<'p, W: Write> {
    mail: Sink<W>,
    smtp: Sink<W>,
    style: Style,
    names: Names,
    clock: Clock,
    /// The settings that hold now, and all changes of them.
    params: &'p Params,
    changes: &'p [crate::model::params::Change],
    attempts: Attempts,
    /// Notices sent so far, for their queue ids.
    notices: u64,
    /// The line under way.
    buffer: String,
}

impl<'p, W: Write> MailLog<'p, W> {
    /// Begins both files.
    pub fn new(params: &'p Params, form: LogForm, mail: W, smtp: W) -> Self {
        let sink = |out| Sink { out, failed: None };
        let mut log = MailLog {
            mail: sink(mail),
            smtp: sink(smtp),
            style: form.style,
            names: Names::new(params),
            clock: Clock::new(form.start, form.starts_at, form.stamps),
            params,
            changes: &params.changes,
            attempts: Attempts::default(),
            notices: 0,
            buffer: String::new(),
        };
        log.daemons_start(SimTime::ZERO);
        log
    }

    /// Each machine's daemon says how it runs the queue; it is started anew for other settings.
    fn daemons_start(&mut self, now: SimTime) {
        let (kind, interval) = match self.params.sender.runs {
            QueueRuns::Periodic { interval, .. } => ("queueing", interval),
            QueueRuns::Persistent { after_work, .. } => ("persistent-queueing", after_work),
        };
        let every = line::clock(interval.nanos().div_ceil(1_000_000_000));
        for agent in 0..self.params.sender.agents {
            let text = format!("starting daemon (8.17.1): SMTP+{kind}@{every}");
            self.mail_line(now, agent, names::daemon_pid(agent), &text);
        }
    }

    /// Ends both files: how each went.
    pub fn finish(self) -> (io::Result<()>, io::Result<()>) {
        (self.mail.finish(), self.smtp.finish())
    }

    /// A line of `maillog`, by process `pid` of `agent`.
    fn mail_line(&mut self, now: SimTime, agent: u32, pid: u64, text: &str) {
        self.buffer.clear();
        self.clock.head(&mut self.buffer, now, agent, ("sendmail", pid));
        self.buffer.push_str(text);
        self.buffer.push('\n');
        self.mail.write(&self.buffer);
    }

    /// A line of `smtp.log`.
    fn smtp_line(&mut self, now: SimTime, agent: u32, pid: u64, text: &str) {
        self.buffer.clear();
        self.clock.head(&mut self.buffer, now, agent, ("smtp", pid));
        self.buffer.push_str(text);
        self.buffer.push('\n');
        self.smtp.write(&self.buffer);
    }

    /// The sender has accepted a message.
    fn arrived(&mut self, now: SimTime, message: &Message) {
        let id = self.clock.queue_id(message);
        let pid = names::session_pid(message.id);
        let from = line::from(&id, message);
        self.mail_line(now, message.agent, pid, &from);
        if self.params.sender.delivery == DeliveryMode::QueueOnly {
            for recipient in 0..message.recipients {
                let to = self.names.recipient(message, recipient);
                let text = line::queued(&id, &to, message, self.style);
                self.mail_line(now, message.agent, pid, &text);
            }
        }
    }

    /// A notice or a bounce is sent about `message` by process `process`.
    fn notice(&mut self, now: SimTime, message: &Message, (kind, text): (&str, &str)) {
        let pid = self.attempts.pid_of_last();
        let own = self.clock.notice_id(now, self.notices, pid);
        self.notices += 1;
        let id = self.clock.queue_id(message);
        self.mail_line(now, message.agent, pid, &format!("{id}: {own}: {kind}: {text}"));
    }
}

impl<W: Write> Observer for MailLog<'_, W> {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::Arrived { message } => self.arrived(now, message),
            Observation::Changed { number } => {
                let change = self.changes.get(number as usize);
                if let Some(Action::Set(new)) = change.map(|change| &change.action) {
                    self.params = new;
                    self.daemons_start(now);
                }
            }
            Observation::Warned { message } => {
                let past = line::interval(self.params.sender.warn_after);
                let text = format!("Warning: could not send message for past {past}");
                self.notice(now, message, ("sender notify", &text));
            }
            _ => self.follow(now, observation),
        }
    }
}
