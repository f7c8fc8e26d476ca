//! `mailflow merge`: joins what shards have stored, says what is missing or double, and writes the results.

use super::args::MergeArgs;
use super::sweep::{finish, same_design};
use super::{Exit, store};
use crate::experiment::store::Store;
use crate::experiment::sweep::{Design, Shard, Until};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs the command.
pub(super) fn merge(args: &MergeArgs) -> Exit {
    joined(args).unwrap_or_else(|exit| exit)
}

/// The stores in a folder, in order of name.
fn stores(folder: &Path) -> Result<Vec<PathBuf>, Exit> {
    let fail = |error: std::io::Error| {
        eprintln!("mailflow: could not read {}: {error}", folder.display());
        Exit::Io
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("results") && name.ends_with(".sqlite") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        eprintln!("mailflow: {}: there are no stored results here", folder.display());
        return Err(Exit::Io);
    }
    Ok(found)
}

fn joined(args: &MergeArgs) -> Result<Exit, Exit> {
    let out = args.out.join(store::FILE);
    let target = store::open(&out, false)?;
    let own = fs::canonicalize(&out).ok();
    let mut files = Vec::new();
    for folder in &args.folders {
        files.extend(stores(folder)?);
    }
    // What is in the folder already takes part without being copied.
    let mut seen: BTreeSet<PathBuf> = own.into_iter().collect();
    files.retain(|path| fs::canonicalize(path).is_ok_and(|path| seen.insert(path)));
    let mut design = Design::stored(&target).map_err(|error| store::complain(&error))?;
    let (mut taken, mut double) = (0, 0);
    for path in &files {
        let source = Store::open_to_read(path).map_err(|error| store::complain(&error))?;
        let theirs = Design::stored(&source).map_err(|error| store::complain(&error))?;
        let Some(theirs) = theirs else {
            eprintln!("mailflow: {} holds no sweep", path.display());
            return Err(Exit::BadInput);
        };
        if theirs.header.find.is_some() {
            eprintln!("mailflow: {} holds a search, which has no shards to join", path.display());
            return Err(Exit::BadInput);
        }
        if let Some(first) = &design {
            same_design(&theirs, first, path)?;
            same_rule(&theirs, first, path)?;
        }
        // Shards may have been begun before --repeats grew.
        let longer = |known: &Design| theirs.header.repeats > known.header.repeats;
        if design.as_ref().is_none_or(longer) {
            theirs.store(&target).map_err(|error| store::complain(&error))?;
            design = Some(theirs);
        }
        let (new, again) = target.take(&source).map_err(|error| store::complain(&error))?;
        taken += new;
        double += again;
    }
    let Some(design) = design else {
        eprintln!("mailflow: {} holds no sweep", out.display());
        return Err(Exit::BadInput);
    };
    let rows = design.rows(&target).map_err(|error| store::complain(&error))?;
    if !args.show.quiet {
        eprintln!("mailflow: {taken} runs of {} files joined, {double} were double", files.len());
    }
    missing(&design, &target, &rows, &args.out)?;
    finish((&target, &rows), &design, &args.out, (args.strict, 0), &args.show)
}

/// Shards that stop by different rules are not shards of one sweep. `at_most` may have grown.
fn same_rule(theirs: &Design, first: &Design, path: &Path) -> Result<(), Exit> {
    let rule = |design: &Design| match &design.header.until {
        None => "run.repeats".to_owned(),
        Some(Until { metric, relative, .. }) => format!("run.until {metric}, {relative}"),
    };
    let (ours, theirs) = (rule(first), rule(theirs));
    if ours == theirs {
        return Ok(());
    }
    eprintln!(
        "mailflow: {}: this shard ends by another rule ({theirs}) than the others ({ours}); run it again with \
         the same sweep file and arguments",
        path.display()
    );
    Err(Exit::BadInput)
}

/// Says which runs are missing, if any are.
fn missing(design: &Design, store: &Store, rows: &[i64], out: &Path) -> Result<(), Exit> {
    const SHOWN: usize = 8;
    let missing = design.missing(Some((store, rows)), Shard::ALL);
    let missing = missing.map_err(|error| store::complain(&error))?;
    if missing.is_empty() {
        return Ok(());
    }
    let all = design.cells.len() as u64 * u64::from(design.header.repeats);
    let of = if design.header.until.is_some() { "of at most" } else { "of" };
    eprintln!("mailflow: {} {of} {all} runs are missing:", missing.len());
    for task in missing.iter().take(SHOWN) {
        let settings = &design.cells[task.cell as usize].1.settings;
        let settings: Vec<String> = settings.iter().map(|(key, v)| format!("{key}={v}")).collect();
        eprintln!("  replication {} of {}", task.number, settings.join(" "));
    }
    if missing.len() > SHOWN {
        eprintln!("  and {} more", missing.len() - SHOWN);
    }
    eprintln!(
        "what is there is kept in {}: run the shards again and merge once more, or finish it with mailflow \
         sweep FILE --out {}",
        out.join(store::FILE).display(),
        out.display()
    );
    Err(Exit::BadInput)
}
