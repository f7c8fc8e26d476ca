//! The parts of a scenario that are measured on their own, beside the whole.

use crate::measure::{Filter, Part};
use crate::scenario::Scenario;
use std::sync::Arc;

/// What the first destination is called.
const FIRST: &str = "exchange_online";

/// The parts of `scenario`: its destinations, where there are several, then its windows.
pub fn parts(scenario: &Scenario) -> Vec<Part> {
    let others = scenario.params.others.iter().map(|other| other.name.clone());
    let first = (!scenario.params.others.is_empty()).then(|| Arc::from(FIRST));
    let names = first.into_iter().chain(others).enumerate();
    let destinations = names.map(|(n, name)| Part { name, filter: Filter::Destination(n) });
    let windows = scenario.windows.iter().map(|window| Part {
        name: window.name.clone(),
        filter: Filter::Window { from: window.from, until: window.until },
    });
    destinations.chain(windows).collect()
}
