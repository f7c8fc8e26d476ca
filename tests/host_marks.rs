//! What marks a host bad, row by row of the table of MODEL.md 6.1, as stories.
//!
//! Five messages wait at the start. One runner takes them; a round trip takes a second, a body ten, and so
//! does the service. The first message has its transaction from second 3 to 26; the second its probe to 27,
//! MAIL to 28, RCPT and DATA to 29, its body to 39, the reply to its dot at 50; and so on every 24 s. A pass
//! follows the other after a minute, as a new process. Each row is told with HostStat on and off: what
//! becomes of the message in hand, of the others in the same process, and what a later process does.
//!
//! The model knows no difference between a reset and an end of file, nor between a greeting, an EHLO and a
//! STARTTLS that fail: Sendmail treats them alike.

#[path = "host_marks/site.rs"]
mod site;

use mailflow::model::params::{
    Burst, Cut, Deferral, Link, Outage, Params, QueueRuns, SmtpPhase, Trouble,
};
use mailflow::units::{Bandwidth, Share, SimTime, Span};
use site::{Told, always, changed_at, healed_at, second, site, told};

/// With HostStat on, the mark made at `since` keeps later processes away for 30 minutes, and its skips do not
/// make that longer; with HostStat off the next process delivers. Either way the process that met the
/// failure has done what `first` says, and the mail is out in the end.
fn assert_marks(what: &str, params: &Params, first: &str, since: f64) {
    let since = second(since);
    for on in [true, false] {
        let told = told(params, on);
        let story = format!("{what}, HostStat {}: {told:#?}", if on { "on" } else { "off" });
        assert_eq!(told.fates_in(0), first, "{story}");
        assert_eq!(told.marks.len(), 1, "{story}");
        assert_eq!(told.marks[0].0, since, "{story}");
        let left = told.left_by(0);
        if on {
            let until = told.marks[0].1.expect("the record keeps others away");
            let whole_second = Span::from_secs(1);
            assert!(until + whole_second > since + Span::from_mins(30), "{story}");
            assert!(until <= since + Span::from_mins(30), "{story}");
            assert_eq!(told.fates_in(1), Told::all(&left, "skipped"), "{story}");
            assert!(told.first_delivery_after(since) >= until, "{story}");
            assert!(told.first_delivery_after(since) < until + Span::from_mins(2), "{story}");
        } else {
            assert_eq!(told.marks[0].1, None, "{story}");
            assert_eq!(told.fates_in(1), Told::all(&left, "delivered"), "{story}");
        }
        assert_eq!(told.delivered(), 5, "{story}");
    }
}

/// Nobody is kept away: HostStat on or off, the first process does what `first` says, and the next one
/// delivers what it left.
fn assert_does_not_mark(what: &str, params: &Params, first: &str) {
    for on in [true, false] {
        let told = told(params, on);
        let story = format!("{what}, HostStat {}: {told:#?}", if on { "on" } else { "off" });
        assert_eq!(told.fates_in(0), first, "{story}");
        assert_eq!(told.marks, [], "{story}");
        let left = told.left_by(0);
        assert_eq!(told.fates_in(1), Told::all(&left, "delivered"), "{story}");
    }
}

const REST_SKIPPED: &str = "0 failed, 1 skipped, 2 skipped, 3 skipped, 4 skipped";
const SECOND_LOST: &str = "0 delivered, 1 failed, 2 skipped, 3 skipped, 4 skipped";
const ALL_DELIVERED: &str = "0 delivered, 1 delivered, 2 delivered, 3 delivered, 4 delivered";

/// Every address is in `trouble` until `healed`.
fn all_addresses(trouble: Trouble, healed: u64) -> Params {
    let mut params = site();
    params.receiver.dead = (0..params.receiver.front_ends).map(|end| (end, trouble)).collect();
    healed_at(params, healed)
}

/// The first so many addresses are down: nobody answers connect().
fn unanswered(addresses: u32) -> Params {
    let mut params = site();
    let silent = |front_end| Outage {
        front_end,
        from: SimTime::ZERO,
        until: SimTime::MAX,
        behaviour: Trouble::Silent,
    };
    params.receiver.outages = (0..addresses).map(silent).collect();
    params
}

/// Connections live for `seconds` from connect() on, until the receiver heals after a minute.
fn lifetime(cut: Cut, seconds: f64) -> Params {
    let mut params = site();
    params.receiver.connection_lifetime = Some(Span::from_seconds(seconds));
    params.receiver.cut = cut;
    // What is open then still ends in its way.
    healed_at(params, 60)
}

/// The receiver answers every message with `code` at `at`.
fn refusing(at: SmtpPhase, code: u16) -> Params {
    let mut params = site();
    let reply = format!("{code} not now").into();
    params.receiver.deferrals = vec![Deferral { at, code, reply, chance: Share::new(1.0) }];
    params
}

/// It refuses the first message only.
fn refusing_once(at: SmtpPhase, code: u16) -> Params {
    healed_at(refusing(at, code), 1)
}

