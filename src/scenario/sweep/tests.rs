use super::*;
use std::fs;

/// The sweep with this text, beside a base with two runners and HostStat on.
fn load(text: &str) -> Result<Sweep, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let base = "name: Base\nrun: { repeats: 5, seed: 7 }\nproofpoint:\n  queue_runners: 2\n\
                expect: [ p99 delay < 1h ]\n";
    fs::write(folder.path().join("base.yaml"), base).expect("written");
    let file = folder.path().join("sweep.yaml");
    fs::write(&file, text).expect("written");
    let sweep = read::load(&file).and_then(|sweep| sweep.check().map(|()| sweep));
    let said = |errors: Vec<LoadError>| errors.iter().map(ToString::to_string).collect::<String>();
    sweep.map_err(said)
}

fn values(sweep: &Sweep) -> Vec<String> {
    let of = |index| {
        let values = sweep.values_of(index).into_iter();
        values.map(|value| value.unwrap_or("-".to_owned())).collect::<Vec<_>>().join(" ")
    };
    (0..sweep.len()).map(of).collect()
}

#[test]
fn a_grid_combines_each_value_with_each_of_the_others() {
    let sweep = load(
        "base: base.yaml\nvary:\n  proofpoint.queue_runners: [2, 10]\n  \
         proofpoint.hoststat: [on, off, on: x]\n",
    );
    assert!(sweep.expect_err("not a value").contains("sweep.yaml:4:34"));
    let sweep = load(
        "base: base.yaml\nvary:\n  proofpoint.queue_runners: [2, 10]\n  proofpoint.hoststat: [on, off]\n\
         compare_with: { proofpoint.queue_runners: 10 }\nrun: { seed: 9 }\n",
    );
    let sweep = sweep.expect("valid");
    assert_eq!(values(&sweep), ["2 on", "2 off", "10 on", "10 off"]);
    assert_eq!(sweep.compare_with, Some(2), "of the other keys it has the base's values");
    let last = sweep.combined(3).expect("valid");
    assert_eq!((last.scenario.run.seed, last.scenario.run.repeats), (9, 5));
    assert_eq!(last.scenario.params.sender.runners, 10);
    assert!(last.scenario.expect.is_empty(), "the base's promises are about itself");
    assert!(
        last.settings.iter().any(|s| s.key == "proofpoint.hoststat.enabled" && s.value == "off")
    );
}

#[test]
fn one_at_a_time_begins_with_the_base_and_a_list_is_taken_as_it_is() {
    let sweep = load(
        "base: { proofpoint: { agents: 3 } }\ndesign: one_at_a_time\n\
         vary: { proofpoint.queue_runners: [5], proofpoint.hoststat: [off] }\n\
         expect: [ p99 delay < 1h, { where: { proofpoint.hoststat: off }, expect: connections cut > 0 } ]\n",
    );
    let sweep = sweep.expect("valid");
    assert_eq!(values(&sweep), ["- -", "5 -", "- off"]);
    assert_eq!(sweep.base_values(), ["2", "on"]);
    assert_eq!(
        (sweep.expect[0].of.as_ref(), sweep.expect[1].of.as_deref()),
        (None, Some(&[2][..]))
    );
    let sweep = load(
        "base: base.yaml\ncombinations: [ { proofpoint.agents: 2, mail.scale: 2 }, {} ]\n\
         run: { until: { metric: delay.p99, relative: 5%, at_most: 500 } }\n",
    );
    let sweep = sweep.expect("valid");
    assert_eq!((sweep.design, values(&sweep)), (Design::List, vec!["2 2".into(), "- -".into()]));
    assert_eq!(
        sweep.until.as_ref().map(|until| (until.relative, until.at_most)),
        Some((0.05, 500))
    );
    assert_eq!(sweep.scenario(0).expect("valid").run.repeats, 500);
}

