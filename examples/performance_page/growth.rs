//! How the cost grows: with messages, runners, the queue, combinations and cores.

use super::yardstick::clock;
use super::yardstick::sites::{Backlog, Site};
use super::{Effort, alone};
use mailflow::experiment::{Plan, Silent, run};
use std::error::Error;
use std::fmt::Write as _;

type Section = Result<String, Box<dyn Error>>;

/// 10^`from`, 10^(`from` + 1) and so on.
fn powers(from: u32, to: u32) -> impl Iterator<Item = u64> {
    (from..=to).map(|exponent| 10u64.pow(exponent))
}

/// A number with its thousands apart.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b',')).into_owned()
}

fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or("not measured".to_owned(), |bytes| format!("{:.1}", bytes as f64 / 1_048_576.0))
}

/// One replication of `documented-fixes` over more and more days.
pub(crate) fn with_messages(effort: Effort) -> Section {
    let most = match effort {
        Effort::Quick => 5,
        Effort::Usual => 7,
        Effort::Long => 8,
    };
    let mut text = String::from(
        "## With messages\n\nOne replication of `documented-fixes` over so many days as it takes, in a process \
         of its own.\n\n| messages | ns a message | peak memory, MiB |\n|---|---|---|\n",
    );
    for messages in powers(5, most) {
        // The best of three tells less of the neighbours; the longest needs no help.
        let times = if messages > 1_000_000 || effort == Effort::Quick { 1 } else { 3 };
        let mut best = alone::ask("mail", messages)?;
        for _ in 1..times {
            let next = alone::ask("mail", messages)?;
            if next.nanos < best.nanos {
                best = next;
            }
        }
        let (messages, memory) = (thousands(best.messages), mebibytes(best.memory));
        writeln!(text, "| {messages} | {:.0} | {memory} |", best.nanos)?;
    }
    Ok(text)
}

/// Sites of more and more runners, each half busy.
pub(crate) fn with_runners(effort: Effort) -> Section {
    let (most, messages) = if effort == Effort::Quick { (1, 20_000) } else { (3, 1_000_000) };
    let mut text = String::from(
        "## With queue runners\n\nThe settings of `documented-fixes` at a steady load that keeps the runners \
         busy half of the time.\n\n| queue runners | ns a message |\n|---|---|\n",
    );
    for runners in powers(0, most) {
        let seconds = messages * 10 / (11 * runners);
        let site = Site::parse(
            &format!(
                "name: Runners\nmail: {{ arrivals: {{ poisson: {{ rate: {}/min }} }} }}\nproofpoint: {{ \
                 queue_runners: {runners}, messages_per_connection: 199, retry_interval: 1m, hoststat: off }}\n\
                 run: {{ simulate: {seconds}s }}\n",
                66 * runners
            ),
            &[],
        )?;
        let turns = if effort == Effort::Quick { 1 } else { 3 };
        let best = (0..turns).map(|_| site.per_delivery()).fold(f64::INFINITY, f64::min);
        writeln!(text, "| {} | {best:.0} |", thousands(runners))?;
    }
    Ok(text)
}

/// A queue that stands, while nobody answers or everything takes an hour.
pub(crate) fn with_backlog(effort: Effort) -> Section {
    let most = if effort == Effort::Quick { 4 } else { 6 };
    let mut text = String::from(
        "## With the queue\n\nQueue runs over messages that stand in the queue: all of them skipped because the \
         host counts as bad; or listed by run after run, while each delivery takes an hour.\n\n\
         | in queue | ns a skip | skips a second | ns a message only listed |\n|---|---|---|---|\n",
    );
    for messages in powers(4, most) {
        let (skipping, listing) = (Backlog::skipping(messages)?, Backlog::listing(messages)?);
        let turns = if effort == Effort::Quick { 1 } else { 3 };
        let best = |backlog: &Backlog| {
            (0..turns).map(|_| backlog.per_listed()).fold(f64::INFINITY, f64::min)
        };
        let (skip, list) = (best(&skipping), best(&listing));
        let (messages, rate) = (thousands(messages), 1e3 / skip);
        writeln!(text, "| {messages} | {skip:.1} | {rate:.1} million | {list:.1} |")?;
    }
    let (few, many) =
        if effort == Effort::Quick { (10_000, 100_000) } else { (100_000, 1_000_000) };
    let memory = match (alone::ask("queue", few)?.memory, alone::ask("queue", many)?.memory) {
        (Some(less), Some(more)) => {
            format!("{:.0} bytes", more.saturating_sub(less) as f64 / (many - few) as f64)
        }
        _ => "not measured".to_owned(),
    };
    writeln!(
        text,
        "\nMemory for each message that waits, with all lists that it stands in: {memory}."
    )?;
    Ok(text)
}

/// A sweep of small days: what a combination costs beside its mail.
pub(crate) fn with_combinations(effort: Effort) -> Section {
    let most = if effort == Effort::Quick { 1 } else { 3 };
    let mut text = String::from(
        "## With combinations\n\n`mailflow sweep` over so many combinations, one day of 1,000 messages each, with \
         its store, its tables, its pictures and its page.\n\n\
         | combinations | ms a combination |\n|---|---|\n",
    );
    for combinations in powers(1, most) {
        let each = alone::ask("sweep", combinations)?.nanos / 1e6;
        writeln!(text, "| {} | {each:.1} |", thousands(combinations))?;
    }
    Ok(text)
}

/// Twenty default days on one core and on two.
pub(crate) fn with_cores(effort: Effort) -> Section {
    let (repeats, turns) = if effort == Effort::Quick { (2, 1) } else { (20, 3) };
    let site = Site::parse("name: Default\n", &[])?;
    let best = |jobs| -> Result<(f64, f64), Box<dyn Error>> {
        let mut best = (f64::INFINITY, f64::INFINITY);
        for _ in 0..turns {
            let plan =
                Plan { params: &site.params, settings: site.settings.clone(), repeats, jobs };
            let both = || clock::timed_on_the_wall(|| run(&plan, &Silent));
            let ((records, wall), processor) = clock::timed_together(both);
            records?;
            best = (best.0.min(wall / 1e6), best.1.min(processor / 1e6));
        }
        Ok(best)
    };
    let (one, two) = (best(1)?, best(2)?);
    let mut text = format!(
        "## With cores\n\n{repeats} replications of the default day. On a machine with other work to do the wall \
         clock says little; that two threads need no more processor time than one says that nothing but \
         the machine keeps them from halving it.\n\n\
         | `--jobs` | ms on the wall | of one | ms of processor time |\n|---|---|---|---|\n"
    );
    for (jobs, (wall, processor)) in [(1, one), (2, two)] {
        writeln!(text, "| {jobs} | {wall:.0} | {:.2} | {processor:.0} |", wall / one.0)?;
    }
    Ok(text)
}
