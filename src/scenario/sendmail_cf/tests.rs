use super::*;
use crate::model::params::{DeliveryMode, Order, Params, QueueRuns, Routing};
use crate::scenario::parse;

/// What a file of these lines, which need not say that they are a `sendmail.cf`, leads to.
fn made(lines: &str) -> FromSendmailCf {
    let text = format!("{lines}\nV10/Berkeley\n");
    from_sendmail_cf("test.cf", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn params(lines: &str) -> Params {
    let text = made(lines).text;
    parse("x.yaml", &text, "".as_ref(), &[]).unwrap_or_else(|error| panic!("{error}")).params
}

/// Asserts that `lines` give the line `key: value` from the line of that number.
fn assert_gives(lines: &str, expected: &str, number: usize) {
    let text = made(lines).text;
    let found = text.lines().map(str::trim).find(|line| {
        line.split_once("  # ").is_some_and(|(value, from)| {
            value == expected && from.starts_with(&format!("line {number}: "))
        })
    });
    assert!(found.is_some(), "{expected:?} from line {number} in\n{text}");
}

#[test]
fn each_option_gives_its_key() {
    for (option, expected) in [
        ("O DeliveryMode=background", "delivery: immediate"),
        ("O DeliveryMode=b", "delivery: immediate"),
        ("Odi", "delivery: immediate"),
        ("O DeliveryMode=queueonly", "delivery: queue_only"),
        ("O DELIVERYMODE=q", "delivery: queue_only"),
        ("O DeliveryMode=deferred", "delivery: queue_only"),
        ("O HostStatusDirectory=.hoststat", "enabled: on"),
        ("O HostStatusDirectory=", "enabled: off"),
        ("O Timeout.hoststatus=30", "remember_for: 30m"),
        ("O Timeout.hoststatus = 1h30m", "remember_for: 90m"),
        ("O timeout.HostStatus=0", "remember_for: 0s"),
        ("O Timeout=hoststatus=5m,initial=1m", "remember_for: 5m"),
        ("O Timeout.connect=45s", "connect: 45s"),
        ("O Timeout.connect=0", "connect: 127s"),
        ("O Timeout.initial=2", "greeting: 2m"),
        ("O Timeout.datafinal=10m", "reply: 10m"),
        ("Or20m", "reply: 20m"),
        ("O Timeout.queuewarn=6", "warn_after: 6h"),
        ("O Timeout.queuewarn.*=1d", "warn_after: 1d"),
        ("O Timeout.queuewarn=0", "warn_after: 30d"),
        ("O Timeout.queuereturn=3", "give_up_after: 3d"),
        ("O Timeout.queuereturn.normal=1w2d", "give_up_after: 9d"),
        ("O Timeout.queuereturn=now", "give_up_after: 1s"),
        ("O Timeout.queuereturn=52w", "give_up_after: 30d"),
        ("OT4d/2h", "give_up_after: 4d"),
        ("OT4d/2h", "warn_after: 2h"),
        ("O MinQueueAge=27", "retry_interval: 27m"),
        ("O QueueSortOrder=Time", "order: time"),
        ("O QueueSortOrder=random", "order: random"),
        ("O QueueSortOrder=host", "order: priority"),
        ("O QueueSortOrder=filename", "order: time"),
        ("O QueueSortOrder=modification", "order: time"),
        ("O QueueSortOrder=none", "order: random"),
        ("O ConnectionCacheSize=8", "size: 8"),
        ("Ok0", "messages_per_connection: 1"),
        ("O ConnectionCacheTimeout=30s", "idle: 30s"),
        ("O SingleThreadDelivery=False", "single_thread_delivery: off"),
        ("O MaxRunnersPerQueue=7", "queue_runners: 7"),
        ("O MaxRunnersPerQueue=99999999", "queue_runners: 10000"),
        ("O MaxRecipientsPerMessage=20", "max: 20"),
        ("Qmqueue, P=/q, F=f, R=4, I=30m", "queue_runners: 4"),
        ("Qmqueue, Path=/q, Flags=f, Runners=4, Interval=15", "retry_interval: 15m"),
        ("Qmqueue, P=/q, F=f, I=30m", "queue_runs: periodic"),
        ("Qmqueue, P=/q, R=4", "queue_runners: 1"),
        ("Mesmtp, P=[IPC], F=mX, m=199, A=TCP $h", "messages_per_connection: 199"),
        ("Msmtp, P=[IPC], m=0", "messages_per_connection: unlimited"),
        ("Msmtp, P=[IPC], F=mXW", "enabled: off"),
        ("DS[192.0.2.1]:[192.0.2.2]:[192.0.2.3]", "routing: addresses"),
        ("DSrelay:[IPv6:2001:db8::1]:[IPv6:2001:db8::2]", "front_ends: 2"),
        ("DSa.example:b.example", "routing: addresses"),
        ("D{S}esmtp:[tenant.example]", "routing: one_name"),
        ("DStenant.example", "routing: one_name"),
    ] {
        assert_gives(option, expected, 1);
        assert_gives(&format!("# a comment\r\n\r\n{option}\r\n"), expected, 3);
    }
}

#[test]
fn what_is_absent_stays_at_the_default_but_host_status_is_off() {
    let mut expected = Params::default();
    expected.sender.host_status.enabled = false;
    assert_eq!(params(""), expected);
    assert!(made("").text.contains("# queue_runners: 2  # no value from the file"));
}

#[test]
fn a_whole_file_gives_a_whole_sender() {
    let text = include_str!("../../../tests/sendmail_cf/relay.cf");
    let sender = params(text).sender;
    assert_eq!(sender.delivery, DeliveryMode::QueueOnly);
    assert_eq!(sender.runners, 6);
    assert_eq!(sender.order, Order::Priority);
    assert_eq!(sender.messages_per_connection, Some(199));
    assert_eq!(sender.host_status.remember_for, Span::from_secs(1200));
    assert!(sender.host_status.enabled);
    assert_eq!(sender.min_queue_age, Span::from_secs(120));
    let (interval, most) = (Span::from_secs(600), Some(40));
    assert_eq!(sender.runs, QueueRuns::Periodic { interval, max_runner_processes: most });
    let receiver = params(text).receiver;
    assert_eq!((receiver.front_ends, receiver.routing), (2, Routing::Addresses));
}

#[test]
fn what_cannot_be_taken_is_named_with_its_line_and_reason() {
    for (lines, expected) in [
        ("O RetryFactor=1", "line 1: O RetryFactor=1 - the model has 90000"),
        ("Oy5", "line 1: Oy5 - the model has 30000"),
        ("O QueueLA=8", "line 1: O QueueLA=8 - load averages"),
        ("O MaxQueueAge=2h", "line 1: O MaxQueueAge=2h - retries that grow rarer"),
        ("O Timeout.iconnect=10s", "only the first try"),
        ("O Timeout.queuewarn.urgent=1h", "classes of precedence"),
        ("O Timeout.hoststatus=half an hour", "is not a time such as 30m"),
        ("O Timeout.hoststatus=", "is not a time such as 30m"),
        ("O MaxRunnersPerQueue=many", "is not a whole number"),
        ("O DeliveryMode=z", "is no delivery mode"),
        ("O MaxQueueChildren=20", "periodic queue runs only"),
        ("O SingleThreadDelivery=True", "no effect without HostStat"),
        ("Mesmtp, P=[IPC], m=5\nMrelay, P=[IPC], m=6", "line 2: Mrelay, .. m=6 - not taken"),
        ("Qa, P=/a, F=f, R=2\nQb, P=/b, F=f, R=5", "line 2: Qb, .. P=.. - taken for all mail"),
        ("O UseMSP=True", "looks like a submit.cf"),
        ("", "how often the queue is run"),
        ("", "there is no smart host"),
        ("", "MaxRunnersPerQueue is absent"),
    ] {
        let summary = made(lines).summary;
        assert!(summary.contains(expected), "{expected:?} in\n{summary}");
    }
    assert!(!made("O RetryFactor=90000").summary.contains("line 1"), "that is the model's own");
}

#[test]
fn the_last_line_wins_and_comments_do_not_count() {
    assert_gives("O MinQueueAge=5m\nO MinQueueAge=7m", "retry_interval: 7m", 2);
    assert_gives(
        "O Timeout.queuereturn.normal=2d\nO Timeout.queuereturn=4d",
        "give_up_after: 4d",
        2,
    );
    assert_gives("DS[192.0.2.1]\nDStenant.example", "routing: one_name", 2);
    assert!(!made("DStenant.example\nDS").text.contains("routing"), "an empty one is none");
    assert!(
        made("#O HostStatusDirectory=.x\n O Timeout.hoststatus=1m").text.contains("enabled: off")
    );
    assert_gives("Ok0\nOk3", "size: 3", 2);
    assert!(!made("Ok0\nOk3").text.contains("\n  messages_per_connection"));
}

#[test]
fn lines_are_continued_by_lines_that_begin_with_blanks() {
    let mailer = "Mrelay,\tP=[IPC], F=m,\n\t\tT=DNS/RFC822/SMTP,\n  m=42, A=TCP $h\n";
    assert_gives(&format!("\n{mailer}"), "messages_per_connection: 42", 2);
}

#[test]
fn the_queue_group_is_that_of_the_mailer_then_mqueue_then_the_largest() {
    let groups = "Qmqueue, P=/m, F=f, R=2\nQexo, P=/e, F=f, R=3\nQbig, P=/b, F=f, R=9\n";
    assert_gives(groups, "queue_runners: 2", 1);
    assert_gives(&format!("{groups}Mesmtp, P=[IPC], Q=exo"), "queue_runners: 3", 2);
    let others = groups.replace("Qmqueue", "Qslow");
    assert_gives(&others, "queue_runners: 9", 3);
}

#[test]
fn options_that_hang_on_each_other_are_resolved_together() {
    let group = "Qmqueue, P=/q, F=f, R=30, I=5m\n";
    let periodic = format!("{group}O MaxQueueChildren=20\nO MinQueueAge=1m");
    assert_gives(&periodic, "queue_runners: 20", 2);
    assert_gives(&periodic, "max_runner_processes: 20", 2);
    assert_gives(&periodic, "min_queue_age: 1m", 3);
    assert_gives("O MaxRunnersPerQueue=5\nQmqueue, P=/q, F=f", "queue_runners: 5", 1);
    let single = "O SingleThreadDelivery=True\nO HostStatusDirectory=.h";
    assert_gives(single, "single_thread_delivery: on", 1);
}

#[test]
fn what_is_no_sendmail_cf_is_refused_with_the_reason() {
    let large = vec![b'#'; LARGEST_SENDMAIL_CF + 1];
    for (bytes, reason) in [
        (&b""[..], "empty"),
        (b"# only\n# comments\n", "empty"),
        (b"V10\0\x01\x02", "binary"),
        (b"Once upon a time\nMen lived\n", "no line is one of a sendmail.cf"),
        (b"proofpoint:\n  queue_runners: 2\n", "no line is one of a sendmail.cf"),
        (b"divert(0)dnl\ndefine(`confMCI_CACHE_SIZE', `4')dnl\n", "sendmail.mc"),
        (b"V10/Berkeley\nMAILER(`smtp')dnl\n", "sendmail.mc"),
        (&large, "larger than 4 MiB"),
    ] {
        let message = from_sendmail_cf("x.cf", bytes).expect_err(reason);
        assert!(message.starts_with("x.cf is no sendmail.cf: ") && message.contains(reason));
    }
}

#[test]
fn odd_characters_and_huge_numbers_do_no_harm() {
    let lines = "DSa: # \u{2028}\"b\u{202e}]\u{7f}[\nO MinQueueAge=99999999999999999999999w9999999999999s\n\
                 Q,\nQ\nM\nD\nO\nO =\nO .=\nMx,P=[IPC],m=99999999999999999999,\\\nQ\u{e9}, P=/, F=f, R=-1\n";
    assert!(!made(lines).text.chars().any(|c| c != '\n' && crate::scenario::unprintable(c)));
    let bytes = b"V10/Berkeley\n# caf\xe9\nO Timeout.hoststatus=10m # \xff\n";
    assert!(from_sendmail_cf("a\nb\u{202e}.cf", bytes).is_ok());
}

#[test]
fn a_file_cut_anywhere_still_gives_a_valid_scenario_or_a_reason() {
    let text = include_str!("../../../tests/sendmail_cf/relay.cf");
    for end in (0..text.len()).step_by(7) {
        if let Err(message) = from_sendmail_cf("cut.cf", &text.as_bytes()[..end]) {
            assert!(message.starts_with("cut.cf is no sendmail.cf"), "{message}");
        }
    }
}

#[test]
fn every_key_that_may_be_set_is_in_the_table() {
    for (_, _, path) in SPANS {
        assert!(matches!(keys::find(path).map(|doc| doc.kind), Some(Kind::Span { .. })), "{path}");
    }
}
