//! Every metric by name: what it means, its unit, how people say it, and its value in one replication.

use super::{Counts, Delays, Filter, RunRecord};
use crate::stats::{Pool, Sample};
use crate::units::Span;

/// A metric of INTERFACE section 2. The order of the variants is the order of every table and file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // Each is explained in CATALOGUE, where users read it too.
pub enum Metric {
    DelayMean,
    DelayP50,
    DelayP90,
    DelayP95,
    DelayP99,
    DelayP999,
    DelayMax,
    /// Share of messages later than this.
    Late(Span),
    DaysLate,
    MessagesArrived,
    MessagesDelivered,
    MessagesQueued,
    MessagesBounced,
    MessagesWarned,
    MessagesDuplicated,
    TriesMade,
    TriesSkipped,
    TriesFailed,
    ConnectionsOpened,
    ConnectionsCut,
    ConnectionsReset,
    ConnectionsRefused,
    ConnectionsOpenMax,
    HostMarks,
    HostBlockedTime,
    RecoveryTime,
    ThroughputPeak,
    QueueMax,
    QueueMean,
    RunnersBusy,
    BytesWasted,
}

/// What a metric's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share of a whole, 0..1 (`runners.busy` may exceed 1 when runs overlap).
    Share,
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Things a second.
    PerSecond,
}

/// How a metric is estimated from several replications.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The mean over all measured mail of all replications.
    PooledMean,
    /// A quantile of the same.
    PooledQuantile(f64),
    /// The largest of the same.
    PooledMax,
    /// The share of the same above so many nanoseconds.
    PooledAbove(u64),
    /// The share of replications whose own p99 is over so many nanoseconds.
    LateReplications(u64),
    /// The mean over replications of a value each of them has (or not).
    Each(fn(&Counts) -> Option<f64>),
}

/// One line of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The metric.
    pub metric: Metric,
    /// Its name in files.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// One line for people.
    pub meaning: &'static str,
    /// Spoken forms beside `X Y` and `Y X` for `X.Y`.
    spoken: &'static [&'static str],
}

const fn entry(
    metric: Metric,
    name: &'static str,
    unit: Unit,
    meaning: &'static str,
    spoken: &'static [&'static str],
) -> Entry {
    Entry { metric, name, unit, meaning, spoken }
}

/// A replication is late when its p99 is over this.
const LATE_DAY: Span = Span::from_hours(1);

