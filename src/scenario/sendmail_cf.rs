//! A scenario from a real `sendmail.cf`: which of its options the model knows, and what it cannot tell.
//!
//! A pure function of the file's bytes. Keys, bounds and Sendmail's names are those of the table of keys,
//! and the scenario is put through the ordinary check before it is handed out.
//!
//! Units of times without one, and what a later line does to an earlier one, are those of sendmail 8.17:
//! minutes, but hours for `Timeout.queuewarn` and days for `Timeout.queuereturn`; the last line wins.
//! Left out: options on Sendmail's command line (`-q`, `-o`), abbreviated names of options, files that the
//! `.cf` points to (mailertable, `Fw`), and macros within values.

mod lines;
mod page;
mod route;
mod unmodelled;

use super::keys::{self, Kind};
use super::problem::quoted;
use crate::units::Span;
use lines::Line;

/// Largest file read: real ones have about 60 KB.
pub const LARGEST_SENDMAIL_CF: usize = 4 << 20;

/// What a `sendmail.cf` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromSendmailCf {
    /// A valid scenario, commented.
    pub text: String,
    /// What was taken and what was not, for people: lines of text.
    pub summary: String,
}

/// One key whose value comes from the file.
struct Setting {
    path: &'static str,
    value: String,
    /// Where it comes from: `line 12: O MinQueueAge=30m`.
    origin: String,
    /// What else is to be known; may be empty.
    remark: String,
}

/// What has been read so far.
#[derive(Default)]
struct Reading<'l> {
    settings: Vec<Setting>,
    /// Seen, and why it is not in the scenario: number of the line, and text.
    left: Vec<(usize, String)>,
    /// What the file does not say.
    silent: Vec<String>,
    /// Options whose meaning hangs on others, the last of each.
    last: Last<'l>,
}

