//! `mailflow check FILE...`: every problem of every file, without simulating; with `--explain` every value.

use super::args::CheckArgs;
use super::load::{Refusal, load, show};
use super::output::{print, printed};
use super::{Exit, Format, ShowArgs};
use crate::report::explain;
use crate::scenario::{self, LoadError, Note, Override, Problem};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> Exit {
    let exit = check(&args.files, &args.set, &args.show);
    if !args.explain || exit != Exit::Done {
        return exit;
    }
    for file in &args.files {
        // It has just been read without a problem; a file that changed meanwhile has nothing to explain.
        let Ok(scenario) = scenario::load(file, &args.set) else { return Exit::Io };
        let page = explain::settings(&scenario::settings(&scenario.text, &args.set));
        if let exit @ (Exit::Io | Exit::Internal) = printed(print(&format!("\n{page}"))) {
            return exit;
        }
    }
    exit
}

/// Checks each file and its expectations: `FILE: ok` on stdout, every problem on stderr. With
/// `--format json` the problems are an array on stdout instead.
pub(super) fn check(files: &[PathBuf], overrides: &[Override], how: &ShowArgs) -> Exit {
    check_to(files, overrides, how, &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// The same with its outputs given.
fn check_to(
    files: &[PathBuf],
    overrides: &[Override],
    how: &ShowArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let (mut worst, mut problems) = (Exit::Done, Vec::new());
    for file in files {
        let shown = match load(file, overrides) {
            Ok(_) if how.quiet || how.format == Format::Json => Ok(()),
            Ok(loaded) => accepted(file, &loaded.scenario.notes, out, err),
            Err(Refusal { errors, exit }) => {
                worst = worst.max(exit);
                if how.format == Format::Json {
                    problems.extend(errors.iter().flat_map(as_json));
                    Ok(())
                } else {
                    show(&errors, how.color.applies_to_errors(), err)
                }
            }
        };
        if let Err(error) = shown {
            return worst.max(unwritten(&error));
        }
    }
    if how.format == Format::Json
        && let Err(error) = writeln!(out, "{:#}", Value::Array(problems))
    {
        return worst.max(unwritten(&error));
    }
    worst
}

/// A reader that closed its end has seen enough; anything else could not be written.
fn unwritten(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe { Exit::Done } else { Exit::Io }
}

fn accepted(
    file: &Path,
    notes: &[Note],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    for note in notes {
        let text = format!("{}: {} {}", file.display(), note.text, note.next);
        err.write_all(explain::wrapped("note: ", &text, 6, explain::WIDTH).as_bytes())?;
    }
    writeln!(out, "{}: ok", file.display())
}

fn as_json(error: &LoadError) -> Vec<Value> {
    let one = |file: &str, problem: &Problem| {
        json!({
            "file": file,
            "line": problem.line,
            "column": problem.column,
            "key": problem.key,
            "found": problem.found,
            "accepted": problem.accepted,
            "nearest": problem.nearest,
            "message": problem.message,
            "origin": problem.origin,
        })
    };
    match error {
        LoadError::Io { path, .. } => {
            vec![json!({ "file": path.to_string_lossy(), "message": error.to_string() })]
        }
        LoadError::Invalid(problems) => {
            problems.list.iter().map(|problem| one(&problems.file, problem)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Colour;

    const PLAIN: ShowArgs =
        ShowArgs { format: Format::Table, color: Colour::Never, quiet: false, verbose: false };

    fn run(files: &[PathBuf]) -> (u8, String, String) {
        run_as(files, &[], &PLAIN)
    }

    fn run_as(files: &[PathBuf], set: &[Override], how: &ShowArgs) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = check_to(files, set, how, &mut out, &mut err).code();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (code, text(out), text(err))
    }

    /// A folder with a scenario of these expectations.
    fn expecting(expect: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("site.yaml");
        std::fs::write(&file, format!("name: x\nexpect: {expect}\n")).expect("written");
        (dir, file)
    }

    #[test]
    fn every_expectation_is_checked_in_the_layout_of_all_problems() {
        let (_dir, file) = expecting("[\"p99 dellay > 1h\", \"foo\", p99 delay < 20]");
        let (code, out, err) = run(std::slice::from_ref(&file));
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        for part in [
            "site.yaml:2:11: expect[0]",
            "         ^^^^^^^^^^\n",
            "nearest   delay.p99",
            "site.yaml:2:30: expect[1]",
            "there is no operator",
            "expect[2]",
            "site.yaml: 3 problems",
        ] {
            assert!(err.contains(part), "{part:?} in\n{err}");
        }
    }

    #[test]
    fn what_an_expectation_compares_with_is_loaded_too() {
        let (dir, file) = expecting("[\"p99 delay < 2 x nosuch.yaml\", \"foo\"]");
        let (code, _, err) = run(std::slice::from_ref(&file));
        assert_eq!(code, 3);
        assert!(err.contains("nosuch.yaml") && err.contains("expect[1]"), "{err}");
        std::fs::write(dir.path().join("nosuch.yaml"), "nmae: y\n").expect("written");
        let (code, _, err) = run(std::slice::from_ref(&file));
        assert_eq!(code, 2);
        assert!(err.contains("is not valid, see below") && err.contains("nearest   name"), "{err}");
    }

    #[test]
    fn an_expectation_set_on_the_command_line_is_named_by_its_argument() {
        let (_dir, file) = expecting("[]");
        let set = Override { key: "expect".to_owned(), value: "[foo]".to_owned() };
        let (code, _, err) = run_as(&[file], &[set], &PLAIN);
        assert_eq!(code, 2);
        assert!(err.starts_with("error: --set expect=[foo]: expect[0]\n"), "{err}");
    }

    #[test]
    fn json_is_an_array_of_problems_and_quiet_is_silent_about_good_files() {
        let (_dir, file) = expecting("[foo]");
        let json = ShowArgs { format: Format::Json, ..PLAIN };
        let (code, out, err) = run_as(std::slice::from_ref(&file), &[], &json);
        let problems: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, err.as_str()), (2, ""));
        assert_eq!((&problems[0]["key"], &problems[0]["line"]), (&json!("expect[0]"), &json!(2)));
        std::fs::write(&file, "name: x\n").expect("written");
        let quiet = ShowArgs { quiet: true, ..PLAIN };
        let silent = (0, String::new(), String::new());
        assert_eq!(run_as(std::slice::from_ref(&file), &[], &quiet), silent);
        assert_eq!(run_as(&[file], &[], &json).1, "[]\n");
    }

    #[test]
    fn valid_files_are_named_ok_and_every_problem_of_the_others_is_listed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (good, bad) = (dir.path().join("good.yaml"), dir.path().join("bad.yaml"));
        std::fs::write(&good, "name: x\n").expect("written");
        std::fs::write(&bad, "nmae: x\nrun: { simulate: 20 }\n").expect("written");
        let (code, out, err) = run(&[bad.clone(), good.clone()]);
        assert_eq!(code, 2);
        assert_eq!(out, format!("{}: ok\n", good.display()));
        assert!(err.contains("nearest   name") && err.contains("20 what?"), "{err}");
        assert!(err.contains("bad.yaml: 2 problems"), "{err}");
    }

    #[test]
    fn a_missing_file_is_exit_code_3() {
        let (code, out, err) = run(&[PathBuf::from("no/such/file.yaml")]);
        assert_eq!((code, out.as_str()), (3, ""));
        assert!(err.contains("cannot read no/such/file.yaml"), "{err}");
    }
}