/// Every metric that is always reported, in order. Beside these stands `late.<any duration>`, and each of
/// them as `NAME@part` for the parts that have it ([`Metric::covers`]).
pub const CATALOGUE: &[Entry] = {
    use Metric::*;
    use Unit::*;
    &[
        entry(DelayMean, "delay.mean", Seconds, "mean delay", &["average delay"]),
        entry(DelayP50, "delay.p50", Seconds, "half of the mail is faster", &["median delay"]),
        entry(DelayP90, "delay.p90", Seconds, "9 of 10 messages are faster", &[]),
        entry(DelayP95, "delay.p95", Seconds, "19 of 20 messages are faster", &[]),
        entry(DelayP99, "delay.p99", Seconds, "99 of 100 messages are faster", &[]),
        entry(
            DelayP999,
            "delay.p999",
            Seconds,
            "999 of 1,000 messages are faster",
            &["p99.9 delay"],
        ),
        entry(
            DelayMax,
            "delay.max",
            Seconds,
            "the latest message",
            &["maximum delay", "worst delay"],
        ),
        entry(Late(Span::from_mins(5)), "late.5m", Share, "messages later than 5 minutes", &[]),
        entry(Late(Span::from_mins(15)), "late.15m", Share, "messages later than 15 minutes", &[]),
        entry(Late(Span::from_hours(1)), "late.1h", Share, "messages later than an hour", &[]),
        entry(DaysLate, "days.late", Share, "days whose p99 is over an hour", &[]),
        entry(MessagesArrived, "messages.arrived", Count, "delivered + queued + bounced", &[]),
        entry(MessagesDelivered, "messages.delivered", Count, "accepted by the receiver", &[]),
        entry(MessagesQueued, "messages.queued", Count, "still queued at the end", &[]),
        entry(MessagesBounced, "messages.bounced", Count, "given up", &[]),
        entry(MessagesWarned, "messages.warned", Count, "delay notices sent", &[]),
        entry(
            MessagesDuplicated,
            "messages.duplicated",
            Count,
            "extra copies accepted",
            &["duplicates"],
        ),
        entry(TriesMade, "tries.made", Count, "attempts, skipped ones included", &[]),
        entry(TriesSkipped, "tries.skipped", Count, "attempts without a connection: host bad", &[]),
        entry(TriesFailed, "tries.failed", Count, "attempts that left the message deferred", &[]),
        entry(ConnectionsOpened, "connections.opened", Count, "connections opened", &[]),
        entry(ConnectionsCut, "connections.cut", Count, "ended by the receiver's lifetime", &[]),
        entry(ConnectionsReset, "connections.reset", Count, "ended by a reset of any cause", &[]),
        entry(
            ConnectionsRefused,
            "connections.refused",
            Count,
            "refused at connect or greeting",
            &[],
        ),
        entry(ConnectionsOpenMax, "connections.open_max", Count, "most open at once", &[]),
        entry(HostMarks, "host.marks", Count, "times a host was marked bad", &[]),
        entry(HostBlockedTime, "host.blocked_time", Seconds, "time a host counted as bad", &[]),
        entry(RecoveryTime, "recovery.time", Seconds, "from the last disturbance to normal", &[]),
        entry(ThroughputPeak, "throughput.peak", PerSecond, "deliveries in the best minute", &[]),
        entry(QueueMax, "queue.max", Count, "longest queue", &["maximum queue"]),
        entry(QueueMean, "queue.mean", Count, "mean queue", &["average queue"]),
        entry(RunnersBusy, "runners.busy", Share, "runners at work, of those configured", &[]),
        entry(BytesWasted, "bytes.wasted", Bytes, "sent in attempts that did not succeed", &[]),
    ]
};

/// A text that names no metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a metric{}", nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
pub struct UnknownMetric {
    /// What was written.
    pub text: String,
    /// The name that comes nearest, when one does.
    pub nearest: Option<String>,
}

impl Metric {
    /// Finds a metric by its name (`delay.p99`) or a spoken form (`p99 delay`, `late over 1h`,
    /// `connections cut`). Case and repeated spaces do not matter; `_` counts as a space.
    ///
    /// # Errors
    /// [`UnknownMetric`] with the nearest name.
    pub fn parse(text: &str) -> Result<Metric, UnknownMetric> {
        let said = normal_form(text);
        if let Some(bound) = late_bound(&said) {
            return Ok(Metric::Late(bound));
        }
        let found = CATALOGUE.iter().find(|entry| entry.forms().any(|form| form == said));
        found
            .map(|entry| entry.metric)
            .ok_or_else(|| UnknownMetric { text: text.trim().to_owned(), nearest: nearest(&said) })
    }

    /// The name used in files.
    pub fn name(self) -> String {
        match (self, self.listed()) {
            (_, Some(entry)) => entry.name.to_owned(),
            (Metric::Late(bound), None) => format!("late.{}", compact(bound)),
            (other, None) => format!("{other:?}"), // Unreachable: a test holds the catalogue complete.
        }
    }

    /// The unit of its values.
    pub fn unit(self) -> Unit {
        self.listed().map_or(Unit::Share, |entry| entry.unit)
    }

    /// What it means, in one line.
    pub fn meaning(self) -> String {
        match (self, self.listed()) {
            (Metric::Late(bound), None) => format!("messages later than {bound}"),
            (_, entry) => entry.map(|entry| entry.meaning).unwrap_or_default().to_owned(),
        }
    }