#[test]
fn connect_refused_or_timed_out_on_all_addresses_or_greeting_ehlo_or_starttls_failed_or_4xx_421_marks()
 {
    connect_refused_on_all_addresses_marks();
    connect_timed_out_on_all_addresses_marks();
    a_session_that_fails_after_connect_marks();
    connect_refused_on_some_addresses_does_not_mark();
}

fn connect_refused_on_all_addresses_marks() {
    // A round trip for each of the three.
    assert_marks("refused", &all_addresses(Trouble::Refuse, 10), REST_SKIPPED, 3.0);
}

fn connect_timed_out_on_all_addresses_marks() {
    let params = healed_at(unanswered(3), 400);
    assert_marks("timed out", &params, REST_SKIPPED, 3.0 * 127.0);
}

fn a_session_that_fails_after_connect_marks() {
    // The first address accepts the connection: the others are not tried.
    assert_marks("reset", &all_addresses(Trouble::Reset, 10), REST_SKIPPED, 1.0);
    assert_marks("421", &all_addresses(Trouble::Greeting421, 10), REST_SKIPPED, 2.0);
    assert_marks("silence", &all_addresses(Trouble::Silent, 310), REST_SKIPPED, 301.0);
}

fn connect_refused_on_some_addresses_does_not_mark() {
    let mut params = site();
    params.receiver.dead = vec![(0, Trouble::Refuse), (1, Trouble::Refuse)];
    assert_does_not_mark("two of three refuse", &params, ALL_DELIVERED);
    assert_does_not_mark("two of three do not answer", &unanswered(2), ALL_DELIVERED);
}

#[test]
fn reset_eof_or_timeout_while_awaiting_the_reply_to_mail_rcpt_data_or_the_final_dot_or_write_error_in_the_body_marks()
 {
    a_reset_while_a_reply_is_awaited_marks();
    a_reset_in_the_body_marks();
    a_reply_that_does_not_come_in_time_marks();
}

fn a_reset_while_a_reply_is_awaited_marks() {
    // Connections open at second 1.
    for (awaited, at) in [("MAIL", 27.5), ("RCPT and DATA", 28.5), ("the dot", 45.0)] {
        assert_marks(awaited, &lifetime(Cut::Reset, at - 1.0), SECOND_LOST, at);
    }
}

fn a_reset_in_the_body_marks() {
    let mut params = lifetime(Cut::Reset, 34.0);
    assert_marks("body", &params, SECOND_LOST, 35.0);
    params.network.link = Link::Shared(Bandwidth(800.0));
    assert_marks("body on a shared link", &params, SECOND_LOST, 35.0);
}

fn a_reply_that_does_not_come_in_time_marks() {
    let mut params = site();
    params.sender.timeouts.reply = Span::from_secs(5);
    // The dot is sent at second 15, and its reply takes eleven.
    assert_marks("timeout", &healed_at(params, 60), REST_SKIPPED, 20.0);
}

#[test]
fn a_4xx_or_421_to_mail_rcpt_or_data_does_not_mark() {
    a_refused_command_does_not_mark();
    a_lifetime_that_ends_with_421_at_a_command_does_not_mark();
    a_machine_that_refuses_every_message_does_not_mark();
}

fn a_refused_command_does_not_mark() {
    let others = "0 failed, 1 delivered, 2 delivered, 3 delivered, 4 delivered";
    for phase in [SmtpPhase::Mail, SmtpPhase::Rcpt, SmtpPhase::Data] {
        for code in [421, 450, 451, 452] {
            let what = format!("{code} to {phase:?}");
            assert_does_not_mark(&what, &refusing_once(phase, code), others);
        }
    }
}

fn a_lifetime_that_ends_with_421_at_a_command_does_not_mark() {
    // Each connection carries one message and gives 421 to the next.
    let every_other = "0 delivered, 1 failed, 2 delivered, 3 failed, 4 delivered";
    for (command, at) in [("MAIL", 26.5), ("RCPT", 27.5)] {
        let mut params = lifetime(Cut::Reply421, at - 1.0);
        params.changes[0].at = second(130.0);
        assert_does_not_mark(command, &params, every_other);
    }
}

fn a_machine_that_refuses_every_message_does_not_mark() {
    let all_failed = "0 failed, 1 failed, 2 failed, 3 failed, 4 failed";
    assert_does_not_mark("451 to RCPT", &all_addresses(Trouble::Defer, 60), all_failed);
}

#[test]
fn a_4xx_to_the_final_dot_except_452_is_a_latent_mark() {
    the_last_word_of_a_connection_marks_at_its_close();
    a_success_after_it_takes_it_back();
    what_says_nothing_of_the_status_leaves_it_standing();
    a_421_to_the_final_dot_marks_at_once();
}

