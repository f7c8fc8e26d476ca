//! `mailflow validate`: hold the model against recorded systems.

use super::Exit;
use super::args::{Format, ValidateArgs};
use super::output::print;
use super::progress::{Progress, listen_for_ctrl_c, stopped};
use crate::experiment::validation::{CaseResult, Validation, hold_against, summarise};
use crate::report::{self, Style};
use crate::scenario::recorded_case::{CaseError, RecordedCase};

/// Runs the command.
pub(super) fn validate(args: &ValidateArgs) -> u8 {
    let cases = match load(args) {
        Ok(cases) => cases,
        Err(exit) => return exit.code(),
    };
    listen_for_ctrl_c();
    let Some(results) = simulate(&cases, args) else {
        eprintln!("mailflow: stopped; nothing was stored");
        return Exit::Stopped.code();
    };
    match print(&render(&summarise(results), args)) {
        Ok(()) => Exit::Done.code(),
        Err(error) => {
            eprintln!("mailflow: {error}");
            Exit::Io.code()
        }
    }
}

/// Reads every case; all that is wrong with any of them is shown.
fn load(args: &ValidateArgs) -> Result<Vec<RecordedCase>, Exit> {
    let (mut cases, mut worst) = (Vec::new(), Exit::Done);
    for folder in &args.cases {
        match RecordedCase::load(folder) {
            Ok(case) => cases.push(case),
            Err(error) => {
                eprintln!("mailflow: {error}");
                worst = worst.max(match error {
                    CaseError::Io { .. } => Exit::Io,
                    CaseError::Invalid { .. } => Exit::BadInput,
                });
            }
        }
    }
    if worst == Exit::Done { Ok(cases) } else { Err(worst) }
}

fn simulate(cases: &[RecordedCase], args: &ValidateArgs) -> Option<Vec<CaseResult>> {
    let progress = Progress::cases(cases.len(), args.show.quiet);
    let all = || {
        let one = |case| {
            let result = hold_against(case, u64::from(args.repeats), args.seed);
            progress.case_done();
            (!stopped()).then_some(result)
        };
        cases.iter().map(one).collect()
    };
    let threads = args.jobs.map_or(0, usize::from);
    let results = match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(all),
        Err(_) => all(),
    };
    progress.finish();
    results
}

fn render(validation: &Validation, args: &ValidateArgs) -> String {
    match args.show.format {
        Format::Json => report::validation_json(validation),
        Format::Csv => report::validation_csv(validation),
        Format::Md => report::validation_markdown(validation),
        Format::Table => {
            let style = Style { colour: args.show.color.applies() };
            report::validation_page(validation, u64::from(args.repeats), style)
        }
    }
}
