//! One replication as Chrome trace JSON, for ui.perfetto.dev: a track for each queue runner, connection and
//! host. Written as it happens, so that its memory is that of what is under way.
//!
//! A track is used again when what it showed has ended; only so do thousands of connections fit a page.

use crate::model::{Observation, Observer};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The groups of tracks, as the viewer's processes.
const GROUPS: [(u8, &str); 3] = [(1, "queue runners"), (2, "connections"), (3, "hosts avoided")];
const RUNNERS: u8 = 1;
const CONNECTIONS: u8 = 2;
const HOSTS: u8 = 3;

/// Something under way: since when, on which track.
#[derive(Clone, Copy, Debug)]
struct Open {
    since: SimTime,
    track: u64,
}

/// Tracks that are free to be used again.
#[derive(Debug, Default)]
struct Tracks {
    free: BTreeSet<u64>,
    made: u64,
}

impl Tracks {
    fn take(&mut self) -> u64 {
        self.free.pop_first().unwrap_or_else(|| {
            self.made += 1;
            self.made
        })
    }
}

/// Writes what it observes between `from` and `until`.
#[derive(Debug)]
pub struct Perfetto<W: Write> {
    out: W,
    from: SimTime,
    until: SimTime,
    first: bool,
    failed: Option<io::Error>,
    processes: BTreeMap<u64, Open>,
    process_tracks: Tracks,
    connections: BTreeMap<u64, Open>,
    connection_tracks: Tracks,
    /// The message under way on each connection.
    transactions: BTreeMap<u64, (u64, SimTime)>,
    /// By agent and record: since when a host is avoided, and until when at most.
    blocked: BTreeMap<(u32, usize), (SimTime, SimTime)>,
    now: SimTime,
}

impl<W: Write> Perfetto<W> {
    /// Begins the file.
    pub fn new(out: W, from: SimTime, until: SimTime) -> Self {
        let mut trace = Perfetto {
            out,
            from,
            until,
            first: true,
            failed: None,
            processes: BTreeMap::new(),
            process_tracks: Tracks::default(),
            connections: BTreeMap::new(),
            connection_tracks: Tracks::default(),
            transactions: BTreeMap::new(),
            blocked: BTreeMap::new(),
            now: SimTime::ZERO,
        };
        trace.text("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
        for (group, name) in GROUPS {
            trace.record(&format!(
                "{{\"ph\":\"M\",\"pid\":{group},\"name\":\"process_name\",\"args\":{{\"name\":\"{name}\"}}}}"
            ));
        }
        trace
    }

    /// Ends the file: what is still under way ends now.
    ///
    /// # Errors
    /// The first error in writing any of it.
    pub fn finish(mut self) -> io::Result<()> {
        let now = self.now;
        for (process, open) in std::mem::take(&mut self.processes) {
            self.slice((RUNNERS, open.track), open.since, now, &format!("process {process}"));
        }
        for (connection, open) in std::mem::take(&mut self.connections) {
            let name = format!("connection {connection}");
            self.slice((CONNECTIONS, open.track), open.since, now, &name);
        }
        for key in self.blocked.keys().copied().collect::<Vec<_>>() {
            self.cleared(now, key);
        }
        self.text("\n]}\n");
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }

    fn text(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(text.as_bytes()).err();
        }
    }

    fn record(&mut self, json: &str) {
        let comma = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
        self.text(&format!("{comma}{json}"));
    }

    /// A bar on a track, as far as it lies within the range.
    fn slice(&mut self, (group, track): (u8, u64), since: SimTime, end: SimTime, name: &str) {
        let (since, end) = (since.max(self.from), end.min(self.until));
        if since > end {
            return;
        }
        let (ts, dur) = (micros(since.nanos()), micros(end.since(since).nanos()));
        self.record(&format!(
            "{{\"ph\":\"X\",\"pid\":{group},\"tid\":{track},\"ts\":{ts},\"dur\":{dur},\"name\":\"{name}\"}}"
        ));
    }

