//! Recorded mail and values from CSV files.
//!
//! A problem in such a file is shown at the scenario's line that names it, with the file, line, column
//! and value of the mistake in words.

use super::keys::ShapeOf;
use super::problem::{nearest, quoted};
use super::reader::Field;
use crate::model::params::{Destination, Recorded};
use crate::units::{SimTime, Span, parse};
use std::fmt::Display;
use std::sync::Arc;

/// Largest file read: a day of ten million messages fits.
const LARGEST_FILE: u64 = 1 << 30;
/// After so many mistakes in one file the rest is only counted.
const MOST_PROBLEMS: usize = 5;

/// A CSV file: its name for people, its columns and its text.
struct Table<'f, 'a> {
    field: &'f Field<'a>,
    name: String,
    text: String,
    columns: Vec<String>,
    mistakes: usize,
}

impl<'f, 'a> Table<'f, 'a> {
    /// Reads the file named by `field` and its header, of which `known` are the columns.
    fn open(field: &'f Field<'a>, known: &[&str], needed: &[&str]) -> Option<Self> {
        let name = field.text()?.to_owned();
        let path = field.report.base().join(&name);
        let text = match read_text(&path) {
            Ok(text) => text,
            Err(why) => {
                let found = format!("{}, which cannot be read", quoted(&name));
                return field.refuse_as(&found, &field.doc.accepts(), &format!("{name}: {why}"));
            }
        };
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let header = text.lines().next().unwrap_or("");
        let columns: Vec<String> = header.split(',').map(|cell| clean(cell).to_owned()).collect();
        let table = Table { field, name, text, columns, mistakes: 0 };
        table.check_header(known, needed)?;
        Some(table)
    }

