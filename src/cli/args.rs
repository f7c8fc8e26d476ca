//! Arguments, by clap.

use super::log_args::{DiagnoseArgs, LogArgs};
use super::shard::shard;
use crate::experiment::assumptions::MOST_WORLDS;
use crate::experiment::sweep::Shard;
use crate::scenario::Override;
use crate::units::Span;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// What each documented fix does to your mail: Sendmail-based Proofpoint in front of Exchange Online,
/// simulated.
#[derive(Debug, Parser)]
#[command(name = "mailflow", version, arg_required_else_help = true, after_help = EXITS)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXITS: &str = "Exit codes: 0 done, no expectation missed; 1 an expectation was missed; 2 bad arguments \
                     or input; 3 could not read or write; 4 internal error; 130 stopped by Ctrl-C.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Simulate, show how late mail is, judge the expectations
    Run(RunArgs),
    /// Run every combination of settings; resumes where it stopped
    Sweep(SweepArgs),
    /// Join what the shards of a sweep have stored
    Merge(MergeArgs),
    /// Print stored results, one row for each combination; never simulates
    Export(ExportArgs),
    /// Draw the charts and the page of a folder anew; never simulates
    Report(ReportArgs),
    /// Validate scenarios without simulating; lists every problem
    Check(CheckArgs),
    /// Write a commented scenario to start from
    Init(InitArgs),
    /// Set two scenarios, result folders or logs against each other
    Compare(CompareArgs),
    /// Hold the model against recorded systems
    Validate(ValidateArgs),
    /// Read real Sendmail logs: what delayed the mail, and what the article advises
    Diagnose(DiagnoseArgs),
    /// Say what a key, a label of Proofpoint, an option of Sendmail or a metric means
    Explain(ExplainArgs),
    /// Tell the life of one message, step by step
    Trace(TraceArgs),
    /// Print the JSON Schema of a scenario, for editors
    Schema {
        /// That of a sweep file instead
        #[arg(long)]
        sweep: bool,
    },
    /// Print completions for a shell
    Complete {
        /// Which shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Arguments of `mailflow run`.
#[derive(Clone, Debug, ClapArgs)]
pub struct RunArgs {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Replace a value in every scenario, e.g. proofpoint.queue_runners=10
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = Override::from_argument)]
    pub set: Vec<Override>,
    /// Independent days to simulate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repeats: Option<u32>,
    /// Seed: the same seed gives the same bytes, on any machine
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Write results here instead of to output/<file name>
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Count an undecided expectation as missed
    #[arg(long)]
    pub strict: bool,
    /// Write the verdicts as JUnit XML, for build servers
    #[arg(long, value_name = "FILE", conflicts_with = "vary_assumptions")]
    pub junit: Option<PathBuf>,
    /// Doubt what is assumed: draw it anew in N worlds and say in how many the answer holds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_WORLDS)))]
    pub vary_assumptions: Option<u32>,
    /// Simulate again what is stored already
    #[arg(long)]
    pub fresh: bool,
    /// Its log
    #[command(flatten)]
    pub log: LogArgs,
    /// What every command takes
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Arguments of every command: what is printed, and how.
#[derive(Clone, Debug, ClapArgs)]
pub struct ShowArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Only what matters: verdicts and errors; no progress, no page
    #[arg(short, long)]
    pub quiet: bool,
    /// Every metric
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct SweepArgs {
    /// Sweep file: base, vary, design, compare_with, run, expect
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Independent days of each combination
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) repeats: Option<u32>,
    /// Seed of all combinations
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Write results here instead of to output/<file name>
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Do one of N parts, into a file of its own; auto asks Slurm or Kubernetes which
    #[arg(long, value_name = "I/N|auto", value_parser = shard, conflicts_with = "vary_assumptions")]
    pub(super) shard: Option<Shard>,
    /// Doubt what is assumed: draw it anew in N worlds and say in how many the answer holds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_WORLDS)))]
    pub(super) vary_assumptions: Option<u32>,
    /// Start over: simulate again what is stored already
    #[arg(long)]
    pub(super) fresh: bool,
    /// Check everything, count the runs and estimate the time; write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Count an undecided expectation as missed
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct MergeArgs {
    /// Folders with the shards' files
    #[arg(required = true, value_name = "DIR")]
    pub(super) folders: Vec<PathBuf>,
    /// Where the whole goes; may be one of them
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Count an undecided expectation as missed
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct ExportArgs {
    /// Folder of a run or a sweep
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub(super) format: ExportFormat,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct ReportArgs {
    /// Folder of a run or a sweep
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// Of a sweep: also a table of colours of this metric, such as queue.max; may be repeated
    #[arg(long, value_name = "METRIC", value_parser = metric)]
    pub(super) heatmap: Vec<String>,
    /// Do not name the files
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// The name of a metric, as it stands in results; a part may follow after `@`.
fn metric(text: &str) -> Result<String, crate::measure::UnknownMetric> {
    let (name, part) = text.split_once('@').map_or((text, None), |(name, part)| (name, Some(part)));
    let name = crate::measure::Metric::parse(name)?.name();
    Ok(part.map_or(name.clone(), |part| format!("{name}@{part}")))
}

/// What `export` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Settings, then NAME, NAME.low and NAME.high of every metric
    Csv,
    /// The results as they are stored
    Json,
    /// Settings and main metrics as a table
    Md,
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Json => Format::Json,
            ExportFormat::Md => Format::Md,
        }
    }
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct CheckArgs {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Replace a value in every scenario
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = Override::from_argument)]
    pub(super) set: Vec<Override>,
    /// Show every key with its value and where that comes from
    #[arg(long)]
    pub(super) explain: bool,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct InitArgs {
    /// Where to write it
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Which of the shipped scenarios to start from
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Option<String>,
    /// Take the sender's settings from this sendmail.cf; says which it took and which it could not
    #[arg(long, value_name = "CF", conflicts_with = "preset")]
    pub(super) from_sendmail_cf: Option<PathBuf>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct CompareArgs {
    /// What is compared with: a scenario, a result folder of run or sweep, or a Sendmail log
    #[arg(value_name = "A")]
    pub(super) a: PathBuf,
    /// What is compared: its differences to A are shown
    #[arg(value_name = "B")]
    pub(super) b: PathBuf,
    /// Replace a value in both scenarios
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = Override::from_argument)]
    pub(super) set: Vec<Override>,
    /// Pairs of independent days [default: what A says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) repeats: Option<u32>,
    /// Seed of both [default: what A says]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct ValidateArgs {
    /// Case folders: setup.json, injected.csv and what was recorded
    #[arg(required = true, value_name = "CASE_DIR")]
    pub(super) cases: Vec<PathBuf>,
    /// Seeds for each case
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) repeats: u32,
    /// The seed that the others derive from
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(super) seed: u64,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct ExplainArgs {
    /// A key, a label, an option or a metric, such as Timeout.hoststatus [default: all keys]
    #[arg(value_name = "KEY or UI LABEL")]
    pub(super) name: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub(super) color: Colour,
}