    fn ended(&mut self, now: SimTime, connection: u64, what: &str) {
        let Some((message, since)) = self.transactions.remove(&connection) else { return };
        if let Some(open) = self.connections.get(&connection) {
            let track = (CONNECTIONS, open.track);
            self.slice(track, since, now, &format!("message {message} {what}"));
        }
    }

    fn cleared(&mut self, now: SimTime, (agent, record): (u32, usize)) {
        if let Some((since, until)) = self.blocked.remove(&(agent, record)) {
            let track = u64::from(agent) * 1000 + record as u64 + 1;
            let name = format!("agent {agent} avoids host {record}");
            self.slice((HOSTS, track), since, until.min(now.max(since)), &name);
        }
    }
}

/// Microseconds with three decimals, the unit of the format.
fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}

impl<W: Write> Observer for Perfetto<W> {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        self.now = now;
        match *observation {
            Observation::ProcessStarted { process, .. } => {
                let track = self.process_tracks.take();
                self.processes.insert(process, Open { since: now, track });
            }
            Observation::ProcessEnded { process, .. } => {
                if let Some(open) = self.processes.remove(&process) {
                    let name = format!("process {process}");
                    self.slice((RUNNERS, open.track), open.since, now, &name);
                    self.process_tracks.free.insert(open.track);
                }
            }
            Observation::ConnectionOpened { connection, .. } => {
                let track = self.connection_tracks.take();
                self.connections.insert(connection, Open { since: now, track });
            }
            Observation::ConnectionClosed { connection, reason, .. } => {
                self.ended(now, connection, "moves on");
                if let Some(open) = self.connections.remove(&connection) {
                    let name = format!("connection {connection} ({reason:?})");
                    self.slice((CONNECTIONS, open.track), open.since, now, &name);
                    self.connection_tracks.free.insert(open.track);
                }
            }
            Observation::TransactionStarted { message, connection, at, .. } => {
                self.ended(now, connection, "in part");
                self.transactions.insert(connection, (message.id, at));
            }
            Observation::TransactionFailed { connection, .. } => {
                self.ended(now, connection, "failed");
            }
            Observation::Delivered { connection, .. } => self.ended(now, connection, "delivered"),
            Observation::HostMarked { agent, record, until, .. } => {
                let Some(until) = until else { return };
                let key = (agent, record);
                match self.blocked.get_mut(&key) {
                    Some((_, end)) if *end >= now => *end = until,
                    _ => {
                        self.cleared(now, key);
                        self.blocked.insert(key, (now, until));
                    }
                }
            }
            Observation::HostCleared { agent, record, .. } => self.cleared(now, (agent, record)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn what_is_under_way_is_drawn_within_the_range_and_tracks_are_used_again() {
        let at = |seconds| SimTime::ZERO + Span::from_secs(seconds);
        let mut out = Vec::new();
        let mut trace = Perfetto::new(&mut out, at(10), at(100));
        let (agent, runner) = (0, true);
        for process in 0..2 {
            let start = 5 + 20 * process;
            trace.observe(at(start), &Observation::ProcessStarted { agent, process, runner });
            trace.observe(at(start + 10), &Observation::ProcessEnded { agent, process, runner });
        }
        let until = Some(at(2000));
        let marked =
            Observation::HostMarked { agent, process: 1, record: 0, destination: 0, until };
        trace.observe(at(40), &marked);
        trace.observe(at(300), &Observation::RunEnded { agent });
        trace.finish().expect("written");
        let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let events = read["traceEvents"].as_array().expect("events");
        let bars: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
        assert_eq!(bars.len(), 3);
        assert_eq!((bars[0]["ts"].as_f64(), bars[0]["dur"].as_f64()), (Some(1e7), Some(5e6)));
        assert_eq!(bars[0]["tid"], bars[1]["tid"], "the first had ended");
        assert_eq!(bars[2]["dur"].as_f64(), Some(6e7), "cut at the end of the range");
    }
}
