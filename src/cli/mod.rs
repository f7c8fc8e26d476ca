//! The command line: arguments in, exit code out. Data goes to stdout, everything else to stderr.

mod args;
mod calibrate;
pub mod check;
mod compare;
mod diagnose;
mod draw;
mod exit;
mod explain;
mod export;
mod find;
pub mod init;
mod load;
mod log;
mod log_args;
mod log_page;
mod merge;
mod output;
mod progress;
mod report;
mod run;
mod shard;
mod shell;
mod store;
mod sweep;
mod trace;
mod validate;
mod worlds;

use args::{Args, Command};
use clap::Parser;
use std::ffi::OsString;
use std::panic;

pub use args::{Colour, Format, RunArgs, ShowArgs};
pub use exit::Exit;

/// Runs the command line `args` (program name first) and returns the exit code, see [`Exit`].
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors: clap prints them to stdout. A closed pipe is no error either.
            let _ = error.print();
            return if error.use_stderr() { Exit::BadInput } else { Exit::Done }.code();
        }
    };
    panic::set_hook(Box::new(|info| {
        eprintln!("mailflow: internal error: {info}");
        eprintln!(
            "This is a bug in mailflow, not in your files. Please report it with the scenario."
        );
    }));
    panic::catch_unwind(|| dispatch(&args)).unwrap_or_else(|_| Exit::Internal.code())
}

fn dispatch(args: &Args) -> u8 {
    match &args.command {
        Command::Run(run) => run::run(run).code(),
        Command::Sweep(sweep) => sweep::sweep(sweep).code(),
        Command::Merge(merge) => merge::merge(merge).code(),
        Command::Export(export) => export::export(export).code(),
        Command::Report(args) => report::report(args).code(),
        Command::Check(check) => check::run(check).code(),
        Command::Init(args) => {
            let (file, quiet) = (args.file.as_deref(), args.show.quiet);
            match args.from_sendmail_cf.as_deref() {
                Some(cf) => init::from_sendmail_cf(file, cf, quiet),
                None => init::init(file, args.preset.as_deref(), quiet),
            }
        }
        Command::Compare(args) => compare::compare(args).code(),
        Command::Diagnose(args) => diagnose::diagnose(args).code(),
        Command::Validate(validate) => validate::validate(validate),
        Command::Explain(explain) => explain::explain(explain),
        Command::Complete { shell } => shell::complete(*shell),
        Command::Trace(trace) => trace::trace(trace),
        Command::Man => shell::man(),
        Command::Schema { sweep: true } => {
            output::printed(output::print(&crate::scenario::sweep::schema())).code()
        }
        Command::Schema { sweep: false } => {
            output::printed(output::print(&crate::scenario::schema())).code()
        }
    }
}