    /// The kinds of part that have it. Recovery is that of a whole site; runners serve the mail of all
    /// destinations alike.
    pub fn parts(self) -> &'static [&'static str] {
        match self {
            Metric::RecoveryTime => &[],
            Metric::RunnersBusy => &["window"],
            _ => &["destination", "window"],
        }
    }

    /// Whether `part` has it.
    pub fn covers(self, part: &Filter) -> bool {
        self.parts().contains(&part.kind())
    }

    /// Whether it follows mail to its end, so that a window counts the mail that arrives in it; else a window
    /// counts what happens in it.
    pub fn follows_mail(self) -> bool {
        self <= Metric::TriesFailed
    }

    fn listed(self) -> Option<&'static Entry> {
        CATALOGUE.iter().find(|entry| entry.metric == self)
    }

    /// How it is estimated.
    pub fn kind(self) -> Kind {
        use Metric::*;
        match self {
            DelayMean => Kind::PooledMean,
            DelayP50 => Kind::PooledQuantile(0.5),
            DelayP90 => Kind::PooledQuantile(0.9),
            DelayP95 => Kind::PooledQuantile(0.95),
            DelayP99 => Kind::PooledQuantile(0.99),
            DelayP999 => Kind::PooledQuantile(0.999),
            DelayMax => Kind::PooledMax,
            Late(bound) => Kind::PooledAbove(bound.nanos()),
            DaysLate => Kind::LateReplications(LATE_DAY.nanos()),
            MessagesArrived => Kind::Each(|c| Some(c.arrived as f64)),
            MessagesDelivered => Kind::Each(|c| Some(c.delivered as f64)),
            MessagesQueued => Kind::Each(|c| Some(c.queued as f64)),
            MessagesBounced => Kind::Each(|c| Some(c.bounced as f64)),
            MessagesWarned => Kind::Each(|c| Some(c.warned as f64)),
            MessagesDuplicated => Kind::Each(|c| Some(c.duplicated as f64)),
            TriesMade => Kind::Each(|c| Some(c.tries_made as f64)),
            TriesSkipped => Kind::Each(|c| Some(c.tries_skipped as f64)),
            TriesFailed => Kind::Each(|c| Some(c.tries_failed as f64)),
            ConnectionsOpened => Kind::Each(|c| Some(c.connections_opened as f64)),
            ConnectionsCut => Kind::Each(|c| Some(c.connections_cut as f64)),
            ConnectionsReset => Kind::Each(|c| Some(c.connections_reset as f64)),
            ConnectionsRefused => Kind::Each(|c| Some(c.connections_refused as f64)),
            ConnectionsOpenMax => Kind::Each(|c| Some(c.connections_open_max as f64)),
            HostMarks => Kind::Each(|c| Some(c.host_marks as f64)),
            HostBlockedTime => Kind::Each(|c| Some(c.host_blocked_seconds)),
            RecoveryTime => Kind::Each(|c| c.recovery_seconds),
            ThroughputPeak => Kind::Each(|c| Some(c.throughput_peak)),
            QueueMax => Kind::Each(|c| Some(c.queue_max as f64)),
            QueueMean => Kind::Each(|c| Some(c.queue_mean)),
            RunnersBusy => Kind::Each(|c| Some(c.runners_busy)),
            BytesWasted => Kind::Each(|c| Some(c.bytes_wasted)),
        }
    }

    /// Its value in one replication, in its unit; queued messages count with their age, bounced ones as
    /// later than every bound. `None` when it has none (no measured mail, no recovery).
    pub fn of(self, record: &RunRecord) -> Option<f64> {
        self.of_tally(&record.delays, &record.counts)
    }

    /// The same from the books of the whole or of a part.
    pub fn of_tally(self, delays: &Delays, counts: &Counts) -> Option<f64> {
        const NANOS: f64 = 1e9;
        let pool = || Pool::new(&[delays.sample()]);
        let share = |bound| {
            let pool = pool();
            let total = pool.totals()[0];
            (total > 0).then(|| pool.above(bound)[0] as f64 / total as f64)
        };
        let value = match self.kind() {
            Kind::PooledMean => delays.sum_and_count().map(|(sum, n)| sum / NANOS / n),
            Kind::PooledQuantile(p) => pool().quantile_of(0, p).map(|q| q.value / NANOS),
            Kind::PooledMax => delays.max().map(|max| max as f64 / NANOS),
            Kind::PooledAbove(bound) => share(bound),
            Kind::LateReplications(bound) => {
                let p99 = pool().quantile_of(0, 0.99);
                p99.map(|q| if q.open || q.value > bound as f64 { 1.0 } else { 0.0 })
            }
            Kind::Each(value) => value(counts),
        };
        value.filter(|value| value.is_finite())
    }
}

