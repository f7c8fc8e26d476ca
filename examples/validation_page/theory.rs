//! The simulator against queueing theory: the set-ups of `tests/theory`, told as a table.

use crate::cycle::{Closings, cycles};
use crate::mail::{
    MEGABYTE, by, interval, mean, mean_delay, poisson, run_all, single_server, transfers, watch_all,
};
use crate::station::Station;
use mailflow::model::distribution::Shape;
use mailflow::model::params::{Arrivals, DeliveryMode, Params, QueueRuns};
use mailflow::units::{Rate, Span};
use serde_json::Value;
use std::error::Error;
use std::fmt::Write as _;

const FILE: &str = include_str!("../../tests/theory/reference_values.json");

/// What theory and the simulator say about the same system.
#[derive(Default)]
struct Table {
    rows: String,
    formulas: Vec<String>,
}

impl Table {
    /// A row; it is an error when the interval over the replications misses the exact value.
    fn row(&mut self, system: &str, what: &str, exact: f64, values: &[f64]) -> Result<(), String> {
        let (mean, half) = interval(values);
        if (mean - exact).abs() > half {
            return Err(format!("{system}, {what}: exact {exact}, simulated {mean} +- {half}"));
        }
        let (exact, low, high) = (digits(exact), digits(mean - half), digits(mean + half));
        let _ = writeln!(self.rows, "| {system} | {what} | {exact} | {low} to {high} |");
        Ok(())
    }

    fn formula(&mut self, system: &str, formula: &str, source: &str) {
        let line = format!("{system}: {formula}. {source}.");
        if !self.formulas.contains(&line) {
            self.formulas.push(line);
        }
    }

    /// Rows whose exact values stand in the file, by their keys there.
    fn entry(
        &mut self,
        system: &str,
        entry: &Entry,
        rows: &[(&str, &str, Vec<f64>)],
    ) -> Result<(), String> {
        // Erlang's formula is the same for any number of servers.
        let label = if entry.param("c").is_nan() { system } else { "M/M/c" };
        self.formula(label, entry.text("formula"), entry.text("citation"));
        rows.iter().try_for_each(|(what, key, values)| {
            self.row(system, what, entry.number("values", key), values)
        })
    }
}

/// Four significant digits.
fn digits(value: f64) -> String {
    let before = if value.abs() < 1.0 { 0 } else { value.abs().log10() as usize + 1 };
    format!("{value:.*}", 4usize.saturating_sub(before))
}

/// One entry of `tests/theory/reference_values.json`.
struct Entry(Value);

impl Entry {
    fn of(name: &str) -> Result<Self, Box<dyn Error>> {
        let entries: Vec<Value> = serde_json::from_str(FILE)?;
        let entry = entries.into_iter().find(|entry| entry["name"] == name);
        entry.map(Entry).ok_or_else(|| format!("no entry {name:?}").into())
    }

    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or("")
    }

    fn number(&self, group: &str, key: &str) -> f64 {
        self.0[group][key].as_f64().unwrap_or(f64::NAN)
    }

    fn param(&self, key: &str) -> f64 {
        self.number("params", key)
    }

    /// Mail at the entry's rate for one runner.
    fn runner(&self, service: Shape) -> Params {
        single_server(poisson(self.param("lambda_")), service, Span::ZERO)
    }
}

/// The page's section.
pub(crate) fn section() -> Result<String, Box<dyn Error>> {
    let mut table = Table::default();
    one_runner(&mut table)?;
    other_services(&mut table)?;
    vacations(&mut table)?;
    without_a_queue(&mut table)?;
    several_servers(&mut table)?;
    connection_cycle(&mut table)?;
    let mut text = format!(
        "## Held against queueing theory\n\n\
         With everything peculiar to mail switched off, the model is a textbook queue whose\n\
         exact values are known (`tests/theory/reference_values.json`). Simulated: the 99.9 %\n\
         interval over 40 replications. Times in seconds, Wq: wait before service. M/M/c runs\n\
         on the bare calendar, all others on the mail model. `tests/theory.rs` holds more.\n\n\
         | system | value | exact | simulated |\n|---|---|---:|---:|\n{}\n",
        table.rows
    );
    for formula in &table.formulas {
        writeln!(text, "{}", crate::wrapped(formula))?;
    }
    Ok(text)
}

fn one_runner(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let means = Entry::of("M/M/1 means")?;
    let quantiles = Entry::of("M/M/1 waiting and sojourn quantiles")?;
    let exponential = Shape::Exponential(1.0 / means.param("mu"));
    let params = means.runner(exponential.clone());
    let runs = watch_all(|_| params.clone(), 60);
    table.entry("M/M/1", &means, &[("mean Wq", "Wq", by(&runs, |run| run.mean()))])?;
    let p99 = by(&runs, |run| run.quantile(0.99));
    table.entry("M/M/1", &quantiles, &[("99 % point of Wq", "Wq_p99", p99)])?;
    let entry = Entry::of("D/M/1")?;
    let arrivals = Arrivals::Constant(Rate(entry.param("lambda_")));
    let params = single_server(arrivals, exponential, Span::ZERO);
    let runs = watch_all(|_| params.clone(), 24);
    table.entry("D/M/1", &entry, &[("mean Wq", "Wq", by(&runs, |run| run.mean()))])?;
    Ok(())
}