    fn check_header(&self, known: &[&str], needed: &[&str]) -> Option<()> {
        let accepted = format!("a header of the columns {}", known.join(", "));
        let refuse =
            |found: &str| self.field.refuse_as(&format!("{}:1: {found}", self.name), &accepted, "");
        if self.text.trim().is_empty() {
            return refuse("an empty file");
        }
        for (index, column) in self.columns.iter().enumerate() {
            if !known.contains(&column.as_str()) {
                return refuse(&format!("the column {}, which is not known", quoted(column)));
            }
            if self.columns[..index].contains(column) {
                return refuse(&format!("the column {column} twice"));
            }
        }
        match needed.iter().find(|name| self.column(name).is_none()) {
            Some(missing) => refuse(&format!("no column {missing}")),
            None => Some(()),
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    fn refuse(&mut self, line: usize, found: impl Display, accepted: &str, advice: &str) {
        self.mistakes += 1;
        if self.mistakes <= MOST_PROBLEMS {
            let found = format!("{}:{line}: {found}", self.name);
            self.field.refuse_as::<()>(&found, accepted, advice);
        }
    }

    /// One cell of a row, read; a mistake is recorded.
    fn cell<T>(
        &mut self,
        line: usize,
        cells: &[&str],
        column: usize,
        (read, accepted): (impl Fn(&str) -> Option<T>, &str),
    ) -> Option<T> {
        let value = cells.get(column).copied().unwrap_or("");
        let read = read(value);
        if read.is_none() {
            let found = format!("{} in the column {}", shown(value), self.columns[column]);
            self.refuse(line, found, accepted, "");
        }
        read
    }

    /// Calls `row` with each line number and its cells; lines with nothing on them are passed over.
    fn rows(&mut self, mut row: impl FnMut(&mut Self, usize, &[&str])) {
        let text = std::mem::take(&mut self.text);
        for (index, line) in text.lines().enumerate().skip(1) {
            if line.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = line.split(',').map(clean).collect();
            if cells.len() == self.columns.len() {
                row(self, index + 1, &cells);
            } else {
                let found = format!("{} cells", cells.len());
                let accepted = format!("{} cells, as in the header", self.columns.len());
                self.refuse(index + 1, found, &accepted, "");
            }
        }
        if self.mistakes > MOST_PROBLEMS {
            let more = self.mistakes - MOST_PROBLEMS;
            let found = format!("{}: {more} more mistakes of this kind", self.name);
            self.field.refuse_as::<()>(&found, "a file without mistakes", "");
        }
    }
}

fn read_text(path: &std::path::Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !size.is_file() {
        return Err("is not a file".to_owned());
    }
    if size.len() > LARGEST_FILE {
        return Err("is larger than 1 GiB".to_owned());
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "is not a text file in UTF-8".to_owned())
}

fn clean(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
}

fn shown(value: &str) -> String {
    if value.is_empty() { "nothing".to_owned() } else { quoted(value) }
}

fn seconds(text: &str) -> Option<Span> {
    let value = parse::number(text).ok().filter(|value| *value <= 1e9)?;
    Some(Span::from_seconds(value))
}

fn bytes(text: &str) -> Option<u64> {
    parse::whole(text).ok().filter(|value| *value <= ShapeOf::LARGEST.bytes())
}

fn recipients(text: &str) -> Option<u32> {
    let count = parse::whole(text).ok().filter(|count| (1..=100_000).contains(count))?;
    u32::try_from(count).ok()
}

/// An optional cell: nothing, or a value.
fn or_nothing<T>(read: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
    move |text| if text.is_empty() { Some(None) } else { read(text).map(Some) }
}

/// Recorded arrivals in order of time.
pub(super) fn replay(field: &Field<'_>, others: &[Destination]) -> Option<Arc<[Recorded]>> {
    const KNOWN: [&str; 5] = ["time_s", "bytes", "message", "recipients", "destination"];
    const SIZE: &str = "a whole number of bytes, or nothing";
    let mut table = Table::open(field, &KNOWN, &["time_s", "bytes"])?;
    let (Some(time), Some(size)) = (table.column("time_s"), table.column("bytes")) else {
        return None;
    };
    let people = table.column("recipients");
    let place = table.column("destination");
    let names: Vec<&str> =
        std::iter::once("exchange_online").chain(others.iter().map(|other| &*other.name)).collect();
    let mut list: Vec<Recorded> = Vec::new();
    table.rows(|table, line, cells| {
        let at = table.cell(line, cells, time, (seconds, "seconds from the start, such as 12.5"));
        let size = table.cell(line, cells, size, (or_nothing(bytes), SIZE));
        let people = people.map_or(Some(None), |column| {
            let accepted = "a whole number from 1 to 100000, or nothing";
            table.cell(line, cells, column, (or_nothing(recipients), accepted))
        });
        let to = place.map_or(Some(None), |column| {
            let near = nearest(cells[column], names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; the nearest is {near}"));
            let accepted = format!("nothing, or one of {}{near}", names.join(", "));
            let index = |text: &str| names.iter().position(|name| *name == text);
            let number = |text: &str| u16::try_from(index(text)?).ok();
            table.cell(line, cells, column, (or_nothing(number), &accepted))
        });
        let (Some(at), Some(bytes), Some(recipients), Some(destination)) = (at, size, people, to)
        else {
            return;
        };
        let at = SimTime::ZERO + at;
        if list.last().is_some_and(|last| at < last.at) {
            let found =
                format!("{} in the column time_s, earlier than the line before", cells[time]);
            table.refuse(line, found, "rows in order of time", "sort the file by time_s");
        }
        list.push(Recorded { at, bytes, recipients, destination });
    });
    finish(&table, list)
}

/// Recorded sizes or durations.
pub(super) fn values(field: &Field<'_>, of: ShapeOf) -> Option<Arc<[f64]>> {
    let path = field.report.base().join(field.text()?);
    field.report.recorded(path, of == ShapeOf::Bytes, || read_values(field, of))
}

fn read_values(field: &Field<'_>, of: ShapeOf) -> Option<Arc<[f64]>> {
    let (name, accepted) = match of {
        ShapeOf::Bytes => ("bytes", "a whole number of bytes, at most 10 GB"),
        ShapeOf::Seconds => ("seconds", "seconds such as 0.35, at most a day"),
    };
    let known = ["seconds", "bytes", "time_s", "message", "recipients", "destination"];
    let mut table = Table::open(field, &known, &[name])?;
    let column = table.column(name)?;
    let mut list: Vec<f64> = Vec::new();
    table.rows(|table, line, cells| {
        let read = |text: &str| match of {
            ShapeOf::Bytes => bytes(text).map(|bytes| bytes as f64),
            ShapeOf::Seconds => {
                parse::number(text).ok().filter(|value| *value <= ShapeOf::LONGEST.seconds())
            }
        };
        list.extend(table.cell(line, cells, column, (read, accepted)));
    });
    finish(&table, list)
}

fn finish<T>(table: &Table<'_, '_>, list: Vec<T>) -> Option<Arc<[T]>> {
    if table.mistakes > 0 {
        return None;
    }
    if list.is_empty() {
        let found = format!("{}: a header and no rows", table.name);
        return table.field.refuse_as(&found, "at least one row", "");
    }
    Some(list.into())
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, parse};
    use super::*;
    use crate::model::distribution::Shape;
    use crate::model::params::Arrivals;
    use proptest::prelude::*;

    fn with(csv: &[u8], text: &str) -> Result<Scenario, String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("x.csv"), csv).expect("written");
        parse("story.yaml", text, folder.path(), &[]).map_err(|problems| problems.to_string())
    }