fn the_last_word_of_a_connection_marks_at_its_close() {
    // Only the fifth message is refused, and the process ends.
    let params = changed_at(site(), &refusing(SmtpPhase::Dot, 451), 90);
    let last = "0 delivered, 1 delivered, 2 delivered, 3 delivered, 4 failed";
    assert_marks("at the end of the process", &healed_at(params, 110), last, 122.0);
    // The first is refused, and the cap closes the connection: the process itself skips the rest.
    let mut params = refusing_once(SmtpPhase::Dot, 451);
    always(&mut params, |settings| settings.sender.messages_per_connection = Some(1));
    assert_marks("at the cap", &params, REST_SKIPPED, 26.0);
}

fn a_success_after_it_takes_it_back() {
    let others = "0 failed, 1 delivered, 2 delivered, 3 delivered, 4 delivered";
    for code in [450, 451, 454] {
        assert_does_not_mark("450", &refusing_once(SmtpPhase::Dot, code), others);
    }
}

fn what_says_nothing_of_the_status_leaves_it_standing() {
    // 451 to the first dot; 451 to RCPT of all others says nothing new.
    let params = changed_at(refusing(SmtpPhase::Dot, 451), &refusing(SmtpPhase::Rcpt, 451), 1);
    let all_failed = "0 failed, 1 failed, 2 failed, 3 failed, 4 failed";
    assert_marks("451 to RCPT after it", &healed_at(params, 60), all_failed, 26.0 + 4.0 * 3.0);
}

fn a_421_to_the_final_dot_marks_at_once() {
    assert_marks("421", &refusing_once(SmtpPhase::Dot, 421), REST_SKIPPED, 26.0);
    // A lifetime that ends in the body of the second message gives 421 at its dot.
    for (cut, at) in [(Cut::Reply421, 40.0), (Cut::Unsolicited421, 39.0)] {
        assert_marks("421 in the body", &lifetime(cut, 34.0), SECOND_LOST, at);
    }
}

#[test]
fn a_452_or_5xx_to_the_final_dot_does_not_mark() {
    // The last word of the connection, and yet no mark at its close.
    let delivered = "0 delivered, 1 delivered, 2 delivered, 3 delivered";
    for (code, fate) in [(452, "failed"), (550, "bounced"), (554, "bounced")] {
        let params = changed_at(site(), &refusing(SmtpPhase::Dot, code), 90);
        let first = format!("{delivered}, 4 {fate}");
        assert_does_not_mark(&code.to_string(), &healed_at(params, 110), &first);
        // The others of its process are delivered.
        let first = format!("0 {fate}, 1 delivered, 2 delivered, 3 delivered, 4 delivered");
        assert_does_not_mark(&code.to_string(), &refusing_once(SmtpPhase::Dot, code), &first);
    }
}

#[test]
fn a_cut_found_by_the_rset_probe_between_messages_marks_not_at_all_by_421_or_on_disk_only_by_a_reset()
 {
    a_421_found_by_the_probe_does_not_mark();
    a_reset_found_by_the_probe_marks_on_disk_only();
}

/// As `params`, with a run every 40 s whether or not the last one has ended, and a sixth message at minute 5.
fn overlapping(mut params: Params) -> Params {
    always(&mut params, |settings| {
        let interval = Span::from_secs(40);
        settings.sender.runs = QueueRuns::Periodic { interval, max_runner_processes: None };
    });
    let at = SimTime::ZERO + Span::from_mins(5);
    params.workload.bursts = vec![Burst { at, messages: 1, over: Span::ZERO }];
    params
}

fn a_421_found_by_the_probe_does_not_mark() {
    for (cut, at) in [(Cut::Reply421, 20.0), (Cut::Unsolicited421, 26.5)] {
        let params = lifetime(cut, at - 1.0);
        assert_does_not_mark("nothing is lost", &params, ALL_DELIVERED);
        for on in [true, false] {
            let told = told(&overlapping(params.clone()), on);
            assert!(told.fates_in(1).starts_with("2 delivered"), "the next run: {told:#?}");
        }
    }
}

fn a_reset_found_by_the_probe_marks_on_disk_only() {
    let params = lifetime(Cut::Reset, 25.5);
    for on in [true, false] {
        // The message in hand goes out on a new connection, and so do the others of its process.
        let alone = told(&params, on);
        assert_eq!(alone.fates_in(0), ALL_DELIVERED, "{alone:#?}");
        // A process that starts at second 40 finds the record - with HostStat on - and skips what is free.
        let told = told(&overlapping(params.clone()), on);
        let next = told.fates_in(1);
        if on {
            assert_eq!(alone.marks[0].0, second(27.0), "when the probe has found it");
            assert_eq!(next, "2 skipped, 3 skipped, 4 skipped", "{told:#?}");
            // The first process closes in order: the record is good again for the sixth message.
            assert!(told.cleared > second(40.0), "{told:#?}");
        } else {
            assert_eq!(alone.marks, [], "{alone:#?}");
            assert!(next.starts_with("2 delivered"), "{told:#?}");
        }
        assert_eq!(told.delivered(), 6, "{told:#?}");
        let last = told.first_delivery_after(SimTime::ZERO + Span::from_mins(5));
        assert!(last < SimTime::ZERO + Span::from_mins(7), "HostStat {on}: {told:#?}");
    }
}
