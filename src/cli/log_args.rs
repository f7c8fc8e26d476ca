//! The arguments that concern Sendmail's logs: those of `run --log` and of `diagnose`.

use super::args::ShowArgs;
use crate::maillog::write::Date;
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// Arguments of `run` about the log of the first day.
#[derive(Clone, Debug, ClapArgs)]
pub struct LogArgs {
    /// Write the first day as Sendmail would have logged it: DIR/maillog and DIR/smtp.log
    #[arg(long = "log", value_name = "DIR", conflicts_with = "vary_assumptions")]
    pub folder: Option<PathBuf>,
    /// How the log shows attempts that were skipped
    #[arg(long = "log-style", value_enum, default_value_t = LogStyleArg::Article, requires = "folder")]
    pub style: LogStyleArg,
    /// How the log writes instants
    #[arg(long = "log-stamps", value_enum, default_value_t = LogStampsArg::Rfc3339, requires = "folder")]
    pub stamps: LogStampsArg,
    /// The log's first day, on the weekday of run.starts [default: in the week of 2026-01-05]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "folder")]
    pub start_date: Option<Date>,
}

/// How the log shows attempts that were skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogStyleArg {
    /// As Microsoft's article shows them: dsn=4.0.0, stat=Deferred
    Article,
    /// As an unchanged Sendmail writes them: with the reason for which the host is avoided
    Sendmail,
}

/// How the log writes instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogStampsArg {
    /// 2026-01-05T09:30:00.123456+00:00
    Rfc3339,
    /// Jan  5 09:30:00
    Rfc3164,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct DiagnoseArgs {
    /// Sendmail logs, plain or packed with gzip, and output of hoststat; - is standard input
    #[arg(required = true, value_name = "MAILLOG")]
    pub(super) logs: Vec<PathBuf>,
    /// Compare the mail from before this time with the mail from then on: 2026-11-22T09:00, or Nov 22 09:00
    #[arg(long, value_name = "TIME")]
    pub(super) split_at: Option<String>,
    /// Write a page with all of it and its charts to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "split_at")]
    pub(super) out: Option<PathBuf>,
    /// Write a scenario of what the log tells, ready for run and sweep, and its mail as a CSV beside it
    #[arg(long, value_name = "FILE", conflicts_with = "split_at")]
    pub(super) scenario: Option<PathBuf>,
    /// How the mail of the log becomes that of the scenario
    #[arg(long, value_enum, default_value_t = ArrivalsArg::Replay, requires = "scenario")]
    pub(super) arrivals: ArrivalsArg,
    /// Simulate the scenario and lay its delays beside those of the log
    #[arg(long, requires = "scenario")]
    pub(super) compare: bool,
    /// How often it is simulated for that
    #[arg(long, value_name = "N", default_value_t = 20, requires = "compare",
          value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub(super) repeats: u32,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N", requires = "compare",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

/// How the mail of a log becomes that of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ArrivalsArg {
    /// Each message as it came
    Replay,
    /// As many in each hour of the day, with sizes and recipients like those seen
    Profile,
}
