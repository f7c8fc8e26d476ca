//! `mailflow check FILE...`: every problem of every file, without simulating; with `--explain` every value.

use super::Exit;
use super::args::CheckArgs;
use super::output::{print, printed};
use crate::report::explain;
use crate::scenario::{self, LoadError, Override};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> u8 {
    let code = check(&args.files, &args.set);
    if !args.explain || code != 0 {
        return code;
    }
    for file in &args.files {
        let scenario = match scenario::load(file, &args.set) {
            Ok(scenario) => scenario,
            Err(error) => return error.exit_code(),
        };
        let page = explain::settings(&scenario::settings(&scenario.text, &args.set));
        if let exit @ (Exit::Io | Exit::Internal) = printed(print(&format!("\n{page}"))) {
            return exit.code();
        }
    }
    code
}

/// Checks each file: `FILE: ok` on stdout, every problem on stderr. Exit code 0 if all are valid, 2 if one
/// is not, 3 if one could not be read.
pub fn check(files: &[PathBuf], overrides: &[Override]) -> u8 {
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    check_to(files, overrides, colour, &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// The same with its outputs given.
pub fn check_to(
    files: &[PathBuf],
    overrides: &[Override],
    colour: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let mut worst = 0;
    for file in files {
        let shown = match scenario::load(file, overrides) {
            Ok(scenario) => accepted(file, &scenario, out, err),
            Err(error) => {
                worst = worst.max(error.exit_code());
                refused(&error, colour, err)
            }
        };
        if let Err(error) = shown {
            // A reader that closed its end has seen enough; anything else could not be written.
            let code = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 3 };
            return worst.max(code);
        }
    }
    worst
}

fn accepted(
    file: &Path,
    scenario: &scenario::Scenario,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    for note in &scenario.notes {
        writeln!(err, "note: {}: {} {}", file.display(), note.text, note.next)?;
    }
    writeln!(out, "{}: ok", file.display())
}

fn refused(error: &LoadError, colour: bool, err: &mut dyn Write) -> io::Result<()> {
    match error {
        LoadError::Io { .. } => writeln!(err, "error: {error}"),
        LoadError::Invalid(problems) => {
            let count = problems.list.len();
            let noun = if count == 1 { "problem" } else { "problems" };
            write!(err, "{}", problems.render(colour))?;
            writeln!(err, "\n{}: {count} {noun}\n", problems.file)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(files: &[PathBuf]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = check_to(files, &[], false, &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (code, text(out), text(err))
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
