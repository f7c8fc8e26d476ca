//! Bad scenarios, each with the answer it must get.
//!
//! Every file in `tests/bad_scenarios` says in its first lines what is expected, one line per problem:
//! `# expect: line=4 key="run.simulate" found="24" accepted="a duration" nearest=".." advice=".."`. The
//! message must have the file's name, the line (0: any), the key and these words in their places, and no
//! problem beyond those listed.

use mailflow::scenario::{LoadError, load};
use std::path::{Path, PathBuf};

/// One expected problem.
struct Expected {
    line: usize,
    key: String,
    /// Label and words, such as `found` and `24`.
    words: Vec<(String, String)>,
}

/// Reads `line=4 key=".." found=".."`.
fn expected(header: &str) -> Expected {
    let (line, mut rest) =
        header.strip_prefix("line=").expect("a line").split_once(' ').expect("more");
    let mut expected =
        Expected { line: line.parse().expect("a number"), key: String::new(), words: vec![] };
    while let Some((label, after)) = rest.trim_start().split_once("=\"") {
        let (value, after) = after.split_once('"').expect("a closing quote");
        match label {
            "key" => expected.key = value.to_owned(),
            _ => expected.words.push((label.to_owned(), value.to_owned())),
        }
        rest = after;
    }
    expected
}

fn bad_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_scenarios");
    let entries = std::fs::read_dir(folder).expect("the folder of bad scenarios");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

/// What the message says under `label`, on one line.
fn part(block: &str, label: &str) -> Option<String> {
    const LABELS: [&str; 4] = ["found", "accepted", "nearest", "advice"];
    let is_label = |line: &str| LABELS.iter().any(|label| line.starts_with(&format!("  {label} ")));
    let mut lines = block.lines().skip_while(|line| !line.starts_with(&format!("  {label} ")));
    let first = lines.next()?.trim_start().strip_prefix(label)?.trim().to_owned();
    let rest = lines.take_while(|line| !is_label(line) && line.starts_with("            "));
    Some(rest.fold(first, |text, line| format!("{text} {}", line.trim())))
}

/// What is wrong with the answer to one file; nothing if it is right.
fn complaints(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).expect("the file");
    let text = String::from_utf8_lossy(&bytes);
    let expected: Vec<Expected> =
        text.lines().filter_map(|line| line.strip_prefix("# expect: ")).map(expected).collect();
    let message = match load(path, &[]) {
        Ok(_) => return vec!["it was accepted".to_owned()],
        Err(LoadError::Io { source, .. }) => {
            return vec![format!("it could not be read: {source}")];
        }
        Err(error) => error.to_string(),
    };
    let blocks: Vec<&str> = message.split("\n\n").collect();
    let mut complaints = Vec::new();
    if expected.is_empty() || blocks.len() != expected.len() {
        complaints.push(format!("{} problems, {} expected", blocks.len(), expected.len()));
    }
    for (expected, block) in expected.iter().zip(&blocks) {
        let heading = block.lines().next().unwrap_or("");
        let place = match expected.line {
            0 => format!("error: {}", path.display()),
            line => format!("error: {}:{line}:", path.display()),
        };
        if !heading.starts_with(&place) || !heading.ends_with(&expected.key) {
            complaints.push(format!("heading {heading:?}, not {place:?} .. {:?}", expected.key));
        }
        for (label, words) in &expected.words {
            match part(block, label) {
                Some(said) if label == "nearest" && said == *words => {}
                Some(said) if label != "nearest" && said.contains(words.as_str()) => {}
                said => complaints.push(format!("{label} is {said:?}, not {words:?}")),
            }
        }
    }
    if !complaints.is_empty() {
        complaints.push(message);
    }
    complaints
}

#[test]
fn each_bad_scenario_gets_its_place_what_was_found_what_is_accepted_and_the_nearest_name() {
    let files = bad_files();
    assert!(files.len() >= 60, "only {} bad scenarios", files.len());
    let mut report = String::new();
    for path in &files {
        for complaint in complaints(path) {
            report.push_str(&format!("{}: {complaint}\n", path.display()));
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn no_line_of_a_message_is_wider_than_a_terminal_except_names_that_are() {
    for path in bad_files() {
        let Err(error) = load(&path, &[]) else { continue };
        for line in error.to_string().lines().filter(|line| !line.starts_with("error: ")) {
            assert!(line.chars().count() <= 80, "{}: {line}", path.display());
        }
    }
}
