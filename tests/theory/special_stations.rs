//! Toy stations with something special about them: breakdowns, vacations, orbits, classes, several lines.

use crate::mail::{REPLICATIONS, by, mean};
use crate::reference::Entry;
use crate::toy::{Average, Bench, at, replications, warm_up};
use mailflow::engine::Timer;
use mailflow::units::{SimTime, Span};
use std::collections::VecDeque;

#[derive(Clone, Copy)]
enum Event {
    /// A customer, or what stands for one, of a class arrives.
    Arrival(usize),
    /// A server is done.
    Departure(usize),
    /// A vacation, a repair, a span of work or of patience ends.
    Over,
}

/// One server and lines by class, the lower class first, nobody interrupted: the waits by class.
fn classes(rates: [f64; 2], mu: f64, end: SimTime, seed: u64) -> [Vec<f64>; 2] {
    let mut bench = Bench::new(seed);
    let mut lines = [VecDeque::new(), VecDeque::new()];
    let mut waits = [Vec::new(), Vec::new()];
    let mut busy = false;
    for (class, rate) in rates.into_iter().enumerate() {
        bench.later(rate, Event::Arrival(class));
    }
    while let Some((now, event)) = bench.next(end) {
        match event {
            Event::Arrival(class) => {
                lines[class].push_back(now);
                bench.later(rates[class], Event::Arrival(class));
            }
            Event::Departure(_) | Event::Over => busy = false,
        }
        let first = lines.iter().position(|line| !line.is_empty());
        if let Some(class) = first.filter(|_| !busy)
            && let Some(since) = lines[class].pop_front()
        {
            busy = true;
            bench.later(mu, Event::Departure(0));
            if since >= warm_up(end) {
                waits[class].push(now.since(since).seconds());
            }
        }
    }
    waits
}

#[test]
fn two_classes_meet_cobham() {
    let entry = Entry::of("M/M/1 two classes, non-preemptive priority");
    let (rates, mu) = (["lambda1", "lambda2"].map(|key| entry.param(key)), entry.param("mu"));
    let runs = replications(REPLICATIONS, |seed| classes(rates, mu, at(100_000), seed));
    entry.covers("Wq1", &by(&runs, |waits| mean(&waits[0])));
    entry.covers("Wq2", &by(&runs, |waits| mean(&waits[1])));
}

/// One server that goes away for exponential vacations whenever its line is empty: the mean wait.
fn vacations(lambda: f64, mu: f64, vacation: f64, end: SimTime, seed: u64) -> f64 {
    let mut bench = Bench::new(seed);
    let mut line = VecDeque::new();
    let (mut waited, mut counted) = (0.0, 0u64);
    bench.later(lambda, Event::Arrival(0));
    bench.later(1.0 / vacation, Event::Over);
    while let Some((now, event)) = bench.next(end) {
        if let Event::Arrival(_) = event {
            line.push_back(now);
            bench.later(lambda, Event::Arrival(0));
            continue;
        }
        // The server is free: back from a vacation, or done with a customer.
        let Some(since) = line.pop_front() else {
            bench.later(1.0 / vacation, Event::Over);
            continue;
        };
        bench.later(mu, Event::Departure(0));
        if since >= warm_up(end) {
            waited += now.since(since).seconds();
            counted += 1;
        }
    }
    waited / counted as f64
}

#[test]
fn a_server_with_exponential_vacations_meets_levy_and_yechiali() {
    let entry = Entry::of("M/M/1 multiple vacations, exponential V mean 10");
    let (lambda, mu, vacation) = (entry.param("lambda_"), entry.param("mu"), entry.param("EV"));
    let runs =
        replications(REPLICATIONS, |seed| vacations(lambda, mu, vacation, at(100_000), seed));
    entry.covers("Wq", &runs);
}

/// `machines` that fail at rate `lambda` each, and `people` who repair: (mean number broken, repairs per
/// time, mean time broken, mean wait for a repair).
fn repairs(machines: usize, people: usize, lambda: f64, mu: f64, seed: u64) -> [f64; 4] {
    let end = at(20_000);
    let from = warm_up(end);
    let mut bench = Bench::new(seed);
    let (mut line, mut busy, mut done) = (VecDeque::new(), 0, 0u64);
    let (mut waits, mut broken) = (Vec::new(), Vec::new());
    let mut average = Average::from(from);
    for _ in 0..machines {
        bench.later(lambda, Event::Arrival(0));
    }
    while let Some((now, event)) = bench.next(end) {
        match event {
            Event::Arrival(_) => line.push_back(now),
            Event::Departure(_) | Event::Over => {
                busy -= 1;
                done += u64::from(now >= from);
                bench.later(lambda, Event::Arrival(0));
            }
        }
        while busy < people
            && let Some(since) = line.pop_front()
        {
            busy += 1;
            let repair = bench.exponential(mu);
            bench.after(repair, Event::Departure(0));
            let wait = now.since(since).seconds();
            waits.push(wait);
            broken.push(wait + repair.seconds());
        }
        average.set(now, busy + line.len());
    }
    [average.value(), done as f64 / end.since(from).seconds(), mean(&broken), mean(&waits)]
}