#[derive(Clone, Debug, ClapArgs)]
pub(super) struct TraceArgs {
    /// Scenario file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Which message: its number in order of arrival, from 0
    #[arg(long, value_name = "ID", required_unless_present_any = ["perfetto", "qshape"])]
    pub(super) message: Option<u64>,
    /// Replace a value in the scenario
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = Override::from_argument)]
    pub(super) set: Vec<Override>,
    /// The seed [default: the scenario's]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub(super) color: Colour,
    /// Which of the independent days, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) replication: u64,
    /// Write the whole day as a Chrome trace for ui.perfetto.dev
    #[arg(long, value_name = "FILE")]
    pub(super) perfetto: Option<PathBuf>,
    /// Write it from this time after the start on, such as 9h
    #[arg(long, value_name = "SPAN", value_parser = crate::units::parse::span, requires = "perfetto")]
    pub(super) from: Option<Span>,
    /// Write it until this time after the start
    #[arg(long, value_name = "SPAN", value_parser = crate::units::parse::span, requires = "perfetto")]
    pub(super) until: Option<Span>,
    /// Print the queue by age and destination, as Postfix's qshape does [default: when it is longest]
    #[arg(long)]
    pub(super) qshape: bool,
    /// When: a time after the start such as 9h30m, or of day such as 09:30
    #[arg(long, value_name = "TIME", requires = "qshape")]
    pub(super) at: Option<At>,
    /// What to print of the queue
    #[arg(long, value_enum, default_value_t = Format::Table, requires = "qshape")]
    pub(super) format: Format,
}

/// An instant of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// After its start.
    After(Span),
    /// The first time that the clock shows this, since midnight.
    Clock(Span),
    /// The first time that the clock shows this, since Monday midnight.
    Weekday(Span),
}

impl std::str::FromStr for At {
    type Err = crate::units::parse::UnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use crate::units::parse;
        match text {
            _ if !text.contains(':') => parse::span(text).map(At::After),
            _ if text.trim_start().starts_with(char::is_alphabetic) => {
                parse::week_time(text).map(At::Weekday)
            }
            _ => parse::time_of_day(text).map(At::Clock),
        }
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A page for people
    Table,
    /// One object, or an array for several files
    Json,
    /// One row for each metric
    Csv,
    /// Markdown tables
    Md,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Whether stdout gets colours.
    pub fn applies(self) -> bool {
        self.applies_to(std::io::stdout().is_terminal())
    }

    /// Whether stderr gets colours.
    pub fn applies_to_errors(self) -> bool {
        self.applies_to(std::io::stderr().is_terminal())
    }

    fn applies_to(self, terminal: bool) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            // An empty NO_COLOR counts as not set: https://no-color.org
            Colour::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
