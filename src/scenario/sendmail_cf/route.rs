//! Where mail goes: the smart host, the mailer that takes it there, and the queue group it waits in.

use super::lines::{self, Line};
use super::{PER_CONNECTION, RETRY, RUNNERS, Reading, plain};

/// A line that defines a mailer or a queue group.
struct Definition<'l> {
    line: &'l Line,
    name: String,
    fields: Vec<(char, String)>,
}

impl Definition<'_> {
    /// The value of a field; the last one wins.
    fn get(&self, letter: char) -> Option<&str> {
        let found = self.fields.iter().rev().find(|(known, _)| *known == letter);
        found.map(|(_, value)| value.as_str())
    }

    fn has_flag(&self, flag: char) -> bool {
        self.get('F').is_some_and(|flags| flags.contains(flag))
    }

    /// A line of its own that shows one field: the whole would be too long.
    fn showing(&self, letter: char, value: &str) -> Line {
        let kind = self.line.text.chars().next().unwrap_or('M');
        let text = format!("{kind}{}, .. {letter}={value}", self.name);
        Line { number: self.line.number, text }
    }
}

/// All definitions that begin with `kind`; a later one of the same name replaces an earlier one.
fn definitions(lines: &[Line], kind: char) -> Vec<Definition<'_>> {
    let mut all: Vec<Definition<'_>> = Vec::new();
    for line in lines {
        let Some(rest) = line.text.strip_prefix(kind) else { continue };
        let (name, fields) = lines::fields(rest);
        if name.is_empty() || fields.is_empty() {
            continue;
        }
        all.retain(|definition| definition.name != name);
        all.push(Definition { line, name, fields });
    }
    all
}

/// Reads the smart host, the mailers and the queue groups.
pub(super) fn read(lines: &[Line], reading: &mut Reading<'_>) {
    let network = |mailer: &Definition<'_>| {
        mailer.get('P').is_some_and(|path| ["[IPC]", "[TCP]"].contains(&path))
    };
    let mut mailers = definitions(lines, 'M');
    mailers.retain(network);
    let named = smart_host(lines, &mailers, reading);
    let order = ["esmtp", "smtp", "smtp8", "dsmtp", "relay"];
    let first = order.iter().find_map(|name| mailers.iter().find(|m| m.name == *name));
    let by_name = named.and_then(|name| mailers.iter().find(|m| m.name == name));
    let mailer = by_name.or(first).or(mailers.first());
    if let Some(mailer) = mailer {
        take_mailer(mailer, &mailers, reading);
    }
    groups(lines, mailer, reading);
}

/// Reads `DS`, and returns the name of the mailer that takes mail there.
fn smart_host(
    lines: &[Line],
    mailers: &[Definition<'_>],
    reading: &mut Reading<'_>,
) -> Option<String> {
    let value = |line: &Line| {
        let text = line.text.strip_prefix("DS").or_else(|| line.text.strip_prefix("D{S}"))?;
        Some((line.clone(), text.trim().to_owned()))
    };
    // The last definition holds, and an empty one is none.
    let found = lines.iter().filter_map(value).next_back().filter(|(_, text)| !text.is_empty());
    let Some((line, text)) = found else {
        reading.silent.push(
            "where mail goes: there is no smart host (DS), so it hangs on mailertable, DNS or rules; \
             see exchange_online.routing"
                .to_owned(),
        );
        return None;
    };
    let mut hosts = hosts(&text);
    let known = |name: &str| {
        mailers.iter().any(|mailer| mailer.name == name)
            || ["relay", "esmtp", "smtp"].contains(&name)
    };
    let mailer = (hosts.len() > 1 && known(&hosts[0])).then(|| hosts.remove(0));
    routing(&hosts, &line, reading);
    // Without a mailer of its own a smart host is reached by relay.
    Some(mailer.unwrap_or_else(|| "relay".to_owned()))
}

/// The hosts of a list with colons or commas between them, brackets kept together.
fn hosts(text: &str) -> Vec<String> {
    let (mut hosts, mut host, mut inside) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        inside = (inside || c == '[') && c != ']';
        if matches!(c, ':' | ',') && !inside {
            hosts.push(std::mem::take(&mut host));
        } else {
            host.push(c);
        }
    }
    hosts.push(host);
    hosts.iter().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect()
}

/// Whether a host is an address in brackets: such are dialled as they are.
fn is_address(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.is_some_and(|inner| {
        let plain = inner.strip_prefix("IPv6:").unwrap_or(inner);
        plain.parse::<std::net::IpAddr>().is_ok()
    })
}

fn routing(hosts: &[String], line: &Line, reading: &mut Reading<'_>) {
    let (path, ends) = ("exchange_online.routing", "exchange_online.front_ends");
    let count = u64::try_from(hosts.len()).unwrap_or(u64::MAX);
    let addresses = hosts.iter().filter(|host| is_address(host)).count();
    match hosts {
        [] => {}
        [host] if addresses == 0 => {
            let remark = match host.starts_with('[') {
                true => {
                    "One name in brackets: its addresses are dialled, MX records are not asked."
                }
                false => {
                    "One name, taken to have one MX host, or none, which comes to the same; with \
                     several, mx_hosts."
                }
            };
            reading.put(path, "one_name", line, remark);
        }
        _ => {
            let remark = match addresses {
                0 => "Several names, tried in the order listed: each stands for one address here.",
                all if all == hosts.len() => "Addresses, tried in the order listed.",
                _ => "Names and addresses, tried in the order listed: each counts as one address.",
            };
            reading.put(path, "addresses", line, remark);
            reading.number(ends, count, line, "As many as the smart host lists.");
        }
    }
}