#[test]
fn machines_that_two_people_repair_meet_palm() {
    let entry = Entry::of("Machine repair M/M/c//N");
    let (machines, people) = (entry.param("N") as usize, entry.param("c") as usize);
    let (lambda, mu) = (entry.param("lambda_"), entry.param("mu"));
    let runs = replications(REPLICATIONS, |seed| repairs(machines, people, lambda, mu, seed));
    for (index, key) in ["L", "throughput", "W", "Wq"].into_iter().enumerate() {
        entry.covers(key, &by(&runs, |run| run[index]));
    }
}

/// One server without a line: who finds it busy tries again after an exponential time, until he finds it
/// free: (mean number in orbit, mean time in orbit, share of time busy).
fn orbit(lambda: f64, mu: f64, theta: f64, end: SimTime, seed: u64) -> [f64; 3] {
    let mut bench = Bench::new(seed);
    let mut since = vec![SimTime::ZERO];
    let (mut busy, mut circling) = (false, 0);
    let mut times = Vec::new();
    let mut average = (Average::from(warm_up(end)), Average::from(warm_up(end)));
    bench.later(lambda, Event::Arrival(0));
    while let Some((now, event)) = bench.next(end) {
        match event {
            // Customer 0 is the next newcomer; the others are circling.
            Event::Arrival(0) => {
                bench.later(lambda, Event::Arrival(0));
                if busy {
                    circling += 1;
                    since.push(now);
                    bench.later(theta, Event::Arrival(since.len() - 1));
                } else {
                    busy = true;
                    times.push(0.0);
                    bench.later(mu, Event::Departure(0));
                }
            }
            Event::Arrival(customer) if busy => bench.later(theta, Event::Arrival(customer)),
            Event::Arrival(customer) => {
                busy = true;
                circling -= 1;
                times.push(now.since(since[customer]).seconds());
                bench.later(mu, Event::Departure(0));
            }
            Event::Departure(_) | Event::Over => busy = false,
        }
        average.0.set(now, circling);
        average.1.set(now, usize::from(busy));
    }
    [average.0.value(), mean(&times), average.1.value()]
}

#[test]
fn customers_who_try_again_meet_falin() {
    let entry = Entry::of("M/M/1 retrial queue (orbit, rate theta per message)");
    let (lambda, mu, theta) = (entry.param("lambda_"), entry.param("mu"), entry.param("theta"));
    let runs = replications(REPLICATIONS, |seed| orbit(lambda, mu, theta, at(100_000), seed));
    for (index, key) in ["E_orbit", "W_orbit", "P_busy"].into_iter().enumerate() {
        entry.covers(key, &by(&runs, |run| run[index]));
    }
}

/// One server that breaks down, busy or idle, and goes on with what it had once repaired: (mean number,
/// mean time in the system).
fn breakdowns([lambda, mu, f, r]: [f64; 4], end: SimTime, seed: u64) -> [f64; 2] {
    let mut bench = Bench::new(seed);
    let mut line = VecDeque::new();
    let mut up = true;
    let mut service: Option<Timer> = None;
    let mut times = Vec::new();
    let mut average = Average::from(warm_up(end));
    bench.later(lambda, Event::Arrival(0));
    bench.later(f, Event::Over);
    while let Some((now, event)) = bench.next(end) {
        match event {
            Event::Arrival(_) => {
                line.push_back(now);
                bench.later(lambda, Event::Arrival(0));
            }
            Event::Departure(_) => {
                service = None;
                let since = line.pop_front().expect("somebody was served");
                if since >= warm_up(end) {
                    times.push(now.since(since).seconds());
                }
            }
            Event::Over => {
                up = !up;
                bench.later(if up { f } else { r }, Event::Over);
            }
        }
        if !up && let Some(timer) = service.take() {
            // What is left of an exponential service is again exponential.
            assert!(bench.calendar.cancel(timer), "it was under way");
        }
        if up && service.is_none() && !line.is_empty() {
            service = Some(bench.timer(mu, Event::Departure(0)));
        }
        average.set(now, line.len());
    }
    [average.value(), mean(&times)]
}

#[test]
fn a_server_that_breaks_down_meets_white_and_christie() {
    let entry = Entry::of("M/M/1 with server breakdowns (up rate f, repair rate r, resume)");
    let rates = ["lambda_", "mu", "f", "r"].map(|key| entry.param(key));
    let runs = replications(REPLICATIONS, |seed| breakdowns(rates, at(100_000), seed));
    entry.covers("L", &by(&runs, |run| run[0]));
    entry.covers("W", &by(&runs, |run| run[1]));
}

