//! What a log tells of a receiver and of the way to it.
//!
//! A message on a busy connection takes four round trips, its body's time and the receiver's service time. A log shows
//! their sum and how it grows with the size: the bandwidth and the sum of the other two. The round trip keeps its
//! default, and the rest is the service time.

use super::relays::Group;
use super::{Calibrated, Frame, seconds, span};
use crate::maillog::{
    Answer, Closed, Conditions, CutKind, Diagnosis, Door, Inferred, MessageTime, Phase,
};
use crate::units::Span;

/// The round trip as assumed by default, in seconds, and how many a message takes.
const ROUND_TRIP: f64 = 0.03;
const ROUND_TRIPS: f64 = 4.0;
/// Body time grows with the number of connections by this factor where they share a link.
const SHARED: f64 = 2.0;
/// Shares of machines below this are chance.
const FEW: u64 = 3;

/// What is known of one receiver.
pub(super) struct Receiver<'a> {
    diagnosis: &'a Diagnosis,
    frame: &'a Frame,
    group: &'a Group,
    /// All its relays as one.
    all: Conditions,
    answers: Vec<&'a Answer>,
    reached: u64,
    ages: Vec<Span>,
    /// Settings of the diagnosis are those of the relay with most attempts; of others only their own lines tell.
    main: bool,
}

impl<'a> Receiver<'a> {
    pub(super) fn of(diagnosis: &'a Diagnosis, frame: &'a Frame, group: &'a Group) -> Self {
        let relays = group.relays.iter().filter_map(|place| diagnosis.relays.get(*place));
        let mut all = Conditions::default();
        let (mut answers, mut reached, mut ages) = (Vec::new(), 0, Vec::new());
        for relay in relays {
            all.join(&relay.conditions);
            answers.extend(&relay.answers);
            reached += relay.tries - relay.skipped.min(relay.tries);
            ages.extend_from_slice(&relay.age_at_cut);
        }
        ages.sort();
        let main = group.relays.contains(&0);
        Receiver { diagnosis, frame, group, all, answers, reached, ages, main }
    }

    /// The round trip and the service time, in seconds, that the base of a message's time is made of.
    fn parts(time: &MessageTime) -> (f64, f64) {
        let service = time.base - ROUND_TRIPS * ROUND_TRIP;
        if service >= 0.1 * time.base {
            (ROUND_TRIP, service)
        } else {
            // Faster than the assumed round trips allow: half of it is theirs.
            (time.base / ROUND_TRIPS / 2.0, time.base / 2.0)
        }
    }

    /// The keys of a receiver, under `exchange_online`.
    pub(super) fn keys(&self) -> Vec<Calibrated> {
        let mut keys = self.routing();
        keys.extend(self.lifetime());
        keys.push(self.cut());
        keys.push(self.service_time());
        keys.push(self.limit());
        keys.push(self.deferrals());
        keys.push(self.machines());
        keys.push(self.slow_hours());
        keys.push(self.outages());
        keys
    }

    fn front_ends(&self) -> u32 {
        let relays = &self.diagnosis.relays;
        let addresses = |place: &usize| relays.get(*place).map_or(0, |relay| relay.addresses);
        let seen = match self.group.relays.len() {
            1 => self.group.relays.iter().map(addresses).max().unwrap_or(1),
            several => several as u32,
        };
        seen.clamp(1, 64)
    }

    fn routing(&self) -> Vec<Calibrated> {
        let front_ends = self.front_ends();
        let (routing, why) = match (self.group.literal, self.group.relays.len()) {
            (true, _) => ("addresses", "shown: relays are addresses in brackets"),
            (false, 1) => ("one_name", "shown: one host name takes all of this mail"),
            (false, _) => ("mx_hosts", "shown: several hosts of one domain take this mail"),
        };
        let why_count = format!("shown: {front_ends} addresses were reached");
        vec![
            Calibrated::known("exchange_online.front_ends", front_ends.to_string(), why_count),
            Calibrated::known("exchange_online.routing", routing, why),
        ]
    }

