//! The life of one message in words: a line for each step, with the rule of the model that fired.

use super::explain::{WIDTH, wrapped};
use super::human;
use crate::measure::{Step, What};
use crate::model::connection::Closed;
use crate::model::connection::transaction::{Ending, Hangup};
use crate::model::params::SmtpPhase;
use crate::units::{SimTime, Span};

/// Where the words begin, after the clock and the age.
const WORDS: usize = 28;

/// Where the story takes place.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What the receiver is called.
    pub receiver: &'a str,
    /// How many agents there are.
    pub agents: u32,
    /// What the clock shows at the start: the time since Monday 00:00.
    pub starts: Span,
}

/// The story of message `id`.
pub fn story(id: u64, steps: &[Step], place: &Place<'_>) -> String {
    let mut out =
        format!("Message {id}\n{:<16}{:<12}what happened, and by which rule\n", "clock", "age");
    for step in steps {
        let head = format!("{:<16}{:<12}", clock(step.at, place.starts), age(step.age));
        out += &wrapped(&head, &words(&step.what, place), WORDS, WIDTH);
    }
    if !ended(steps) {
        out += "It is still in the queue at the end of the simulation.\n";
    }
    out
}

fn ended(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step.what, What::Delivered { .. } | What::Bounced))
}

/// `Mon 09:30:00.1`: what the clock shows at an instant of a run that starts at `starts`.
pub fn clock(at: SimTime, starts: Span) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let millis = starts.nanos().saturating_add(at.nanos()) / 1_000_000;
    let (seconds, day) = (millis / 1000, DAYS[(millis / 86_400_000 % 7) as usize]);
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{day} {hours:02}:{minutes:02}:{:02}.{}", seconds % 60, millis % 1000 / 100)
}

/// `1h 02m 03s`, or seconds with a decimal below a minute.
fn age(span: Span) -> String {
    let seconds = span.nanos() / 1_000_000_000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => format!("{:.1}s", span.seconds()),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

fn words(what: &What, place: &Place<'_>) -> String {
    let &Place { receiver, agents, starts } = place;
    match *what {
        What::Arrived { bytes, recipients, agent } => {
            let size = human::number(f64::from(bytes));
            let to = if recipients == 1 { "recipient" } else { "recipients" };
            let by = if agents > 1 { format!(", agent {}", agent + 1) } else { String::new() };
            format!("accepted by Proofpoint{by}: {size} bytes, {recipients} {to}")
        }
        What::Listed { messages, runners, process } => {
            let (messages, runners) = (human::number(messages as f64), runners.max(1));
            format!("listed by a queue run: {messages} messages, {runners} processes; it falls to process {process} (rules 4.3, 4.5)")
        }
        What::TriedAtOnce { process } => {
            format!("process {process} starts to deliver it at once (rule 4.7)")
        }
        What::Started { process, connection, front_end, open_for, batch } => {
            let more = if batch > 0 { "; the next recipients" } else { "" };
            match open_for {
                Some(open) => format!("process {process} sends it on connection {connection}, open for {} (rules 5.2, 5.6){more}", age(open)),
                None => format!("process {process} opens connection {connection} to front end {} and sends it (rules 5.5, 5.6){more}", front_end + 1),
            }
        }
        What::NoConnection { process, refused } => {
            let how = if refused { "was refused" } else { "failed before its greeting" };
            format!("process {process}'s connection {how}: host marked as bad (rule 6.1, first row)")
        }
        What::Skipped { process, until: Some(until), own } => {
            let by = match own {
                true => "this process met the failure itself; rule 6.2",
                false => "host status of another process; rules 5.3, 5.4",
            };
            format!("skipped by process {process}: {receiver} counts as bad until {} ({by}) -> deferred", clock(until, starts))
        }
        What::Skipped { process, until: None, .. } => {
            format!("skipped by process {process}: another process holds the host (one connection at a time; rule 6.6) -> deferred")
        }
        What::Lost { connection, ending, open_for, reason } => {
            lost(connection, ending, open_for, reason)
        }
        What::Marked { until: Some(until) } => {
            format!("host marked: other processes skip it until {} (rules 6.1, 6.3)", clock(until, starts))
        }
        What::Marked { until: None } => {
            "host marked in this process's memory only: HostStat is off or below its threshold (rules 6.1, 6.2)".to_owned()
        }
        What::Deferred { tries } => format!("deferred after try {tries} (rules 4.6, 5.7)"),
        What::Warned => "a notice of delay goes to the sender (rule 4.8)".to_owned(),
        What::Accepted => format!("accepted by {receiver}: here the delay ends"),
        What::Delivered { connection, tries } => {
            format!("delivered on connection {connection}, in try {tries}")
        }
        What::Bounced => "bounced: returned to its sender (rules 4.8, 6.1)".to_owned(),
    }
}

fn lost(connection: u64, ending: Ending, open_for: Option<Span>, reason: Option<Closed>) -> String {
    let after = open_for.map_or_else(String::new, |open| format!(" after {}", age(open)));
    match ending {
        Ending::Refused { phase, code } => {
            let command = command(phase);
            format!("refused on connection {connection}: {code} to {command} (rule 6.1)")
        }
        Ending::Cut { phase, how } => {
            let by = match (reason, how) {
                (Some(Closed::Outage), _) => "its front end went down, ",
                (_, Hangup::Reset) => "a reset, ",
                (_, Hangup::Reply421) => "a 421, ",
            };
            let awaited = command(phase);
            format!(
                "connection {connection} cut{after}: {by}while the reply to {awaited} was awaited (rules 7.2, 6.1)"
            )
        }
        Ending::Accepted => format!("connection {connection}: accepted"),
    }
}

fn command(phase: SmtpPhase) -> &'static str {
    match phase {
        SmtpPhase::Mail => "MAIL",
        SmtpPhase::Rcpt => "RCPT",
        SmtpPhase::Data => "DATA",
        SmtpPhase::Dot => "the final dot",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_clock_its_age_and_its_rule() {
        let at = |minutes: u64| SimTime::ZERO + Span::from_mins(minutes);
        let step = |minutes, what| Step { at: at(minutes), age: Span::from_mins(minutes), what };
        let ending = Ending::Cut { phase: SmtpPhase::Dot, how: Hangup::Reset };
        let open_for = Some(Span::from_secs(1212));
        let steps = [
            step(0, What::Arrived { bytes: 1500, recipients: 1, agent: 0 }),
            step(3, What::Lost { connection: 7, ending, open_for, reason: None }),
            step(4, What::Skipped { process: 2, until: Some(at(33)), own: false }),
        ];
        let place = Place { receiver: "partner", agents: 1, starts: Span::from_hours(9) };
        let text = story(5, &steps, &place);
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "Mon 09:03:00.0 3m 00s connection 7 cut after 20m 12s: a reset, while the reply to the \
             final dot was awaited (rules 7.2, 6.1)",
            "accepted by Proofpoint: 1,500 bytes, 1 recipient",
            "partner counts as bad until Mon 09:33:00.0 (host status of another process; rules 5.3, 5.4)",
            "still in the queue",
        ] {
            assert!(plain.contains(part), "{part} is missing:\n{text}");
        }
        let two = story(5, &steps, &Place { agents: 2, ..place });
        assert!(two.contains("accepted by Proofpoint, agent 1:"), "{two}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }
}
