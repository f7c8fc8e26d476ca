//! The page `report.html` in a real browser: `run.sh BINARY` prepares what it needs and starts it.
//!
//! Every check is seen to pass on the pages that the program writes, and every check is seen to fail on a page with
//! a fault planted for it: a check that has never failed is none.

mod browser;
mod checks;
mod driver;
mod faults;
mod keyboard;
mod print;
mod sites;
mod table;

use anyhow::{Context as _, Result, bail};
use browser::Page;
use checks::{Check, GENERAL, SWEEP};
use driver::Chromium;
use sites::{Sites, Written};
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [binary, axe] = arguments.as_slice() else {
        bail!("which mailflow, and which axe.min.js? tests/browser/run.sh finds both");
    };
    let axe = std::fs::read_to_string(axe).with_context(|| format!("could not read {axe}"))?;
    let sites = Sites::written(Path::new(binary))?;
    let chromium = Chromium::start(axe)?;
    let mut wrong = 0;
    for page in &sites.pages {
        let of_sweep = if page.of_sweep { SWEEP } else { &[] };
        for check in GENERAL.iter().chain(of_sweep) {
            wrong += usize::from(!passes(&chromium, page, check));
        }
    }
    wrong += faults::unnoticed(&chromium, &sites)?;
    if wrong > 0 {
        bail!("{wrong} checks failed");
    }
    Ok(())
}

/// Says how a check went.
fn passes(chromium: &Chromium, page: &Written, check: &Check) -> bool {
    let outcome = run(chromium, page, check);
    match &outcome {
        Ok(()) => println!("ok      {}: {}", page.name, check.name),
        Err(error) => println!("FAILED  {}: {}: {error:#}", page.name, check.name),
    }
    outcome.is_ok()
}

/// One check on a page that is opened for it.
fn run(chromium: &Chromium, written: &Written, check: &Check) -> Result<()> {
    let page = Page::open(chromium, written)?;
    (check.look)(&page)
}
