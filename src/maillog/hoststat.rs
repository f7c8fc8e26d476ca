//! The table that `hoststat` (`sendmail -bh`) prints: host, how long ago it was last used, what came of it. A star marks a
//! host that is locked.
//!
//! ```text
//! -------------- Hostname --------------- How long ago ---------Results---------
//! tenant-example-com.mail.protection.exam     00:07:41 Deferred: Connection rese
//! ```

use super::redact::redacted;
use crate::units::Span;

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostStatusRow {
    /// Host, cut short by `hoststat`.
    pub host: String,
    /// Time since it was last used.
    pub age: Span,
    /// Whether a process holds it now.
    pub locked: bool,
    /// What came of it, cut short by `hoststat`.
    pub result: String,
    /// Whether it counts as bad.
    pub bad: bool,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostStatus {
    /// Its rows.
    pub rows: Vec<HostStatusRow>,
}

impl HostStatus {
    /// Reads what `hoststat` printed; `None` if this is something else.
    pub fn read(text: &[u8]) -> Option<HostStatus> {
        let text = String::from_utf8_lossy(text);
        let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
        let head = lines.next()?;
        if !(head.contains("Hostname") && head.contains("How long ago") && head.contains("Results"))
        {
            return None;
        }
        Some(HostStatus { rows: lines.filter_map(row).collect() })
    }

    /// Hosts that count as bad.
    pub fn bad(&self) -> impl Iterator<Item = &HostStatusRow> {
        self.rows.iter().filter(|row| row.bad)
    }
}

fn row(line: &str) -> Option<HostStatusRow> {
    let locked = line.trim_start().starts_with('*');
    let mut words = line.trim_start().trim_start_matches('*').split_whitespace();
    let host = words.next()?;
    let mut word = words.next()?;
    // A lock may stand behind the name, too.
    let locked = locked || word == "*";
    if word == "*" {
        word = words.next()?;
    }
    let age = age(word)?;
    let result = words.collect::<Vec<_>>().join(" ");
    let bad = !result.is_empty() && !result.starts_with("OK") && !result.starts_with("250");
    Some(HostStatusRow {
        host: redacted(host.as_bytes()),
        age,
        locked,
        result: redacted(result.as_bytes()),
        bad,
    })
}

/// `[days+]HH:MM:SS`.
fn age(text: &str) -> Option<Span> {
    let (days, clock) = match text.split_once('+') {
        Some((days, clock)) => (days.parse::<u64>().ok()?, clock),
        None => (0, text),
    };
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = parts.next().is_none() && minutes < 60 && seconds < 60;
    let total = days.checked_mul(24)?.checked_add(hours)?.checked_mul(3600)?;
    whole.then(|| Span::from_secs(total.saturating_add(minutes * 60 + seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_with_its_locks_and_odd_rows_passed_over() {
        let text = b"\
-------------- Hostname --------------- How long ago ---------Results---------
 tenant-example-com.mail.protection.exam     00:07:41 Deferred: Connection rese
*[192.0.2.1]                               1+02:00:00 OK
 mx.example.net                              00:00:03 250 2.6.0 <a@b> Queued
 broken
";
        let table = HostStatus::read(text).expect("a table");
        assert_eq!(table.rows.len(), 3);
        assert_eq!(table.rows[0].age, Span::from_secs(461));
        assert_eq!((table.rows[1].locked, table.rows[1].age), (true, Span::from_hours(26)));
        assert!(!table.rows[2].result.contains('@'));
        let bad: Vec<&str> = table.bad().map(|row| row.host.as_str()).collect();
        assert_eq!(bad, ["tenant-example-com.mail.protection.exam"]);
    }

    #[test]
    fn other_text_is_no_table() {
        for text in [&b""[..], b"Nov 22 05:11:45 mx sendmail[7]: x", b"\xff\xfe", b"name: x\n"] {
            assert_eq!(HostStatus::read(text), None);
        }
    }
}