impl super::Delays {
    /// Gives back what memory empty bins take, once all is recorded.
    pub(super) fn pack(&mut self) {
        for histogram in [&mut self.delivered, &mut self.queued, &mut self.bounced] {
            histogram.pack();
        }
    }

    /// The measured mail as the interface counts it: delivered and queued (by age) as known, bounced as
    /// later than every bound.
    pub fn sample(&self) -> Sample<'_> {
        Sample { known: vec![&self.delivered, &self.queued], endless: vec![&self.bounced] }
    }

    /// The same with queued messages, too, as later than every bound: what the delays could be at worst.
    pub fn worst_sample(&self) -> Sample<'_> {
        Sample { known: vec![&self.delivered], endless: vec![&self.queued, &self.bounced] }
    }

    /// Sum of all delays and ages in nanoseconds, and how many; `None` without measured mail.
    pub fn sum_and_count(&self) -> Option<(f64, f64)> {
        let all = [&self.delivered, &self.queued, &self.bounced];
        let count: u64 = all.iter().map(|histogram| histogram.count()).sum();
        let sum: u128 = all.iter().map(|histogram| histogram.sum()).sum();
        (count > 0).then_some((sum as f64, count as f64))
    }

    /// Greatest delay or age in nanoseconds; `None` without measured mail.
    pub fn max(&self) -> Option<u64> {
        [&self.delivered, &self.queued, &self.bounced].iter().filter_map(|h| h.max()).max()
    }
}

impl Entry {
    /// Every form that names this metric, in normal form.
    fn forms(&self) -> impl Iterator<Item = String> {
        let (group, rest) = self.name.split_once('.').unwrap_or((self.name, ""));
        let rest = rest.replace('_', " ");
        let forms =
            [format!("{group}.{rest}"), format!("{group} {rest}"), format!("{rest} {group}")];
        forms.into_iter().chain(self.spoken.iter().map(|form| (*form).to_owned()))
    }
}