/// Reads the mailer that takes the mail.
fn take_mailer(mailer: &Definition<'_>, all: &[Definition<'_>], reading: &mut Reading<'_>) {
    if let Some(value) = mailer.get('m') {
        let line = mailer.showing('m', value);
        match value.parse() {
            Ok(0) => reading.put(PER_CONNECTION, "unlimited", &line, "0 is no limit."),
            Ok(most) => reading.number(PER_CONNECTION, most, &line, ""),
            Err(_) => reading.unclear(&line, "is not a whole number: not taken"),
        }
    }
    for other in all {
        let (limit, own) = (other.get('m'), mailer.get('m'));
        if let Some(value) = limit.filter(|_| limit != own) {
            let why =
                format!("not taken: mail is taken to go by the mailer {}", plain(&mailer.name));
            reading.unclear(&other.showing('m', value), &why);
        }
    }
    if let Some(value) = mailer.get('r').filter(|value| *value != "100") {
        let why = "messages split over several transactions are not modelled";
        reading.unclear(&mailer.showing('r', value), why);
    }
    if mailer.has_flag('W') {
        let line = mailer.showing('F', "..W..");
        let remark = "Flag W: the mailer does not look at host status.";
        reading.put("proofpoint.hoststat.enabled", "off", &line, remark);
    }
}

/// Reads the queue group in which that mail waits.
fn groups(lines: &[Line], mailer: Option<&Definition<'_>>, reading: &mut Reading<'_>) {
    let groups = definitions(lines, 'Q');
    let by_mailer = mailer.and_then(|m| m.get('Q')).and_then(|name| find(&groups, name));
    let most = |group: &&Definition<'_>| {
        let runners = group.get('R').and_then(|runners| runners.parse::<u64>().ok());
        runners.unwrap_or(0)
    };
    let largest = groups.iter().rev().max_by_key(most);
    let (group, why) = match (by_mailer, find(&groups, "mqueue")) {
        (Some(group), _) => (Some(group), "which the mailer names"),
        (None, Some(group)) => (Some(group), "where mail waits if no rule says otherwise"),
        (None, None) => (largest, "which has the most runners"),
    };
    let fallback = reading.last.runners;
    let Some(group) = group else {
        if let Some((line, runners)) = fallback {
            let remark = "There is no queue group; it holds if the default one forks its runners.";
            reading.number(RUNNERS, runners, line, remark);
        }
        return;
    };
    if groups.len() > 1 {
        let others: Vec<String> = groups
            .iter()
            .filter(|other| other.name != group.name)
            .map(|other| plain(&other.name))
            .collect();
        let why = format!(
            "taken for all mail, {why}; not taken: {}. Groups of their own are not modelled",
            plain(&others.join(", "))
        );
        reading.unclear(&group.showing('P', ".."), &why);
    }
    runners(group, fallback, reading);
    interval(group, reading);
}

fn find<'g, 'l>(groups: &'g [Definition<'l>], name: &str) -> Option<&'g Definition<'l>> {
    groups.iter().find(|group| group.name == name)
}

fn runners(group: &Definition<'_>, fallback: Option<(&Line, u64)>, reading: &mut Reading<'_>) {
    let own = group.get('R').map(|value| (group.showing('R', value), value.parse::<u64>()));
    if !group.has_flag('f') {
        let line = group.showing('F', group.get('F').unwrap_or(""));
        let remark = "Without the flag f a queue group has one runner, whatever R= says.";
        return reading.put(RUNNERS, "1", &line, remark);
    }
    match (own, fallback) {
        (Some((line, Ok(0))), _) => reading.unclear(&line, "stops the group: not taken"),
        (Some((line, Ok(runners))), _) => reading.number(RUNNERS, runners, &line, ""),
        (Some((line, Err(_))), _) => reading.unclear(&line, "is not a whole number: not taken"),
        (None, Some((line, runners))) => reading.number(RUNNERS, runners, line, ""),
        (None, None) => {
            let line = group.showing('F', group.get('F').unwrap_or(""));
            let remark = "Neither R= nor MaxRunnersPerQueue: Sendmail's default is one runner.";
            reading.put(RUNNERS, "1", &line, remark);
        }
    }
}

fn interval(group: &Definition<'_>, reading: &mut Reading<'_>) {
    let Some(value) = group.get('I') else { return };
    let line = group.showing('I', value);
    let Some(span) = reading.time(&line, value, 'm').filter(|span| !span.is_zero()) else { return };
    let remark = "A group's own interval, read as that of periodic runs (-q), not of -qp.";
    reading.put("proofpoint.queue_runs", "periodic", &line, remark);
    reading.span(RETRY, span, &line, "");
}