    fn lifetime(&self) -> Vec<Calibrated> {
        const KEY: &str = "exchange_online.connection_lifetime";
        const JITTER: &str = "exchange_online.lifetime_jitter";
        let other = Inferred::undetermined("too little is known of this relay's connections");
        let inferred = match self.main {
            true => &self.diagnosis.settings.connection_lifetime,
            false => &other,
        };
        let few = "fewer than ten connections of known age were cut";
        let Some(value) = inferred.value else {
            let none = super::key(KEY, inferred, span);
            return vec![none, Calibrated::undetermined(JITTER, few)];
        };
        let near: Vec<f64> = self.ages.iter().map(|age| age.seconds()).collect();
        let middle = near.get(near.len() / 2).copied().unwrap_or(value.seconds());
        let near: Vec<f64> =
            near.into_iter().filter(|age| (age / middle - 1.0).abs() < 0.1).collect();
        let (Some(least), Some(most)) = (near.first(), near.last()) else {
            return vec![super::key(KEY, inferred, span), Calibrated::undetermined(JITTER, few)];
        };
        // Ages come from the first line on a connection, so they are a little short of the truth.
        let lifetime = Span::from_secs(((least + 5.0) / 10.0).floor() as u64 * 10);
        let count = near.len();
        let why = format!(
            "{}: {count} connections were cut at an age of {} to {}",
            inferred.sure.word(),
            seconds(least.round()),
            seconds(most.round())
        );
        let mut keys = vec![Calibrated::known(KEY, span(lifetime), why)];
        keys.push(match count {
            0..10 => Calibrated::undetermined(JITTER, few),
            _ => {
                // The spread of so many uniform draws falls short of their range.
                let spread = (most - lifetime.seconds()) * (count + 1) as f64 / count as f64;
                let jitter = Span::from_secs((spread / 5.0).round().max(0.0) as u64 * 5);
                Calibrated::known(JITTER, span(jitter), format!("likely: from {count} ages"))
            }
        });
        keys
    }

    fn cut(&self) -> Calibrated {
        if !self.main {
            let why = "too little is known of this relay's connections";
            return Calibrated::undetermined("exchange_online.cut", why);
        }
        super::key("exchange_online.cut", &self.diagnosis.settings.cut, |kind| match kind {
            CutKind::Reset => "reset".to_owned(),
            CutKind::Reply421 => "reply_421".to_owned(),
        })
    }

    fn service_time(&self) -> Calibrated {
        const KEY: &str = "exchange_online.service_time";
        // Less than a millisecond is no time that a receiver takes: the line is not one.
        let Some(time) = self.all.message_time.as_ref().filter(|time| time.base >= 0.001) else {
            return self.service_time_of_mean(KEY);
        };
        let (round_trip, service) = Self::parts(time);
        // A lognormal distribution with this mean and standard deviation.
        let sigma = time.deviation.map_or(0.5, |deviation| {
            libm::sqrt(libm::log1p((deviation / service).powi(2))).clamp(0.01, 3.0)
        });
        let (which, remark) = match time.deviation {
            Some(_) => ("shown: {n} messages on busy connections took", ""),
            None => ("likely: {n} single messages took about", "; their scatter is assumed"),
        };
        let which = which.replace("{n}", &time.n.to_string());
        let millis = |time: f64| seconds((time * 1000.0).round() / 1000.0);
        let why = format!(
            "{which} {} besides their body; less {ROUND_TRIPS} round trips of {}{remark}",
            millis(time.base),
            millis(round_trip)
        );
        let value = format!("{{ lognormal: {{ mean: {}, sigma: {sigma:.4} }} }}", seconds(service));
        Calibrated::known(KEY, value, why)
    }

    /// Where messages never follow each other, their mean time may still be known.
    fn service_time_of_mean(&self, key: &'static str) -> Calibrated {
        if !self.main {
            return Calibrated::undetermined(key, "too few messages followed each other");
        }
        let inferred: &Inferred<Span> = &self.diagnosis.settings.message_time;
        let Some(mean) = inferred.value else { return super::key(key, inferred, span) };
        let service = (mean.seconds() - ROUND_TRIPS * ROUND_TRIP).max(0.1 * mean.seconds());
        let value = format!("{{ lognormal: {{ mean: {}, sigma: 0.5 }} }}", seconds(service));
        Calibrated::known(key, value, super::why(inferred))
    }

