//! Experiments: replications in parallel, estimates with intervals, verdicts and warnings. It formats
//! nothing; what it finds is stored as [`Results`] and read by the report room.
//!
//! The order of work: [`Expectation::parse`] every `expect:` line before anything is simulated, [`run`] the
//! replications, weigh them as [`Evidence`], and put everything together by [`conclude`].

pub mod assumptions;
mod band;
pub mod calibration;
mod compare;
mod days;
mod differences;
mod effects;
mod estimate;
mod expectation;
pub mod find;
mod independent;
pub mod logs;
mod parts;
mod plan;
mod precise;
mod quantity;
mod replicate;
mod results;
pub mod search;
mod stopping;
pub mod store;
pub mod sweep;
pub mod validation;
mod verdict;
mod warning;
pub mod workers;

pub use band::{Within, delay_band};
pub use compare::{Change, Contender, Difference, Question, family, lower_is_better, may_be_best};
pub use days::{Days, Spread};
pub use differences::Differences;
pub use effects::{Contrast, Effect, Grid, MAIN, Step};
pub use estimate::{Estimate, Evidence};
pub use expectation::{Bound, Comparison, Expectation, ExpectationError};
pub use parts::parts;
pub use plan::{Observer, Plan, Silent, Stopped, run};
pub use quantity::parse_quantity;
pub use replicate::{ReplicationSettings, replicate, replicate_observed};
pub use results::{Best, Cell, Judged, Metrics, Results, SCHEMA, conclude};
pub use stopping::{Decision, Look, Needs, Reached, Rule, Target, Watch, decide, run_until};
pub use verdict::{Verdict, judge};
pub use warning::{Warning, WarningKind, not_precise, warnings};
