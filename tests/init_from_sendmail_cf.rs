//! `mailflow init --from-sendmail-cf` as its users see it: a scenario that `check` accepts, a summary, and
//! plain words for what is no `sendmail.cf`.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const RELAY: &str = include_str!("sendmail_cf/relay.cf");
const PLAIN: &str = include_str!("sendmail_cf/plain.cf");
const MC: &str = include_str!("sendmail_cf/sendmail.mc.txt");

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("relay.cf", RELAY), ("plain.cf", PLAIN), ("sendmail.mc", MC)] {
        fs::write(folder.path().join(name), text).expect("written");
    }
    fs::write(folder.path().join("empty.cf"), "").expect("written");
    fs::write(folder.path().join("binary.cf"), [0x7f, b'E', b'L', b'F', 0, 1, 2]).expect("written");
    folder
}

/// What is printed on stdout and stderr.
fn mailflow(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let assert = command.current_dir(folder).args(arguments).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

#[test]
fn the_scenario_passes_the_check_and_the_summary_says_what_became_of_the_file() {
    let folder = folder();
    for name in ["relay", "plain"] {
        let (cf, yaml) = (format!("{name}.cf"), format!("{name}.yaml"));
        let (out, err) = mailflow(folder.path(), &["init", &yaml, "--from-sendmail-cf", &cf], 0);
        assert_eq!(out, "");
        for part in
            ["wrote", &format!("taken from {cf}:"), "seen, and not", "the file cannot tell:"]
        {
            assert!(err.contains(part), "{part:?} in\n{err}");
        }
        let (out, _) = mailflow(folder.path(), &["check", &yaml], 0);
        assert_eq!(out, format!("{yaml}: ok\n"));
    }
    assert!(folder.path().join("scenario.schema.json").exists());
    let text = fs::read_to_string(folder.path().join("relay.yaml")).expect("read");
    assert!(text.contains("remember_for: 20m  # line 14: O Timeout.hoststatus = 20m"), "{text}");
}

#[test]
fn the_scenario_goes_to_stdout_and_the_summary_not_with_quiet() {
    let folder = folder();
    let arguments = ["init", "-", "--quiet", "--from-sendmail-cf", "relay.cf"];
    let (out, err) = mailflow(folder.path(), &arguments, 0);
    assert!(out.contains("messages_per_connection: 199  # line 46: Mrelay"), "{out}");
    assert_eq!(err, "");
}

#[test]
fn what_is_no_sendmail_cf_is_said_and_nothing_is_written() {
    let folder = folder();
    for (name, code, words) in [
        ("missing.cf", 3, "cannot read missing.cf"),
        ("empty.cf", 2, "it is empty"),
        ("binary.cf", 2, "binary"),
        ("sendmail.mc", 2, "looks like a sendmail.mc"),
        (".", 3, "cannot read ."),
    ] {
        let (_, err) =
            mailflow(folder.path(), &["init", "x.yaml", "--from-sendmail-cf", name], code);
        assert!(err.starts_with("error: ") && err.contains(words), "{err}");
        assert!(!folder.path().join("x.yaml").exists());
    }
    let both = ["init", "--preset", "few-messages", "--from-sendmail-cf", "relay.cf"];
    mailflow(folder.path(), &both, 2);
}

#[test]
fn an_existing_scenario_is_not_overwritten() {
    let folder = folder();
    fs::write(folder.path().join("mine.yaml"), "name: mine\n").expect("written");
    let arguments = ["init", "mine.yaml", "--from-sendmail-cf", "plain.cf"];
    let (_, err) = mailflow(folder.path(), &arguments, 2);
    assert!(err.contains("not overwritten") && !err.contains("taken from"), "{err}");
}