/// Transfers of length `length`, each started anew `pause` after a failure: (mean time from first start to
/// end, share of attempts that fail, attempts per transfer).
fn transfers(length: Span, rate: f64, pause: Span, seed: u64) -> [f64; 3] {
    const TRANSFERS: usize = 4_000;
    let mut bench = Bench::new(seed);
    let (mut times, mut attempts, mut failed) = (Vec::new(), 0u64, 0u64);
    let mut started = SimTime::ZERO;
    let mut failure: Option<Timer> = None;
    bench.after(Span::ZERO, Event::Arrival(0));
    while let Some((now, event)) = bench.next(SimTime::MAX) {
        match event {
            Event::Arrival(number) => {
                attempts += 1;
                failure = Some(bench.timer(rate, Event::Over));
                bench.after(length, Event::Departure(number));
            }
            Event::Over => {
                failed += 1;
                failure = None;
                bench.after(pause, Event::Arrival(0));
            }
            // The end of an attempt that failed before.
            Event::Departure(_) if failure.is_none() => {}
            Event::Departure(_) => {
                if let Some(timer) = failure.take() {
                    bench.calendar.cancel(timer);
                }
                times.push(now.since(started).seconds());
                if times.len() == TRANSFERS {
                    break;
                }
                started = now;
                bench.after(Span::ZERO, Event::Arrival(0));
            }
        }
    }
    [mean(&times), failed as f64 / attempts as f64, attempts as f64 / TRANSFERS as f64]
}

#[test]
fn a_transfer_that_starts_anew_after_each_failure_meets_gaver() {
    let entry = Entry::of("Transfer of fixed length restarted after each failure");
    let span = |key| Span::from_seconds(entry.param(key));
    let (length, pause, rate) = (span("D"), span("retry_after"), entry.param("fail_rate"));
    assert!(length < pause, "an attempt that failed is over before the next one starts");
    let runs = replications(REPLICATIONS, |seed| transfers(length, rate, pause, seed));
    for (index, key) in ["E_T", "fail_prob", "E_attempts"].into_iter().enumerate() {
        entry.covers(key, &by(&runs, |run| run[index]));
    }
}

/// How customers choose between two lines.
#[derive(Clone, Copy)]
enum Choice {
    Turns,
    Shorter,
}

/// What two lines with a server each came to, after the warm-up.
struct TwoLines {
    waits: Vec<f64>,
    sojourns: Vec<f64>,
    number: f64,
}

fn two_lines(choice: Choice, lambda: f64, mu: f64, seed: u64) -> TwoLines {
    let end = at(200_000);
    let mut bench = Bench::new(seed);
    let mut lines = [VecDeque::new(), VecDeque::new()];
    let (mut waits, mut sojourns) = (Vec::new(), Vec::new());
    let mut average = Average::from(warm_up(end));
    let mut turn = 0;
    bench.later(lambda, Event::Arrival(0));
    while let Some((now, event)) = bench.next(end) {
        match event {
            Event::Arrival(_) => {
                bench.later(lambda, Event::Arrival(0));
                turn = 1 - turn;
                let line = match choice {
                    Choice::Turns => turn,
                    Choice::Shorter if lines[0].len() == lines[1].len() => turn,
                    Choice::Shorter => usize::from(lines[1].len() < lines[0].len()),
                };
                lines[line].push_back(now);
                if lines[line].len() == 1 {
                    waits.push(0.0);
                    bench.later(mu, Event::Departure(line));
                }
            }
            Event::Over => {}
            Event::Departure(line) => {
                let since = lines[line].pop_front().expect("somebody was served");
                sojourns.push(now.since(since).seconds());
                if let Some(next) = lines[line].front() {
                    waits.push(now.since(*next).seconds());
                    bench.later(mu, Event::Departure(line));
                }
            }
        }
        average.set(now, lines[0].len() + lines[1].len());
    }
    TwoLines { waits, sojourns, number: average.value() }
}

#[test]
fn taking_turns_between_two_servers_is_e2_m_1() {
    let entry = Entry::of("Round robin over 2 servers = E2/M/1 each");
    let (lambda, mu) = (entry.param("total_lambda"), entry.param("mu"));
    let runs = replications(REPLICATIONS, |seed| two_lines(Choice::Turns, lambda, mu, seed));
    entry.covers("Wq", &by(&runs, |run| mean(&run.waits)));
    // Who arrives finds the server busy with probability sigma.
    let waiting = |run: &TwoLines| run.waits.iter().filter(|wait| **wait > 0.0).count() as f64;
    entry.covers("sigma", &by(&runs, |run| waiting(run) / run.waits.len() as f64));
}

#[test]
fn joining_the_shorter_of_two_lines_meets_flatto() {
    let entry = Entry::of("Join the shortest queue, 2 servers");
    let (lambda, mu) = (entry.param("total_lambda"), entry.param("mu"));
    let runs = replications(REPLICATIONS, |seed| two_lines(Choice::Shorter, lambda, mu, seed));
    entry.covers("L", &by(&runs, |run| run.number));
    entry.covers("W", &by(&runs, |run| mean(&run.sojourns)));
    entry.covers("Wq", &by(&runs, |run| mean(&run.waits)));
}
