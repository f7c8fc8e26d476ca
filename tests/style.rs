//! Style as a test: what a review would otherwise have to watch for.
//!
//! The checkers live in `tests/style/` and are themselves tested on planted violations: a rule that has
//! never been seen to fail is no rule.

#[path = "style/layers.rs"]
mod layers;
#[path = "style/length.rs"]
mod length;
#[path = "style/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// Functions longer than [`length::MOST_LINES`] that are so for a reason: (file, function, reason).
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];
/// Files longer than [`length::MOST_FILE_LINES`] that are so for a reason: (file, reason).
const LONG_FILES: &[(&str, &str)] = &[];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` whose name ends in one of `endings`, by path relative to the root, sorted.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            let name = path.strip_prefix(root()).expect("below the root").to_string_lossy();
            let name = name.replace('\\', "/");
            if path.is_dir() {
                // The fuzz targets and the browser test are packages of their own and build beside themselves.
                let last = name.rsplit('/').next().unwrap_or_default();
                let foreign = ["output", ".git"].contains(&name.as_str()) || last == "target";
                folders.extend((!foreign).then(|| path.clone()));
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                // One of the bad scenarios is not UTF-8, on purpose.
                let bytes = fs::read(&path).expect("a readable file");
                found.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    found.sort();
    found
}

fn rust_files(folders: &[&str]) -> Vec<(String, String)> {
    folders.iter().flat_map(|folder| files(folder, &[".rs"])).collect()
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn rooms_use_only_lower_rooms() {
    let sources = rust_files(&["src"]);
    assert!(sources.len() > 10, "the sources were not found");
    assert_none(&layers::violations(&sources));
}

#[test]
fn functions_fit_on_one_page() {
    let mut problems = Vec::new();
    for (name, text) in rust_files(&["src", "examples", "benches", "tests"]) {
        let long = length::long_functions(&text).into_iter().filter(|(function, _, _)| {
            !LONG_FUNCTIONS.iter().any(|(file, allowed, _)| *file == name && allowed == function)
        });
        problems.extend(long.map(|(function, line, lines)| {
            let most = length::MOST_LINES;
            format!(
                "{name}:{line}: function {function} has {lines} lines, at most {most} are allowed"
            )
        }));
    }
    assert_none(&problems);
}

#[test]
fn files_stay_short() {
    let most = length::MOST_FILE_LINES;
    let problems: Vec<String> = rust_files(&["src", "examples", "benches", "tests"])
        .iter()
        .filter(|(name, text)| {
            text.lines().count() > most && !LONG_FILES.iter().any(|(file, _)| file == name)
        })
        .map(|(name, text)| {
            format!("{name} has {} lines, at most {most} are allowed", text.lines().count())
        })
        .collect();
    assert_none(&problems);
}

#[test]
fn exceptions_that_are_no_longer_needed_are_removed() {
    for (file, function, _) in LONG_FUNCTIONS {
        let text = fs::read_to_string(root().join(file)).expect(file);
        let long = length::long_functions(&text).iter().any(|(name, _, _)| name == function);
        assert!(long, "{function} in {file} is short enough now: take it off the list");
    }
    for (file, _) in LONG_FILES {
        let text = fs::read_to_string(root().join(file)).expect(file);
        assert!(text.lines().count() > length::MOST_FILE_LINES, "{file} is short enough now");
    }
}

#[test]
fn every_path_named_in_the_architecture_page_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let named = words::paths(&text);
    assert!(named.len() > 20, "only {} paths found", named.len());
    let exists = |path: &str| root().join(path).exists() || root().join("src").join(path).exists();
    let problems: Vec<String> = named
        .iter()
        .filter(|(_, path)| !exists(path))
        .map(|(line, path)| format!("ARCHITECTURE.md:{line}: {path} does not exist"))
        .collect();
    assert_none(&problems);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let endings = [".rs", ".md", ".toml", ".yaml", ".yml", ".json", ".csv", ".ci/run"];
    let mut problems = Vec::new();
    for (name, text) in files("", &endings) {
        problems.extend(words::machine_words(&text).into_iter().map(|(line, word)| {
            format!("{name}:{line}: {word:?} means nothing on another machine")
        }));
    }
    assert_none(&problems);
}

#[test]
fn the_readme_holds_the_two_commands() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md");
    for command in ["cargo run --release -- run scenarios/documented-problem.yaml", "cargo test"] {
        assert!(
            text.lines().any(|line| line.trim() == command),
            "README.md lacks the line {command:?}"
        );
    }
}
