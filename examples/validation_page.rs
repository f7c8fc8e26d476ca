//! Writes `docs/validation.md` and its pictures: the model held against the recorded runs of a real Sendmail
//! and against queueing theory.
//!
//! ```sh
//! cargo run --release --example validation_page               # into docs
//! cargo run --release --example validation_page -- FOLDER
//! ```
//! It fails when a metric lies outside the model's range or at its edge and nobody has said why, when an
//! explanation has lost its object, and when an exact value of theory lies outside its interval.

// The set-ups of the tests, of which this page needs a part.
#[allow(dead_code)]
#[path = "../tests/theory/cycle.rs"]
mod cycle;
#[allow(dead_code)]
#[path = "../tests/theory/mail.rs"]
mod mail;
#[allow(dead_code)]
#[path = "../tests/theory/station.rs"]
mod station;
#[allow(dead_code)]
#[path = "../tests/theory/toy.rs"]
mod toy;

#[path = "validation_page/pictures.rs"]
mod pictures;
#[path = "validation_page/recordings.rs"]
mod recordings;
#[path = "validation_page/theory.rs"]
mod theory;

use mailflow::experiment::validation::validate;
use mailflow::scenario::recorded_case::RecordedCase;
use std::error::Error;
use std::path::{Path, PathBuf};

const SEEDS: u64 = 100;
const SEED: u64 = 42;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("docs"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let cases = cases()?;
    let validations: Vec<_> =
        recordings::OTHER_SEEDS.iter().map(|seed| validate(&cases, SEEDS, *seed)).collect();
    let validation = validate(&cases, SEEDS, SEED);
    let page = [
        recordings::summary(&validation, &validations)?,
        pictures::draw(&cases, &folder.join("images/validation"))?,
        recordings::deviations(&validation)?,
        theory::section()?,
        recordings::figures(&validation),
    ];
    std::fs::write(folder.join("validation.md"), page.join("\n"))?;
    Ok(())
}

fn cases() -> Result<Vec<RecordedCase>, Box<dyn Error>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(Path::new("tests/laboratory"))? {
        let path = entry?.path();
        folders.extend(path.is_dir().then_some(path));
    }
    folders.sort();
    Ok(folders.iter().map(|folder| RecordedCase::load(folder)).collect::<Result<_, _>>()?)
}

/// An item of a list, in lines of at most 80 characters.
fn wrapped(item: &str) -> String {
    let mut lines = vec!["-".to_owned()];
    for word in item.split_whitespace() {
        let line = lines.last().map_or("", String::as_str);
        if line.chars().count() + word.chars().count() >= 80 {
            lines.push(format!("  {word}"));
        } else if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}
