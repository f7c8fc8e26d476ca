//! `mailflow init [FILE] [--preset NAME | --from-sendmail-cf CF]`: writes a commented scenario, a shipped one,
//! or one with the settings of a real `sendmail.cf`.

use crate::scenario;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write};
use std::path::Path;

/// A shipped scenario: its name and text.
pub struct Preset {
    /// The name `--preset` takes: the file's name without `.yaml`.
    pub name: &'static str,
    /// The scenario.
    pub text: &'static str,
}

/// A shipped scenario and its text, embedded.
macro_rules! shipped {
    ($name:literal) => {
        Preset { name: $name, text: include_str!(concat!("../../scenarios/", $name, ".yaml")) }
    };
}

/// The shipped scenarios of `scenarios/`, in the order in which they tell their story.
pub const PRESETS: &[Preset] = &[
    shipped!("healthy-day"),
    shipped!("documented-problem"),
    shipped!("fix-message-cap"),
    shipped!("fix-hoststat-off"),
    shipped!("fix-retry-1-minute"),
    shipped!("fix-more-runners"),
    shipped!("documented-fixes"),
    shipped!("few-messages"),
    shipped!("overlapping-runs"),
    shipped!("several-names"),
    shipped!("too-many-runners"),
    shipped!("slow-morning"),
    shipped!("sick-machines"),
    shipped!("shared-link"),
    shipped!("outage"),
    shipped!("two-destinations"),
    shipped!("fixes-at-noon"),
];

/// Tells editors where the schema is.
const SCHEMA_LINE: &str = "# yaml-language-server: $schema=./scenario.schema.json\n";

/// Writes a scenario to `file` (default `scenario.yaml`; `-` is stdout) and never over an existing one.
/// Exit code 0 when done, 2 for an unknown preset or an existing file, 3 if it could not be written.
/// `quiet` keeps the line that names the file to itself.
pub fn init(file: Option<&Path>, preset: Option<&str>, quiet: bool) -> u8 {
    let text = match text_of(preset, PRESETS) {
        Ok(text) => text,
        Err(message) => {
            say(&format!("error: {message}"));
            return 2;
        }
    };
    write(file, &text, quiet)
}

/// Writes a scenario with the settings of the `sendmail.cf` at `cf`, and says on stderr what it took, what it
/// could not take and why, unless `quiet`. Exit codes as for [`init`]; 2 also if that is no `sendmail.cf`, 3
/// if it could not be read.
pub fn from_sendmail_cf(file: Option<&Path>, cf: &Path, quiet: bool) -> u8 {
    let bytes = match read_bounded(cf) {
        Ok(bytes) => bytes,
        Err(error) => {
            say(&format!("error: cannot read {}: {error}", cf.display()));
            return 3;
        }
    };
    // The scenario names the file, not the folders of this machine.
    let name = cf.file_name().unwrap_or(cf.as_os_str()).to_string_lossy();
    match scenario::from_sendmail_cf(&name, &bytes) {
        Ok(made) => {
            let code = write(file, &made.text, quiet);
            if code == 0 && !quiet {
                say(made.summary.trim_end());
            }
            code
        }
        Err(message) => {
            say(&format!("error: {message}"));
            2
        }
    }
}

/// The bytes of a file, as far as they tell whether it is too large: it may be endless, such as a device.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = scenario::LARGEST_SENDMAIL_CF as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a scenario to `file` and its schema beside it.
fn write(file: Option<&Path>, text: &str, quiet: bool) -> u8 {
    let file = file.unwrap_or(Path::new("scenario.yaml"));
    if file == Path::new("-") {
        return match io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => 3,
            _ => 0,
        };
    }
    match write_new(file, text) {
        Ok(()) => {
            if !quiet {
                say(&format!("wrote {0}; next: mailflow check {0}", file.display()));
            }
            write_schema(&file.with_file_name("scenario.schema.json"), quiet)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            say(&format!(
                "error: {} exists and is not overwritten; give another name",
                file.display()
            ));
            2
        }
        Err(error) => {
            say(&format!("error: cannot write {}: {error}", file.display()));
            3
        }
    }
}

