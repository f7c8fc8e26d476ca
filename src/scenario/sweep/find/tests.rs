use super::super::read;
use super::*;
use std::fs;

fn load(find: &str) -> Result<Sweep, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let base = "name: Base\nproofpoint:\n  queue_runners: 3\n";
    fs::write(folder.path().join("base.yaml"), base).expect("written");
    let file = folder.path().join("sweep.yaml");
    fs::write(&file, format!("base: base.yaml\n{find}\n")).expect("written");
    let said = |errors: Vec<LoadError>| errors.iter().map(ToString::to_string).collect::<String>();
    read::load(&file).map_err(said)
}

/// The values at the rungs and the one to start from.
fn values(find: &str) -> (Vec<String>, Option<String>) {
    let sweep = load(&format!("find: {{ {find}, smallest_with: p99 delay <= 5m }}"));
    let find = sweep.unwrap_or_else(|said| panic!("{said}")).find.expect("asked for");
    let ladder = &find.ladder;
    let rungs = ladder.rungs.iter().map(|place| ladder.text(*place)).collect();
    (rungs, ladder.start.map(|place| ladder.text(place)))
}

#[test]
fn without_a_range_the_value_of_the_base_is_doubled_and_halved() {
    let (rungs, start) = values("key: proofpoint.queue_runners");
    assert_eq!(rungs, ["1", "3", "6", "12", "24", "48", "96", "192"]);
    assert_eq!(start.as_deref(), Some("3"));
    let (rungs, start) = values("key: proofpoint.retry_interval");
    assert_eq!(start.as_deref(), Some("30m"));
    assert!(rungs.contains(&"1h".to_owned()) && rungs.contains(&"15m".to_owned()), "{rungs:?}");
    let (rungs, _) = values("key: mail.scale");
    assert!(rungs.contains(&"0.5".to_owned()) && rungs.contains(&"64".to_owned()), "{rungs:?}");
}

#[test]
fn ranges_of_every_kind_keep_their_ends_and_their_unit() {
    for (find, low, high) in [
        ("key: proofpoint.messages_per_connection, between: [20, 500]", "20", "500"),
        ("key: proofpoint.retry_interval, between: [1m, 30m]", "1m", "30m"),
        ("key: mail.arrivals.poisson.rate, between: [20/min, 90/min]", "20/min", "90/min"),
        ("key: mail.size.lognormal.median, between: [18 KB, 1000 KB]", "18 KB", "1000 KB"),
        (
            "key: network.bandwidth.per_connection, between: [2 Mbit/s, 90 Mbit/s]",
            "2 Mbit/s",
            "90 Mbit/s",
        ),
        ("key: exchange_online.service_time.exponential.mean, between: [300ms, 2s]", "300ms", "2s"),
    ] {
        let (rungs, start) = values(find);
        assert_eq!((rungs, start), (vec![low.to_owned(), high.to_owned()], None), "{find}");
    }
    let sweep = load(
        "find: { key: mail.scale, largest_with: p99 delay <= 1h, between: [1, 2], within: 5% }",
    );
    let find = sweep.expect("valid").find.expect("asked for");
    assert!(find.largest);
    let all: Vec<String> =
        (0..=find.ladder.rungs[1]).map(|place| find.ladder.text(place)).collect();
    assert_eq!(all.len(), 16, "fourteen or fifteen steps of 5 %: {all:?}");
    let numbers: Vec<f64> = all.iter().map(|text| text.parse().expect("a number")).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] / pair[0] <= 1.0501), "{all:?}");
}

#[test]
fn the_value_sought_is_put_into_each_combination() {
    let sweep = load(
        "vary: { proofpoint.retry_interval: [5m, 30m] }\n\
         find: { key: proofpoint.queue_runners, smallest_with: p99 delay <= 5m }",
    );
    let sweep = sweep.expect("valid");
    let find = sweep.find.clone().expect("asked for");
    assert_eq!(sweep.len(), 2);
    let combined = sweep.combined_at(1, &find, "7").expect("valid");
    assert_eq!(combined.scenario.params.sender.runners, 7);
    let said = sweep.combined_at(1, &find, "0").expect_err("no runner");
    assert!(said[0].to_string().contains("sweep.yaml:3:14"), "{}", said[0]);
}

#[test]
fn every_slip_is_shown_with_its_line_and_what_is_accepted() {
    const KEY: &str = "key: proofpoint.queue_runners";
    const WITH: &str = "smallest_with: p99 delay <= 5m";
    for (find, expected) in [
        ("find: many".to_owned(), "a map such as"),
        (format!("find: {{ {WITH} }}"), "key is needed"),
        (format!("find: {{ key: proofpoint.queue_runnes, {WITH} }}"), "proofpoint.queue_runners"),
        (format!("find: {{ key: proofpoint.hoststat, {WITH} }}"), "no order"),
        (format!("find: {{ key: proofpoint.queue_order, {WITH} }}"), "find.key"),
        (format!("find: {{ key: run.simulate, {WITH} }}"), "no setting of the site"),
        (format!("find: {{ {KEY} }}"), "is missing: smallest_with or largest_with"),
        (
            format!("find: {{ {KEY}, {WITH}, largest_with: p99 delay <= 5m }}"),
            "keep one of the two",
        ),
        (format!("find: {{ {KEY}, {WITH}, betwen: [1, 2] }}"), "nearest   between"),
        (format!("find: {{ {KEY}, {WITH}, between: [9, 2] }}"), "upside down"),
        (format!("find: {{ {KEY}, {WITH}, between: [1] }}"), "two ends"),
        (format!("find: {{ {KEY}, {WITH}, between: [1, many] }}"), "a whole number from"),
        (format!("find: {{ {KEY}, {WITH}, within: 1% }}"), "found exactly"),
        (format!("find: {{ key: mail.scale, {WITH}, within: 0% }}"), "0.01%"),
        (
            format!("find: {{ key: proofpoint.messages_per_connection, {WITH} }}"),
            "from which nothing can be doubled",
        ),
        (
            format!(
                "find: {{ key: proofpoint.messages_per_connection, {WITH}, between: [9, unlimited] }}"
            ),
            "there is no middle",
        ),
        (
            format!("vary: {{ proofpoint.queue_runners: [1, 2] }}\nfind: {{ {KEY}, {WITH} }}"),
            "it varies already",
        ),
        (format!("find: {{ {KEY}, {WITH} }}\nexpect: [ p99 delay < 1h ]"), "one question"),
        (format!("find: {{ {KEY}, {WITH} }}\ncompare_with: {{}}"), "one question"),
    ] {
        match load(&find) {
            Err(said) => {
                assert!(said.contains(expected), "{find}\n{expected}\n{said}");
                assert!(said.contains("sweep.yaml:"), "{said}");
            }
            Ok(_) => panic!("accepted: {find}"),
        }
    }
}