    fn replayed(csv: &[u8]) -> Result<Vec<Recorded>, String> {
        let text = "run: { repeats: 1 }\nmail: { arrivals: { replay: { file: x.csv } } }";
        with(csv, text).map(|scenario| match scenario.params.workload.arrivals {
            Arrivals::Replay(list) => list.to_vec(),
            other => panic!("{other:?}"),
        })
    }

    fn recorded(seconds: f64, bytes: Option<u64>, recipients: Option<u32>) -> Recorded {
        Recorded {
            at: SimTime::ZERO + Span::from_seconds(seconds),
            bytes,
            recipients,
            destination: None,
        }
    }

    #[test]
    fn columns_come_in_any_order_and_empty_cells_are_drawn_later() {
        let csv = "\u{feff}recipients,message,bytes,time_s\r\n2,m1,100,0.5\r\n,\"m2\",,1\r\n\r\n";
        let list = replayed(csv.as_bytes()).expect("valid");
        assert_eq!(list, [recorded(0.5, Some(100), Some(2)), recorded(1.0, None, None)]);
    }

    #[test]
    fn a_file_full_of_mistakes_shows_the_first_few_and_counts_the_rest() {
        let csv = format!("time_s,bytes\n{}", "x,1\n".repeat(100));
        let said = replayed(csv.as_bytes()).expect_err("wrong");
        assert!(said.contains("x.csv:6: x in the column time_s"), "{said}");
        assert!(said.contains("95 more mistakes"), "{said}");
    }

    #[test]
    fn a_replay_tells_that_repeats_vary_the_receiver_only() {
        let text = "mail: { arrivals: { replay: { file: x.csv } } }\nrun: { simulate: 1m }";
        let scenario = with(b"time_s,bytes\n1,5\n100,5\n", text).expect("valid");
        let kinds: Vec<&str> = scenario.notes.iter().map(|note| note.kind).collect();
        assert_eq!(kinds, ["replay_cut", "replay_repeats"]);
    }

    #[test]
    fn recorded_sizes_and_durations_become_shapes() {
        let text = "mail: { size: { empirical: { file: x.csv } } }\n\
                    exchange_online: { service_time: { empirical: { file: x.csv } } }";
        let params = with(b"bytes,seconds\n100,0.5\n200,1.5\n", text).expect("valid").params;
        assert_eq!(params.workload.size, Shape::Empirical(Arc::from([100.0, 200.0])));
        assert_eq!(params.receiver.service_time, Shape::Empirical(Arc::from([0.5, 1.5])));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn no_file_makes_the_reader_panic(
            header in proptest::sample::select(vec!["", "time_s,bytes\n", "bytes,time_s,recipients\n"]),
            body in proptest::collection::vec(any::<u8>(), 0..120),
            rows in "([0-9.,e\\-]{0,12}\n){0,5}",
        ) {
            let _ = replayed(&[header.as_bytes(), rows.as_bytes(), &body].concat());
            let _ = replayed(&[header.as_bytes(), rows.as_bytes()].concat());
        }
    }
}