#[test]
fn every_slip_is_shown_with_its_line_and_what_is_accepted() {
    for (text, expected) in [
        ("vary: { proofpoint.queue_runners: [2] }", "base"),
        ("base: base.yaml", "vary"),
        ("base: base.yaml\nvary: {}", "nothing varies"),
        ("base: base.yaml\nvary: { proofpoint.queue_runners: [] }", "at least one value"),
        ("base: base.yaml\nvary: { proofpoint.queue_runners: 2 }", "a list of values"),
        ("base: base.yaml\nvary: { proofpoint.queue_runners: [2, 2] }", "stands there twice"),
        ("base: base.yaml\nvary:\n  proofpoint.queue_runnes: [2]", "sweep.yaml:3:3"),
        ("base: base.yaml\nvary:\n  proofpoint.queue_runnes: [2]", "nearest   queue_runners"),
        ("base: base.yaml\nvary:\n  proofpoint.queue_runners: [2, many]", "sweep.yaml:3:33"),
        ("base: base.yaml\nvary: { run.seed: [1, 2] }", "same seed"),
        ("base: base.yaml\nvarry: { proofpoint.agents: [1] }", "nearest   vary"),
        ("base: base.yaml\nproofpoint: {}\nvary: { mail.scale: [1] }", "belongs into the base"),
        ("base: base.yaml\ndesign: gird\nvary: { mail.scale: [1] }", "nearest   grid"),
        (
            "base: base.yaml\nvary: { mail.scale: [1] }\ncombinations: [ {} ]",
            "takes combinations alone",
        ),
        ("base: base.yaml\nvary: { mail.scale: [1, 2] }\ncompare_with: { mail.scale: 3 }", "1, 2"),
        ("base: base.yaml\nvary: { mail.scale: [1, 2] }\ncompare_with: {}", "an empty map"),
        ("base: base.yaml\nvary: { mail.scale: [1] }\nrun: { repeets: 3 }", "nearest   repeats"),
        ("base: base.yaml\nvary: { mail.scale: [1] }\nrun: { until: { metric: x } }", "is needed"),
        (
            "base: base.yaml\nvary: { mail.scale: [1] }\nexpect: [ { where: { a: 1 }, expect: b } ]",
            "does not vary",
        ),
        ("base: none.yaml\nvary: { mail.scale: [1] }", "cannot read"),
        ("[]", "a map of name"),
        ("a: [", "not valid YAML"),
    ] {
        match load(text) {
            Err(said) => assert!(said.contains(expected), "{text}\n{expected}\n{said}"),
            Ok(_) => panic!("accepted:\n{text}"),
        }
    }
    let text = "base: base.yaml\nvary:\n  proofpoint.messages_per_connection: [10, eleven]\n  \
                proofpoint.queue_runner: [1]\n  proofpoint: { agents: [1, 2] }\n  mail.scale: []\n";
    let said = load(text).expect_err("four slips");
    let all = [
        "sweep.yaml:3:44",
        "nearest   queue_runners",
        "piece: proofpoint.agents",
        "sweep.yaml:6:15",
    ];
    all.iter().for_each(|part| assert!(said.contains(part), "all at once: {part}\n{said}"));
    let many: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    let many = many.join(", ");
    let text =
        format!("base: base.yaml\nvary: {{ mail.backlog: [{many}], proofpoint.agents: [{many}] }}");
    assert!(load(&text).expect_err("too many").contains("at most 100000"), "160,000 are too many");
}

#[test]
fn every_key_that_the_reader_takes_is_explained_and_in_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("JSON");
    for (name, _) in read::KEYS {
        assert!(keys::ALL.iter().any(|key| key.path == name), "{name} is not explained");
        assert!(schema["properties"][name]["description"].is_string(), "{name}: not in the schema");
    }
    let under = |key: &str| schema["properties"][key].clone();
    assert_eq!(under("vary")["properties"]["proofpoint.queue_runners"]["type"], "array");
    assert_eq!(under("vary")["properties"]["run.seed"], serde_json::Value::Null, "never varies");
    assert!(schema["$defs"]["run"]["properties"]["until"].is_object());
    let base = &schema["$defs"]["scenario"]["properties"];
    assert!(base["proofpoint"]["properties"]["queue_runners"].is_object());
    // What the base refers to must be there.
    assert!(
        schema["$defs"]["duration"].is_object() && schema["$defs"]["shape_of_sizes"].is_object()
    );
}

#[test]
fn the_keys_of_a_shipped_sweep_are_in_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("JSON");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/sweeps");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("read");
        let sweep: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
        for (key, value) in sweep.as_object().expect("a map") {
            let known = &schema["properties"][key];
            assert!(known.is_object(), "{}: {key}", path.display());
            if let Some(varied) = value.as_object().filter(|_| key == "vary") {
                assert!(
                    varied.keys().all(|key| known["properties"][key].is_object()),
                    "{varied:?}"
                );
            }
        }
        seen += 1;
    }
    assert!(seen > 0);
}
