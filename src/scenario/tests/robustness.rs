//! Files that are no scenario at all, and whatever else a disk may hold.

use super::super::*;
use super::{refused, try_read};
use proptest::prelude::*;

#[test]
fn files_that_are_no_scenario_get_one_clear_sentence() {
    for (text, words) in [
        ("", "an empty file"),
        ("# only a comment\n", "an empty file"),
        ("- a\n- b\n", "a list of 2"),
        ("just words", "just words"),
        ("run:\n\tsimulate: 1h\n", "a tab in the indentation"),
        ("name: \"open", "not valid YAML"),
        ("a: b: c", "not valid YAML"),
        ("--- \na: 1\n---\nb: 2\n", "not valid YAML"),
        ("\u{0}\u{1}binary", "a character no text has"),
    ] {
        let problems = refused(text);
        assert_eq!(problems.list.len(), 1, "{problems}");
        assert!(problems.to_string().contains(words), "{problems}");
    }
}

#[test]
fn bombs_are_refused_quickly() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let blocks: String =
        (0..3000).map(|depth| format!("{}a:\n", " ".repeat(depth % 1000))).collect();
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        aliases.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let long = format!("name: {}", "x".repeat(2_000_000));
    for text in [deep, blocks, aliases, long] {
        assert_eq!(refused(&text).list.len(), 1);
    }
}

#[test]
fn thousands_of_unknown_keys_are_counted_not_listed() {
    let text: String = (0..40_000).map(|index| format!("key_{index}: 1\n")).collect();
    let problems = refused(&text);
    assert_eq!(problems.list.len(), 51);
    assert!(problems.to_string().contains("39950 more unknown keys"));
}

fn soup() -> impl Strategy<Value = String> {
    let words: Vec<String> = keys::all()
        .map(|doc| doc.name().trim_end_matches("[]").to_owned())
        .chain(
            [
                ": ", "\n", "  ", "{ ", " }", "[", "]", ", ", "- ", "20m", "20", "off", "~", "&a ",
                "*a", "\"", "#", "|", "1e400", ".nan", "\t", "? ", "<<: ", "!!int ", "-1", "%",
                "09:30",
            ]
            .map(str::to_owned),
        )
        .collect();
    proptest::collection::vec(proptest::sample::select(words), 0..40)
        .prop_map(|words| words.concat())
}

/// The path of a known key.
fn key() -> impl Strategy<Value = String> {
    let paths: Vec<String> = keys::all()
        .map(|doc| doc.path.replace("[]", "[0]").replace("shape", "mail.size"))
        .collect();
    proptest::sample::select(paths)
}

/// Values at and beyond the bounds of every kind.
fn value() -> impl Strategy<Value = String> {
    let values = [
        "0",
        "1",
        "0s",
        "1ns",
        "3653d",
        "1e18s",
        "18446744073709551615",
        "1e300",
        "-0",
        "unlimited",
        "none",
        "off",
        "0%",
        "100%",
        "1e308/s",
        "0.000001/day",
        "0 B",
        "10 GB",
        "1e300 Gbit/s",
        "00:00",
        "Sun 23:59",
        "{ fixed: 0s }",
        "{ mix: [ { share: 100%, fixed: 1 B } ] }",
        "[]",
        "[{}]",
        "{}",
        "[{ at: 0s, messages: 10000000000 }]",
        "persistent",
        "periodic",
        "reset",
        "~",
        "\"\"",
    ];
    proptest::sample::select(values.map(str::to_owned).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = try_read(&text, &[]).map_err(|problems| problems.render(true));
        let _ = decode(bytes);
    }

    #[test]
    fn no_yaml_makes_the_reader_panic(text in soup()) {
        if let Err(problems) = try_read(&text, &[]) {
            prop_assert!(!problems.list.is_empty());
            prop_assert!(!problems.to_string().is_empty());
        }
    }

    #[test]
    fn no_override_makes_the_reader_panic(key in "[a-z.\\[\\]0-9]{0,20}", value in soup()) {
        let _ = try_read("name: x", &[(&key, &value)]).map_err(|problems| problems.to_string());
    }

    #[test]
    fn no_value_of_a_known_key_makes_the_reader_panic(
        settings in proptest::collection::vec((key(), value()), 1..4),
    ) {
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let _ = try_read("name: x", &settings).map_err(|problems| problems.to_string());
    }
}
