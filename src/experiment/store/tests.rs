use super::super::estimate::tests::record;
use super::*;
use crate::measure::Course;
use crate::units::Span;
use std::time::Instant;

fn id(key: &str) -> CellId {
    CellId { key: key.to_owned(), seed: u64::MAX, text: "proofpoint.agents = 1".to_owned() }
}

fn day(number: u64) -> RunRecord {
    let mut day = record(&[number + 1; 50], &[7], &[]);
    day.replication = number;
    day.counts.queue_mean = 1.0 / 3.0;
    day.timeline.bin = Span::from_mins(1);
    day.timeline.queue = (0..1440).map(f64::from).collect();
    day.timeline.arrived = vec![3; 1440];
    day.course = Course::of(&day.timeline);
    day
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("results.sqlite");
    (folder, path)
}

#[test]
fn what_is_stored_is_read_back_and_kept_once() {
    let (_folder, path) = file();
    let store = Store::open(&path).expect("made");
    let cell = store.cell(&id("a")).expect("a row");
    assert_eq!(store.cell(&id("a")).expect("the same row"), cell);
    for number in [1, 0, 1] {
        let keep = if number == 0 { Keep::Timeline } else { Keep::Course };
        store.save(cell, &day(number), keep).expect("saved");
    }
    drop(store);
    let store = Store::open(&path).expect("opened again");
    let records = store.records(cell, 10).expect("read");
    assert_eq!(records.len(), 2);
    assert_eq!(records[0], day(0), "the first keeps its timeline");
    let timeline = Timeline::default();
    assert_eq!(records[1], RunRecord { timeline, ..day(1) }, "its course alone");
    assert_eq!(store.records(cell, 1).expect("read").len(), 1, "--repeats may shrink");
    let mut seen = Vec::new();
    store.scan(|cell, number| seen.push((cell, number))).expect("scanned");
    assert_eq!(seen, [(cell, 0), (cell, 1)]);
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let (_folder, path) = file();
    let first = Store::open(&path).expect("made");
    let error = Store::open(&path).expect_err("in use");
    assert!(error.is_busy() && error.to_string().contains("another mailflow"), "{error}");
    assert!(Store::remove(&path).expect_err("in use").is_busy());
    drop(first);
    Store::open(&path).expect("free again");
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let (_folder, path) = file();
    let store = Store::open(&path).expect("made");
    let cell = store.cell(&id("a")).expect("a row");
    let limit = |pages: u32| {
        store.with(|db| Ok(db.pragma_update(None, "max_page_count", pages)?)).expect("limited");
    };
    limit(24);
    let failed = (0..).find_map(|number| {
        let error = store.save(cell, &day(number), Keep::Timeline).err()?;
        Some((number, error))
    });
    let (number, error) = failed.expect("full");
    assert!(error.to_string().contains("disk is full"), "{error}");
    assert_eq!(store.records(cell, u32::MAX).expect("read").len() as u64, number);
    limit(10_000);
    store.save(cell, &day(number), Keep::Timeline).expect("saved");
    drop(store);
    let store = Store::open(&path).expect("whole");
    assert_eq!(store.records(cell, u32::MAX).expect("read").len() as u64, number + 1);
}

#[test]
fn a_damaged_foreign_or_newer_store_is_refused_and_can_be_started_over() {
    let refused = |spoil: &dyn Fn(&Path), expected: &str| {
        let (_folder, path) = file();
        spoil(&path);
        let error = Store::open(&path).expect_err(expected).to_string();
        assert!(error.contains(expected) && error.contains("results.sqlite"), "{error}");
        Store::remove(&path).expect("removed");
        Store::open(&path).expect("made anew");
    };
    refused(&|path| fs::write(path, vec![b'x'; 9000]).expect("written"), "is damaged");
    refused(
        &|path| {
            let db = Connection::open(path).expect("made");
            db.execute_batch("CREATE TABLE other (x)").expect("another program's");
        },
        "is not a result store",
    );
    refused(
        &|path| {
            let store = Store::open(path).expect("made");
            store.with(|db| Ok(db.pragma_update(None, "user_version", 7)?)).expect("newer");
        },
        "schema 7, this one knows 2",
    );
}

#[test]
fn a_flipped_bit_in_a_record_is_noticed() {
    let (_folder, path) = file();
    let store = Store::open(&path).expect("made");
    let cell = store.cell(&id("a")).expect("a row");
    store.save(cell, &day(0), Keep::Course).expect("saved");
    let flip =
        "UPDATE replication SET record = substr(record, 1, 9) || x'ff' || substr(record, 11)";
    store.with(|db| Ok(db.execute_batch(flip)?)).expect("changed");
    let error = store.records(cell, 1).expect_err("noticed").to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn errors_of_the_file_system_say_what_to_do() {
    use std::io::{Error, ErrorKind};
    let told = |kind| StoreError::new(Path::new("a"), Cause::from(Error::from(kind))).to_string();
    assert!(told(ErrorKind::StorageFull).contains("disk is full"));
    for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
        assert!(told(kind).contains("use --out to write elsewhere"), "{}", told(kind));
    }
}

#[test]
fn reading_a_store_that_is_not_there_makes_none() {
    let (_folder, path) = file();
    let error = Store::open_to_read(&path).expect_err("none").to_string();
    assert!(error.contains("no stored results"), "{error}");
    assert!(!path.exists());
}

#[test]
#[ignore = "a measurement: the scan of a hundred thousand stored replications"]
#[allow(clippy::disallowed_methods)] // It is the wall clock that is measured.
fn a_hundred_thousand_replications_are_scanned_within_a_second() {
    let (_folder, path) = file();
    let store = Store::open(&path).expect("made");
    let record = {
        let mut record = day(0);
        for value in 0..3_000u64 {
            record.delays.delivered.record(value * value * 1_000_000);
        }
        record
    };
    for cell in 0..5_000 {
        let cell = store.cell(&id(&cell.to_string())).expect("a row");
        for replication in 0..20 {
            let record = RunRecord { replication, ..record.clone() };
            store.save(cell, &record, Keep::Course).expect("saved");
        }
    }
    drop(store);
    let begun = Instant::now();
    let store = Store::open(&path).expect("opened");
    let mut count = 0;
    store.scan(|_, _| count += 1).expect("scanned");
    let taken = begun.elapsed();
    let size = fs::metadata(&path).expect("there").len() / 1_000_000;
    println!("{count} replications in {size} MB scanned in {taken:?}");
    assert!(count == 100_000 && taken < Duration::from_secs(1), "{taken:?}");
}
