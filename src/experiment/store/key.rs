//! What a record depends on, as one short text.

use crate::experiment::ReplicationSettings;
use crate::model::params::Params;
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write as _};

/// Version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Fingerprint of the code that a record depends on: `build.rs`.
pub const MODEL: &str = env!("MAILFLOW_MODEL");

/// The key of the cell with these parameters, which hold every setting after defaults, spellings and files
/// (a replayed CSV is part of them), and these settings, which hold the seed. Name, description,
/// expectations and number of replications are in neither, and change nothing.
pub fn cell_key(params: &Params, settings: &ReplicationSettings) -> String {
    cell_key_of(params, settings, MODEL)
}

fn cell_key_of(params: &Params, settings: &ReplicationSettings, model: &str) -> String {
    let mut hash = Writer(Sha256::new());
    // The derived Debug text holds every field, and floating point numbers to the last bit.
    // Writing to a hash cannot fail.
    let _ = write!(hash, "mailflow {VERSION} {model}\n{settings:?}\n{params:?}\n");
    let digest = hash.0.finalize();
    digest[..16].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

struct Writer(Sha256);

impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    fn key(text: &str) -> String {
        let scenario = scenario::parse("x.yaml", text, ".".as_ref(), &[]).expect("valid");
        cell_key(&scenario.params, &ReplicationSettings::from(&scenario))
    }

    #[test]
    fn the_key_follows_what_changes_results_and_nothing_else() {
        let plain = key("name: x");
        for same in [
            "name: another\nabout: words\nexpect: [ p99 delay < 1h ]",
            "run: { repeats: 7, seed: 42, simulate: 1d }",
            "proofpoint: { queue_runners: 2, retry_interval: 1800s }",
        ] {
            assert_eq!(key(same), plain, "{same}");
        }
        for other in [
            "run: { seed: 43 }",
            "run: { drain: off }",
            "run: { simulate: 23h }",
            "proofpoint: { queue_runners: 3 }",
            "mail: { scale: 1.0000000000000002 }",
            "windows: { morning: 0h-12h }",
        ] {
            assert_ne!(key(other), plain, "{other}");
        }
    }

    #[test]
    fn another_build_of_the_model_has_other_keys() {
        let scenario = scenario::parse("x.yaml", "name: x", ".".as_ref(), &[]).expect("valid");
        let settings = ReplicationSettings::from(&scenario);
        let of = |model| cell_key_of(&scenario.params, &settings, model);
        assert_ne!(of("one"), of("two"));
    }
}