    fn limit(&self) -> Calibrated {
        const KEY: &str = "exchange_online.max_connections";
        let openings = self.all.openings;
        let said = self.says_too_many();
        match self.all.open_when_refused.filter(|open| said && *open > 0) {
            Some(open) => Calibrated::known(
                KEY,
                open.to_string(),
                format!(
                    "likely: {} connections were greeted with 421 for being too many, mostly while {open} others \
                     were at work",
                    openings.greeted_421
                ),
            ),
            None => {
                Calibrated::undetermined(KEY, "no connection was refused for being one too many")
            }
        }
    }

    /// A 421 greeting speaks of a limit.
    fn says_too_many(&self) -> bool {
        self.answers.iter().any(|answer| {
            answer.phase == Phase::Greeting
                && ["concurrent", "too many", "exceed"]
                    .iter()
                    .any(|word| answer.text.to_ascii_lowercase().contains(word))
        })
    }

    fn deferrals(&self) -> Calibrated {
        const KEY: &str = "exchange_online.deferrals";
        let mut list = Vec::new();
        for answer in self.answers.iter().filter(|answer| answer.phase != Phase::Greeting) {
            // The end of a connection's life is no deferral.
            if answer.code == 421 || !(400..500).contains(&answer.code) || answer.count < FEW {
                continue;
            }
            let at = if answer.phase == Phase::Envelope { "rcpt" } else { "dot" };
            let chance = 100.0 * answer.count as f64 / self.reached.max(1) as f64;
            let dsn = if answer.dsn.starts_with("4.") { answer.dsn.as_str() } else { "4.0.0" };
            let reply = format!("{} {dsn}", answer.code);
            list.push(format!(
                "{{ at: {at}, reply: {}, chance: {chance:.4}% }}",
                super::quoted(&reply)
            ));
        }
        if list.is_empty() {
            return Calibrated::undetermined(KEY, "hardly any message was refused for now");
        }
        let why = "likely: as often as they are logged, at any time; where the log does not tell the command, the \
                   final dot";
        Calibrated::known(KEY, format!("[ {} ]", list.join(", ")), why)
    }

    fn machines(&self) -> Calibrated {
        const KEY: &str = "exchange_online.unhealthy_machines";
        let openings = self.all.openings;
        let all = openings.good + openings.reset + openings.greeted_421;
        let limited = self.says_too_many();
        let kinds = [
            (openings.reset, "reset", "reset before a message was accepted"),
            (if limited { 0 } else { openings.greeted_421 }, "greeting_421", "greeted with 421"),
        ];
        let Some((count, behaviour, what)) =
            kinds.into_iter().filter(|(count, ..)| *count >= FEW).max_by_key(|(count, ..)| *count)
        else {
            let why = "fewer than three connections failed at once, which may be chance";
            return Calibrated::undetermined(KEY, why);
        };
        let share = 100.0 * count as f64 / all.max(1) as f64;
        let why = format!("likely: {count} of {all} connections were {what}");
        let value = format!("{{ share: {share:.4}%, behaviour: {behaviour} }}");
        Calibrated::known(KEY, value, why)
    }

    fn slow_hours(&self) -> Calibrated {
        const KEY: &str = "exchange_online.slow_hours";
        let Some(time) = self.all.message_time.as_ref().filter(|time| time.base >= 0.001) else {
            return Calibrated::undetermined(KEY, "too few messages followed each other");
        };
        let (round_trip, service) = Self::parts(time);
        let factor = |base: f64| ((base - ROUND_TRIPS * round_trip) / service).clamp(1.0, 1000.0);
        let list: Vec<String> = time
            .slow
            .iter()
            .filter(|slow| slow.from != slow.until)
            .map(|slow| {
                let (from, until) = (clock(slow.from), clock(slow.until));
                format!("{{ from: {from}, until: {until}, factor: {:.3} }}", factor(slow.base))
            })
            .collect();
        if list.is_empty() {
            return Calibrated::undetermined(
                KEY,
                "no quarter of an hour was slower than half as slow again",
            );
        }
        let why =
            "shown: what a message took by the quarter of an hour, as a multiple of the usual";
        Calibrated::known(KEY, format!("[ {} ]", list.join(", ")), why)
    }

