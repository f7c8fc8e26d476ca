//! What a change that is meant only to be faster must leave alone, for every scenario that is shipped: the
//! order of all events, and every byte that the first replication leaves behind. And the shortcuts of the model
//! come to what the long way comes to.
//!
//! The five runs of `determinism.rs` are told in words, so that a person sees what changed; here are two hashes
//! a scenario, of whatever its settings bring about. They may change only together with an entry under "Changes
//! that alter results" in CHANGELOG.md; `UPDATE_TRACE_HASHES=1 cargo test --test trace_hashes` renews them.

use mailflow::experiment::{ReplicationSettings, replicate};
use mailflow::model::params::{
    Burst, Commit, Deferral, Params, Receiver, Recipients, SmtpPhase, Trouble, UnhealthyMachines,
};
use mailflow::scenario;
use mailflow::units::{Share, SimTime, Span};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Long enough for the burst at 09:30 and what it does to the rest of the morning.
const LONGEST: Span = Span::from_hours(12);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every scenario that is shipped, those of the laboratory included, by name.
fn scenarios() -> Vec<PathBuf> {
    let folders = ["scenarios", "scenarios/lab"];
    let files = folders.iter().flat_map(|folder| {
        fs::read_dir(root().join(folder))
            .expect("a folder")
            .map(|file| file.expect("a file").path())
    });
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    files
}

/// One line: the name, the hash over all events, and that over the record's bytes.
fn hashes(file: &Path) -> String {
    let scenario = scenario::load(file, &[]).unwrap_or_else(|error| panic!("{error}"));
    let mut settings = ReplicationSettings::from(&scenario);
    settings.simulate = settings.simulate.min(LONGEST);
    let record = replicate(&scenario.params, &settings, 0);
    let bytes = postcard::to_stdvec(&record).expect("written");
    let mut hash = String::new();
    for byte in &Sha256::digest(&bytes)[..8] {
        let _ = write!(hash, "{byte:02x}");
    }
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    format!("{name} {:016x} {hash}\n", record.trace)
}

#[test]
fn every_shipped_scenario_takes_the_same_path_and_leaves_the_same_bytes() {
    let now: String = scenarios().iter().map(|file| hashes(file)).collect();
    let kept = root().join("tests/trace_hashes.txt");
    if std::env::var_os("UPDATE_TRACE_HASHES").is_some() {
        fs::write(&kept, &now).expect("written");
    }
    let then = fs::read_to_string(&kept).expect("tests/trace_hashes.txt");
    let changed: Vec<&str> = now.lines().filter(|line| !then.lines().any(|l| l == *line)).collect();
    assert!(changed.is_empty(), "the scenario, its events and its record:\n{}", changed.join("\n"));
    assert_eq!(now.lines().count(), then.lines().count(), "a scenario has gone");
}

/// The shortcuts of `model/mta/undisturbed.rs` are closed where the receiver may be in trouble. Trouble of no
/// effect must then lead to the same events as none at all.
#[test]
fn trouble_that_never_strikes_leads_to_the_same_events_as_none() {
    let healthy = Receiver::default();
    let never =
        Deferral { at: SmtpPhase::Dot, code: 451, reply: "451".into(), chance: Share::ZERO };
    let behaviour = Trouble::Refuse;
    let open = [
        Receiver { deferrals: vec![never], ..healthy.clone() },
        Receiver {
            unhealthy_machines: Some(UnhealthyMachines { share: Share::ZERO, behaviour }),
            ..healthy.clone()
        },
    ];
    let day = ReplicationSettings {
        simulate: Span::from_hours(12),
        warm_up: Span::ZERO,
        drain: Span::from_hours(12),
        seed: 7,
        parts: Vec::new(),
    };
    let commits = [Commit::AfterReply, Commit::BeforeReply];
    for (commit, cap) in commits.into_iter().flat_map(|commit| [(commit, None), (commit, Some(9))])
    {
        let trace = |receiver: &Receiver| {
            let receiver = Receiver { commit, ..receiver.clone() };
            let mut params = Params { receiver, ..Params::default() };
            params.sender.messages_per_connection = cap;
            // Long enough a burst for connections to be cut, in a transaction and between two.
            let at = SimTime::ZERO + Span::from_hours(8);
            params.workload.bursts = vec![Burst { at, messages: 9_000, over: Span::from_mins(5) }];
            // Now and then a message for more recipients than one transaction takes.
            params.workload.recipients = Recipients { mean: 12.0, max: 300 };
            let record = replicate(&params, &day, 0);
            if cap.is_none() {
                assert!(record.counts.connections_cut > 0, "nothing was cut");
            }
            (record.trace, record.delays, record.counts)
        };
        let expected = trace(&healthy);
        for receiver in &open {
            assert!(trace(receiver) == expected, "{commit:?}, cap {cap:?}: {receiver:?}");
        }
    }
}