/// Writes the schema beside the scenario. One that is there already and differs belongs to somebody: it
/// stays, and is named.
fn write_schema(path: &Path, quiet: bool) -> u8 {
    let schema = scenario::schema();
    match write_new(path, &schema) {
        Ok(()) if quiet => 0,
        Ok(()) => {
            say(&format!("wrote {}; editors complete and check keys by it", path.display()));
            0
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let same = std::fs::read_to_string(path).is_ok_and(|there| there == schema);
            if !same {
                let name = path.display();
                say(&format!(
                    "note: {name} exists with other content and is not overwritten; \
                     `mailflow schema` prints this version's"
                ));
            }
            0
        }
        Err(error) => {
            say(&format!("error: cannot write {}: {error}", path.display()));
            3
        }
    }
}

/// A line on stderr; a closed stderr is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}

/// The text of a preset, or the commented scenario.
fn text_of(preset: Option<&str>, presets: &[Preset]) -> Result<String, String> {
    let Some(name) = preset else { return Ok(scenario::commented()) };
    if let Some(preset) = presets.iter().find(|preset| preset.name == name) {
        let first =
            if preset.text.starts_with("# yaml-language-server") { "" } else { SCHEMA_LINE };
        return Ok(format!("{first}{}", preset.text));
    }
    let names: Vec<&str> = presets.iter().map(|preset| preset.name).collect();
    let nearest = scenario::nearest(name, names.iter().copied());
    let meant = nearest.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
    Err(format!("no preset {name}.{meant} Presets: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_scenario_is_written_once_and_passes_the_check() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("new.yaml");
        assert_eq!(init(Some(&file), None, false), 0);
        assert!(scenario::load(&file, &[]).is_ok());
        std::fs::write(&file, "name: mine\n").expect("written");
        assert_eq!(init(Some(&file), None, false), 2, "it is never overwritten");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "name: mine\n");
    }

    #[test]
    fn the_schema_is_written_beside_the_scenario_and_never_over_a_different_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let schema = dir.path().join("scenario.schema.json");
        let read = || std::fs::read_to_string(&schema).expect("read");
        assert_eq!(init(Some(&dir.path().join("a.yaml")), Some("healthy-day"), true), 0);
        assert_eq!(read(), scenario::schema());
        let text = std::fs::read_to_string(dir.path().join("a.yaml")).expect("read");
        assert!(text.starts_with(SCHEMA_LINE), "{text}");
        std::fs::write(&schema, "{}").expect("written");
        assert_eq!(init(Some(&dir.path().join("b.yaml")), None, true), 0);
        assert_eq!(read(), "{}", "it is somebody else's");
    }

    #[test]
    fn an_unknown_preset_is_answered_with_the_nearest() {
        let presets = [
            Preset { name: "documented-problem", text: "name: a" },
            Preset { name: "documented-fixes", text: "name: b" },
        ];
        assert_eq!(
            text_of(Some("documented-fixes"), &presets),
            Ok(format!("{SCHEMA_LINE}name: b"))
        );
        let message = text_of(Some("documented-fixs"), &presets).expect_err("unknown");
        assert!(message.contains("Did you mean documented-fixes?"), "{message}");
        assert_eq!(init(None, Some("no such preset"), false), 2);
    }

    #[test]
    fn every_shipped_preset_is_a_valid_scenario() {
        assert!(PRESETS.len() >= 7, "the shipped scenarios are missing");
        for preset in PRESETS {
            let read = scenario::parse(preset.name, preset.text, "scenarios".as_ref(), &[]);
            assert!(read.is_ok(), "{}: {}", preset.name, read.expect_err("problems"));
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_exit_code_3() {
        assert_eq!(init(Some(Path::new("no/such/folder/x.yaml")), None, true), 3);
    }
}