/// Lower case, `_` as space, single spaces.
fn normal_form(text: &str) -> String {
    let text = text.to_lowercase().replace('_', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The bound of `late.1h`, `late 1h`, `late over 1h`, `late after 1h`, `later than 1h`.
fn late_bound(said: &str) -> Option<Span> {
    let starts = ["late over ", "late after ", "later than ", "late.", "late "];
    let bound = starts.iter().find_map(|start| said.strip_prefix(start))?;
    let length = humantime::parse_duration(bound).ok()?;
    Some(Span::from_nanos(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)))
}

/// A duration as part of a name: `1h30m`.
fn compact(span: Span) -> String {
    span.to_string().replace(' ', "")
}

/// The catalogue name nearest to `said`, unless nothing is near.
fn nearest(said: &str) -> Option<String> {
    let forms = CATALOGUE.iter().flat_map(|entry| entry.forms().map(move |form| (entry, form)));
    let scored =
        forms.map(|(entry, form)| (strsim::normalized_damerau_levenshtein(said, &form), entry));
    let best = scored.fold(
        (0.0, None),
        |best, (score, entry)| {
            if score > best.0 { (score, Some(entry)) } else { best }
        },
    );
    best.1.filter(|_| best.0 >= 0.5).map(|entry| entry.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name_and_by_every_spoken_form() {
        for entry in CATALOGUE {
            assert_eq!(Metric::parse(entry.name), Ok(entry.metric), "{}", entry.name);
            assert_eq!(entry.metric.name(), entry.name);
            for form in entry.forms() {
                assert_eq!(Metric::parse(&form), Ok(entry.metric), "{form}");
            }
        }
    }

    #[test]
    fn the_spoken_forms_of_the_interface_name_what_it_says() {
        for (said, metric) in [
            ("p99 delay", Metric::DelayP99),
            ("P99  Delay", Metric::DelayP99),
            ("median delay", Metric::DelayP50),
            ("p99.9 delay", Metric::DelayP999),
            ("late over 1h", Metric::Late(Span::from_hours(1))),
            ("late.90s", Metric::Late(Span::from_secs(90))),
            ("late over 1h 30m", Metric::Late(Span::from_mins(90))),
            ("connections cut", Metric::ConnectionsCut),
            ("connections open max", Metric::ConnectionsOpenMax),
            ("connections.open_max", Metric::ConnectionsOpenMax),
            ("host blocked time", Metric::HostBlockedTime),
            ("days late", Metric::DaysLate),
        ] {
            assert_eq!(Metric::parse(said), Ok(metric), "{said}");
        }
    }

    #[test]
    fn an_unknown_metric_names_the_nearest_one_and_nonsense_none() {
        let nearest = |text| Metric::parse(text).expect_err("unknown").nearest;
        assert_eq!(nearest("p98 delay").as_deref(), Some("delay.p90"));
        assert_eq!(nearest("delay.p9999").as_deref(), Some("delay.p999"));
        assert_eq!(nearest("connection cut").as_deref(), Some("connections.cut"));
        assert_eq!(nearest("late.5"), Some("late.5m".to_owned()));
        assert_eq!(nearest("xyzzy"), None);
    }

    #[test]
    fn any_duration_makes_a_late_metric_with_one_name() {
        assert_eq!(Metric::Late(Span::from_mins(60)).name(), "late.1h");
        assert_eq!(Metric::Late(Span::from_mins(90)).name(), "late.1h30m");
        assert_eq!(Metric::parse("late.1h30m"), Ok(Metric::Late(Span::from_mins(90))));
    }

    #[test]
    fn the_catalogue_is_in_the_order_of_the_metrics() {
        assert!(CATALOGUE.windows(2).all(|pair| pair[0].metric < pair[1].metric));
    }

    #[test]
    fn bounced_mail_is_later_than_every_bound_and_queued_mail_as_late_as_it_is_old() {
        let second = 1_000_000_000;
        let mut record = blank();
        record.delays.delivered.record(second);
        record.delays.queued.record(100 * second);
        record.delays.bounced.record(10 * second);
        let late = |seconds| Metric::Late(Span::from_secs(seconds)).of(&record).expect("mail");
        assert!((late(50) - 2.0 / 3.0).abs() < 1e-12);
        assert!((late(5_000) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Metric::DelayMax.of(&record), Some(100.0));
        assert_eq!(Metric::DelayMean.of(&record), Some(37.0));
        assert_eq!(Metric::DelayP50.of(&blank()), None);
    }

    fn blank() -> RunRecord {
        RunRecord {
            replication: 0,
            delays: crate::measure::Delays::default(),
            counts: Counts::default(),
            parts: Vec::new(),
            course: crate::measure::Course::default(),
            timeline: crate::measure::Timeline::default(),
            trace: 0,
        }
    }
}