    fn outages(&self) -> Calibrated {
        const KEY: &str = "exchange_online.outages";
        let mut list = Vec::new();
        let relays = self.group.relays.iter().filter_map(|place| self.diagnosis.relays.get(*place));
        for (number, relay) in relays.enumerate() {
            for closed in &relay.conditions.outages {
                let all: Vec<u32> = match self.group.relays.len() {
                    1 => (1..=self.front_ends()).collect(),
                    _ => vec![number as u32 + 1],
                };
                let times = self.when(closed);
                let Some((from, until)) = times else { continue };
                let behaviour = match closed.door {
                    Door::Refused => "refuse",
                    Door::Silent => "silent",
                    Door::Reset => "reset",
                    Door::Greeting421 => "greeting_421",
                };
                list.extend(all.iter().map(|front_end| {
                    format!(
                        "{{ front_end: {front_end}, from: {}, until: {}, behaviour: {behaviour} }}",
                        seconds(from),
                        seconds(until)
                    )
                }));
            }
        }
        if list.is_empty() {
            return Calibrated::undetermined(KEY, "at no time did every connection fail");
        }
        let why = "shown: no connection came about then; the ends lie between the last failure and the next success";
        Calibrated::known(KEY, format!("[ {} ]", list.join(", ")), why)
    }

    /// When a door was closed, in seconds from the start: from its first failure, or shortly before it, to the
    /// middle between its last failure and the next success.
    fn when(&self, closed: &Closed) -> Option<(f64, f64)> {
        let at = |stamp| self.frame.seconds(stamp);
        let waited = match (closed.door, self.all.connect_timeout) {
            (Door::Silent, Some(timeout)) => timeout as f64,
            _ => 0.0,
        };
        let least = closed.after.map_or(0.0, at);
        let from = (at(closed.from) - waited - 0.5).max(least);
        let end = self.frame.length.seconds();
        let until =
            closed.before.map_or(end, |before| (at(closed.last) + at(before)) / 2.0).min(end);
        (from < until && from < end).then_some((from, until))
    }

    /// `network:`, as this receiver's messages show it.
    pub(super) fn network(&self) -> Vec<Calibrated> {
        const RTT: &str = "network.round_trip";
        const ALONE: &str = "network.bandwidth.per_connection";
        const SHARED_LINK: &str = "network.bandwidth.shared";
        let Some(time) = self.all.message_time.as_ref().filter(|time| time.base >= 0.001) else {
            let why = "too few messages followed each other on one connection";
            return vec![Calibrated::undetermined(RTT, why), Calibrated::undetermined(ALONE, why)];
        };
        let (round_trip, _) = Self::parts(time);
        let mut keys = vec![if round_trip == ROUND_TRIP {
            let why = "its part of a message's time cannot be told from the service time";
            Calibrated::undetermined(RTT, why)
        } else {
            let why = "likely: messages take less than the default round trips; half of their time";
            Calibrated::known(RTT, seconds(round_trip), why)
        }];
        let megabits = |per_byte: f64| format!("{:.3} Mbit/s", (8e-6 / per_byte).clamp(0.001, 1e6));
        keys.push(match (time.per_byte, time.per_byte_alone, time.per_byte_among_many) {
            (_, Some(alone), Some(many)) if many > SHARED * alone => {
                let why = format!(
                    "likely: a body takes {:.1} times as long while many connections are at work",
                    many / alone
                );
                // A line that is full for long carries what it can: that is known more closely.
                let full = self.all.plateau.map(|rate| 1.0 / rate);
                let full = full.filter(|full| (full / alone - 1.0).abs() < 0.15);
                Calibrated::known(SHARED_LINK, megabits(full.unwrap_or(alone)), why)
            }
            (Some(per_byte), ..) => {
                let why = "shown: by how much larger messages take longer";
                Calibrated::known(ALONE, megabits(per_byte), why)
            }
            (None, ..) => {
                let why = "shown: larger messages do not take longer";
                Calibrated::known(ALONE, "unlimited", why)
            }
        });
        keys
    }
}

/// `09:30`.
fn clock(of_day: Span) -> String {
    let minutes = of_day.nanos() / 60_000_000_000;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}