fn other_services(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut hold = |system: &str, entry: Entry, service: Shape, hours: u64| {
        let params = entry.runner(service);
        let runs = watch_all(|_| params.clone(), hours);
        table.entry(system, &entry, &[("mean Wq", "Wq", by(&runs, |run| run.mean()))])
    };
    let entry = Entry::of("M/D/1")?;
    let service = Shape::Fixed(entry.param("D"));
    hold("M/D/1", entry, service, 24)?;
    let entry = Entry::of("M/G/1 lognormal service cv=2")?;
    let service = Shape::lognormal_by_mean(entry.param("mean"), entry.param("sigma_log"), None);
    hold("M/G/1 lognormal", entry, service, 72)?;
    let entry = Entry::of("M/G/1 hyperexponential H2")?;
    let p = entry.param("p");
    let service = Shape::Mix(vec![
        (p, Shape::Exponential(entry.param("mean1"))),
        (1.0 - p, Shape::Exponential(entry.param("mean2"))),
    ]);
    hold("M/H2/1", entry, service, 48)?;
    Ok(())
}

fn vacations(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let entry =
        Entry::of("M/M/1 multiple vacations, deterministic V=10 (a queue run every 10 when idle)")?;
    let mut params = entry.runner(Shape::Exponential(1.0 / entry.param("mu")));
    params.sender.runs = QueueRuns::Persistent {
        after_work: Span::from_nanos(1),
        after_empty: Span::from_seconds(entry.param("EV")),
    };
    let runs = watch_all(|_| params.clone(), 24);
    let values = by(&runs, |run| run.mean());
    table.entry("M/M/1, vacations of 10 s", &entry, &[("mean Wq", "Wq", values)])?;
    let system = "M/M/1, gated, vacations of 5 s";
    let (load, vacation) = (0.8, 5.0);
    let (square, idle) = (2.0, 1.0 - load);
    let wait = load * square / (2.0 * idle) + vacation / 2.0 + load * vacation / idle;
    let params = single_server(poisson(load), Shape::Exponential(1.0), Span::from_secs(5));
    table.row(system, "mean delay", wait + 1.0, &by(&run_all(&params, 24, true), mean_delay))?;
    let formula = "Wq = lambda E[S^2]/(2(1-rho)) + E[V^2]/(2E[V]) + rho E[V]/(1-rho)";
    table.formula(system, formula, "Takagi 1991");
    Ok(())
}

fn without_a_queue(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut params = single_server(poisson(1.5), Shape::Exponential(2.0), Span::from_secs(5));
    params.sender.delivery = DeliveryMode::Immediate;
    let runs = run_all(&params, 4, true);
    table.row("M/G/inf", "mean delay", 2.0, &by(&runs, mean_delay))?;
    let number = by(&runs, |run| run.counts.queue_mean);
    table.row("M/G/inf", "mean number", 3.0, &number)?;
    table.formula("M/G/inf", "W = E[S]; L = lambda E[S]", "Takacs 1962");
    let lognormal = Shape::lognormal_by_mean(MEGABYTE, 1.268_636_241_179_519_6, None);
    let load = 0.8;
    for (system, size, hours) in
        [("M/M/1-PS", Shape::Exponential(MEGABYTE), 12), ("M/G/1-PS lognormal", lognormal, 36)]
    {
        let runs = run_all(&transfers(poisson(load), size), hours, true);
        table.row(system, "mean delay", 1.0 / (1.0 - load), &by(&runs, mean_delay))?;
    }
    let formula = "W = E[S]/(1-rho), whatever the distribution of S; a link that all share";
    table.formula("M/G/1-PS", formula, "Kleinrock, Queueing Systems II (1976) sec. 4.4");
    Ok(())
}

fn several_servers(table: &mut Table) -> Result<(), Box<dyn Error>> {
    for (system, name, seconds) in
        [("M/M/3", "M/M/c Erlang C c=3", 30_000), ("M/M/10", "M/M/c Erlang C c=10", 20_000)]
    {
        let entry = Entry::of(name)?;
        let (lambda, mu) = (entry.param("lambda_"), entry.param("mu"));
        let servers = entry.param("c") as usize;
        let runs = Station { lambda, mu, servers, room: usize::MAX }.replications(seconds);
        let wait = by(&runs, |run| mean(&run.waits));
        table.entry(system, &entry, &[("mean Wq", "Wq", wait)])?;
    }
    Ok(())
}

fn connection_cycle(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let entry =
        Entry::of("Saturated connection: exp(10 s) messages, closed after 100, reset at 1200 s")?;
    let runs = cycles(entry.param("mean_s"), entry.param("m") as u32, entry.param("T"));
    let rows = [
        ("share reset", "P_reset", by(&runs, Closings::reset)),
        ("messages carried", "E_messages", by(&runs, Closings::messages)),
        ("busy for", "E_busy_len", by(&runs, Closings::busy)),
    ];
    table.entry("connections, cap 100, 20 min", &entry, &rows)?;
    Ok(())
}