/// The last line of options that are resolved when all lines have been read.
#[derive(Default)]
struct Last<'l> {
    hoststat: Option<(&'l Line, bool)>,
    single: Option<(&'l Line, bool)>,
    children: Option<(&'l Line, u64)>,
    age: Option<(&'l Line, Span)>,
    runners: Option<(&'l Line, u64)>,
    no_cache: Option<&'l Line>,
}

/// Reads a `sendmail.cf`; `name` is what it is called.
///
/// # Errors
/// A sentence, if it is none.
pub fn from_sendmail_cf(name: &str, bytes: &[u8]) -> Result<FromSendmailCf, String> {
    if bytes.len() > LARGEST_SENDMAIL_CF {
        return Err(format!("{name} is no sendmail.cf: it is larger than 4 MiB"));
    }
    // Old files have comments in Latin-1; nothing that matters is outside ASCII.
    let text = String::from_utf8_lossy(bytes);
    let lines = lines::logical(text.strip_prefix('\u{feff}').unwrap_or(&text));
    if let Some(reason) = lines::not_a_cf(bytes, &lines) {
        return Err(format!("{name} is no sendmail.cf: {reason}"));
    }
    let mut reading = Reading::default();
    for line in &lines {
        for (option, value) in lines::options(line) {
            reading.option(line, &option, &value);
        }
    }
    route::read(&lines, &mut reading);
    reading.finish();
    let scenario = FromSendmailCf {
        text: page::scenario(name, &reading),
        summary: page::summary(name, &reading),
    };
    // The table gives the bounds, so that this cannot fail; if it did, no scenario is better than a bad one.
    match super::parse("from sendmail.cf", &scenario.text, "".as_ref(), &[]) {
        Ok(_) => Ok(scenario),
        Err(problems) => Err(format!("{name} leads to a scenario that is not valid:\n{problems}")),
    }
}

/// Options that are one span each: name, unit if none is written, key.
const SPANS: [(&str, char, &str); 7] = [
    ("timeout.hoststatus", 'm', "proofpoint.hoststat.remember_for"),
    ("timeout.initial", 'm', "proofpoint.timeouts.greeting"),
    ("timeout.datafinal", 'm', "proofpoint.timeouts.reply"),
    ("timeout.queuereturn", 'd', GIVE_UP),
    ("timeout.queuereturn.*", 'd', GIVE_UP),
    ("timeout.queuereturn.normal", 'd', GIVE_UP),
    ("connectioncachetimeout", 'm', "proofpoint.connection_cache.idle"),
];
const GIVE_UP: &str = "proofpoint.give_up_after";
const RUNNERS: &str = "proofpoint.queue_runners";
const PER_CONNECTION: &str = "proofpoint.messages_per_connection";
const RETRY: &str = "proofpoint.retry_interval";

impl<'l> Reading<'l> {
    /// Takes one option; the last of each wins, as in Sendmail.
    fn option(&mut self, line: &'l Line, name: &str, value: &str) {
        if let Some((_, unit, path)) = SPANS.iter().find(|(option, ..)| *option == name) {
            if let Some(span) = self.time(line, value, *unit) {
                self.span(path, span, line, "");
            }
            return;
        }
        match name {
            "deliverymode" => self.delivery_mode(line, value),
            "queuesortorder" => self.order(line, value),
            "timeout.connect" => self.connect(line, value),
            "timeout.queuewarn" | "timeout.queuewarn.*" | "timeout.queuewarn.normal" => {
                self.warn(line, value);
            }
            "hoststatusdirectory" => self.last.hoststat = Some((line, !value.is_empty())),
            "singlethreaddelivery" => self.last.single = Some((line, lines::flag(value))),
            "minqueueage" => {
                self.last.age = self.time(line, value, 'm').map(|age| (line, age));
            }
            "maxqueuechildren" => {
                // 0 is unlimited, which is the default.
                self.last.children = self.whole(line, value).filter(|n| *n > 0).map(|n| (line, n));
            }
            "maxrunnersperqueue" => {
                self.last.runners = self.whole(line, value).filter(|n| *n > 0).map(|n| (line, n));
            }
            "connectioncachesize" => self.cache_size(line, value),
            "maxrecipientspermessage" => self.recipients(line, value),
            _ => unmodelled::note(line, name, value, &mut self.left),
        }
    }

    fn delivery_mode(&mut self, line: &Line, value: &str) {
        let (mode, remark) = match value.chars().next() {
            Some('b') => ("immediate", ""),
            Some('q') => ("queue_only", ""),
            // An empty value is interactive too.
            Some('i') | None => (
                "immediate",
                "Interactive: tried at once as in background mode; that the client waits meanwhile is \
                 not modelled.",
            ),
            Some('d') => (
                "queue_only",
                "Deferred: waits for a queue run as in queue mode; that look-ups wait too is not \
                 modelled.",
            ),
            Some(_) => return self.unclear(line, "is no delivery mode"),
        };
        self.put("proofpoint.delivery", mode, line, remark);
    }

    fn order(&mut self, line: &Line, value: &str) {
        let (order, remark) = match value.chars().next().map(|c| c.to_ascii_lowercase()) {
            Some('p') => ("priority", ""),
            Some('t') => ("time", ""),
            Some('r') => ("random", ""),
            Some('h') => (
                "priority",
                "Host: the nearest is priority, the order within a host; that a locked message sends \
                 its host to the end is not modelled.",
            ),
            Some('f') => ("time", "Filename: the nearest is time, as names begin with the time."),
            Some('m') => ("time", "Modification: the nearest is time."),
            Some('n') => ("random", "None: the order of the directory; the nearest is random."),
            Some('s') => ("random", "Shuffled hosts: the nearest is random."),
            _ => return self.unclear(line, "is no sort order"),
        };
        self.put("proofpoint.order", order, line, remark);
    }

    fn connect(&mut self, line: &Line, value: &str) {
        let Some(span) = self.time(line, value, 'm') else { return };
        let path = "proofpoint.timeouts.connect";
        if span.is_zero() {
            self.put(path, "127s", line, "0 leaves it to the system: about 127s on Linux.");
        } else {
            self.span(path, span, line, "");
        }
    }

    fn warn(&mut self, line: &Line, value: &str) {
        let Some(span) = self.time(line, value, 'h') else { return };
        let path = "proofpoint.warn_after";
        if span.is_zero() {
            self.put(path, "30d", line, "0 sends no notice of delay; 30d is never reached.");
        } else {
            self.span(path, span, line, "");
        }
    }

    fn cache_size(&mut self, line: &'l Line, value: &str) {
        let Some(size) = self.whole(line, value) else { return };
        self.last.no_cache = (size == 0).then_some(line);
        self.number("proofpoint.connection_cache.size", size.max(1), line, "");
    }

    fn recipients(&mut self, line: &Line, value: &str) {
        match self.whole(line, value) {
            Some(most @ 2..=99) => self.number("mail.recipients.max", most, line, ""),
            Some(0 | 100..) | None => {}
            Some(_) => {
                self.unclear(line, "leaves one recipient a message; the scenario's mean is 1.3")
            }
        }
    }

    /// Resolves the options that hang on each other.
    fn finish(&mut self) {
        self.hoststat();
        self.runners_within_children();
        self.queue_runs();
        if let Some(line) = self.last.no_cache {
            let remark = "A cache of 0 closes each connection after one message.";
            self.put(PER_CONNECTION, "1", line, remark);
        }
        self.silent.push(
            "your mail (messages a day, bursts, sizes) and Exchange Online's behaviour; nor how many \
             machines share the work (proofpoint.agents)"
                .to_owned(),
        );
        self.left.sort_by_key(|(line, _)| *line);
    }

    fn hoststat(&mut self) {
        let path = "proofpoint.hoststat.enabled";
        let ignored = self.has(path);
        match self.last.hoststat {
            // The mailer's F=W has been read: it never looks at what is recorded.
            _ if ignored => {}
            Some((line, true)) => self.put(path, "on", line, ""),
            Some((line, false)) => self.put(path, "off", line, "An empty directory is none."),
            None => self.settings.push(Setting {
                path,
                value: "off".to_owned(),
                origin: "no line: O HostStatusDirectory=.. is absent".to_owned(),
                remark: "Without a directory Sendmail keeps no host status between processes."
                    .to_owned(),
            }),
        }
        let on = self.last.hoststat.is_some_and(|(_, on)| on);
        match self.last.single {
            Some((line, false)) => self.put("proofpoint.single_thread_delivery", "off", line, ""),
            Some((line, true)) if on && !ignored => {
                self.put("proofpoint.single_thread_delivery", "on", line, "");
            }
            Some((line, true)) => {
                self.unclear(line, "not taken: it has no effect without HostStat");
            }
            None => {}
        }
    }

    /// Sendmail cuts the runners of a group to `MaxQueueChildren`.
    fn runners_within_children(&mut self) {
        let Some((line, most)) = self.last.children else { return };
        let runners = self.value(RUNNERS).and_then(|value| value.parse().ok());
        if runners.is_some_and(|runners: u64| runners > most) {
            let remark = "There are more runners than this: cut to it, as Sendmail does.";
            self.number(RUNNERS, most, line, remark);
        }
    }

    /// What kind of queue runs there are, and what the retry interval is.
    fn queue_runs(&mut self) {
        let periodic = self.has(RETRY);
        match self.last.age {
            Some((line, age)) if periodic => self.span("proofpoint.min_queue_age", age, line, ""),
            Some((line, age)) => {
                let remark = "Read for persistent runs (-qp), where it is the retry interval.";
                self.span(RETRY, age, line, remark);
            }
            None => {}
        }
        if let Some((line, most)) = self.last.children {
            if periodic {
                self.number("proofpoint.max_runner_processes", most, line, "");
            } else {
                let why = "not taken: it matters beside periodic queue runs only; with -q30m set \
                           proofpoint.queue_runs: periodic and proofpoint.max_runner_processes";
                self.unclear(line, why);
            }
        }
        let age = match self.last.age {
            Some(_) => "; MinQueueAge then is min_queue_age",
            None => "",
        };
        self.silent.push(match periodic {
            true => {
                "whether runs are periodic (-q) or persistent (-qp): that is on Sendmail's command \
                     line; a group's I= is read as -q"
                    .to_owned()
            }
            false => format!(
                "how often the queue is run: that is on Sendmail's command line. With -q30m write \
                 queue_runs: periodic and retry_interval: 30m{age}; with -qp the scenario is right \
                 as it is"
            ),
        });
    }

    fn value(&self, path: &str) -> Option<&str> {
        let found = self.settings.iter().find(|setting| setting.path == path);
        found.map(|setting| setting.value.as_str())
    }

    fn has(&self, path: &str) -> bool {
        self.value(path).is_some()
    }

    /// Sets a key, in place of what an earlier line said.
    fn put(&mut self, path: &'static str, value: &str, line: &Line, remark: &str) {
        debug_assert!(keys::find(path).is_some(), "{path} is no key");
        self.settings.retain(|setting| setting.path != path);
        let (value, remark) = (value.to_owned(), remark.to_owned());
        self.settings.push(Setting { path, value, origin: origin(line), remark });
    }

    /// A span, cut to the bounds of its key.
    fn span(&mut self, path: &'static str, span: Span, line: &Line, remark: &str) {
        let bounds = keys::find(path).map(|doc| doc.kind);
        let Some(Kind::Span { min, max } | Kind::SpanOrUnlimited { min, max }) = bounds else {
            return;
        };
        let fits = span.clamp(min, max);
        let cut = if fits == span { "" } else { "Cut to what the key takes." };
        self.put(path, &keys::short(fits), line, join(remark, cut).trim());
    }

    /// A whole number, cut to the bounds of its key.
    fn number(&mut self, path: &'static str, number: u64, line: &Line, remark: &str) {
        let bounds = keys::find(path).map(|doc| doc.kind);
        let Some(Kind::Whole { min, max } | Kind::WholeOrUnlimited { min, max }) = bounds else {
            return;
        };
        let fits = number.clamp(min, max);
        let cut = if fits == number { "" } else { "Cut to what the key takes." };
        self.put(path, &fits.to_string(), line, join(remark, cut).trim());
    }

    fn time(&mut self, line: &Line, value: &str, unit: char) -> Option<Span> {
        let time = lines::time(value, unit);
        if time.is_none() {
            self.unclear(line, "is not a time such as 30m or 1d12h: not taken");
        }
        time
    }

    fn whole(&mut self, line: &Line, value: &str) -> Option<u64> {
        let number = value.parse().ok();
        if number.is_none() {
            self.unclear(line, "is not a whole number: not taken");
        }
        number
    }

    /// A line that was understood in part or not at all.
    fn unclear(&mut self, line: &Line, why: &str) {
        self.left.push((line.number, format!("{} - {why}", origin(line))));
    }
}

fn join(first: &str, second: &str) -> String {
    format!("{first} {second}")
}

/// `line 12: O MinQueueAge=30m`, short and fit for a comment.
fn origin(line: &Line) -> String {
    format!("line {}: {}", line.number, plain(&line.text))
}

/// A text on one line, without anything that turns lines around, and short.
fn plain(text: &str) -> String {
    let clean: String = text.chars().map(|c| if super::unprintable(c) { ' ' } else { c }).collect();
    quoted(&clean.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
