use super::*;

fn sendmail(text: &str) -> Entry<'_> {
    parse(b"sendmail", text.as_bytes()).expect("of Sendmail")
}

fn delivery(text: &str) -> To<'_> {
    match sendmail(text) {
        Entry::To(to) => to,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_delivery_line_is_taken_apart() {
    let line = "6AM5F39R031082: to=<ann@corp.example>,<bob@corp.example>, ctladdr=<x@y> (0/0), delay=1+02:03:04, \
                xdelay=00:00:01, mailer=esmtp, tls_verify=OK, tls_version=TLSv1.3, pri=121904, \
                relay=corp-example.mail.example. [IPv6:2001:db8::1], dsn=2.6.0, stat=Sent (<id@x> 8273 bytes in 0.296, \
                27.285 KB/sec Queued mail for delivery)";
    let to = delivery(line);
    assert_eq!((to.recipients, to.delay, to.xdelay), (2, Some(93_784), Some(1)));
    assert_eq!(to.relay, b"corp-example.mail.example. [IPv6:2001:db8::1]");
    assert_eq!((to.dsn, to.mailer), (&b"2.6.0"[..], &b"esmtp"[..]));
    assert!(to.stat.starts_with(b"Sent (<id@x>") && to.stat.ends_with(b"delivery)"));
}

#[test]
fn an_answer_with_commas_is_kept_apart_from_the_status() {
    let to = delivery(
        "6AM5F39R031082: to=<a@b>, delay=00:00:03, xdelay=00:00:00, mailer=esmtp, pri=1, relay=h. [1.2.3.4], \
         dsn=4.3.2, reply=421 4.3.2 Service not available, stat=odd, closing, stat=Deferred: 421 4.3.2 Service, closing",
    );
    assert_eq!(to.reply, b"421 4.3.2 Service not available, stat=odd, closing");
    assert_eq!(to.stat, b"Deferred: 421 4.3.2 Service, closing");
}

#[test]
fn an_acceptance_line_is_taken_apart_whatever_the_address() {
    let Entry::From(from) = sendmail(
        "iBOFKZ7D012345: from=<\"a, b\"@c.example>, size=2226, class=0, nrcpts=3, msgid=<m@x>, proto=ESMTP, \
         daemon=MTA, auth=NONE, relay=mx.example [127.0.0.1] (may be forged)",
    ) else {
        panic!("not a from line")
    };
    assert_eq!((from.size, from.nrcpts, from.msgid), (Some(2226), 3, &b"<m@x>"[..]));
    assert_eq!(from.relay, b"mx.example [127.0.0.1] (may be forged)");
}

#[test]
fn cut_and_mixed_lines_are_damaged() {
    for line in [
        "6AM5F39R031082: to=<a@b>, delay=00:00:03, xdelay=00:00:00, mailer=esmtp",
        "6AM5F39R031082: to=<a@b>, delay=00:00:03, xdelay=00:00:00, mailer=esmtp, stat=Sen",
        "6AM5F39R031082: to=<a@b>, delay=00:00:03, xdelay=00:00:00, mailer=esmtp, stat=",
        "6AM5F39R031082: to=<a@",
        "6AM5F39R031082: to=<a@b>, delay=00:0, stat=Sent",
        "6AM5F39R031082: from=<a@b>, size=12",
        "6AM5F39R031082: from=<a@b>, si",
        "6AM5F39R031082: to=<a@b>, delay=00:00:03, xdeNov 22 05:11:46 mx sendmail[79]: 6AM5F39R031083: to=<b@b>, \
         delay=00:00:01, xdelay=00:00:00, mailer=esmtp, stat=Sent",
        "6AM5F39R031082: to=<aNov 22 05:11:46 mx sendmail[79]: 6AM5F39R031083: to=<b@b>, delay=00:00:01, \
         mailer=esmtp, stat=Sent",
        "to=<a@b>, delay=00:00:03, xdelay=00:00:00, mailer=esmtp, stat=Sent",
    ] {
        assert_eq!(sendmail(line), Entry::Damaged, "{line}");
    }
}

#[test]
fn the_daemon_says_how_it_runs_its_queue() {
    for (line, wanted) in [
        ("starting daemon (8.17.1.9): SMTP+queueing@00:30:00", Some((false, 1800))),
        ("starting daemon (8.17.1.9): SMTP+persistent-queueing@00:00:01", Some((true, 1))),
        ("starting daemon (8.12.11): SMTP", None),
        ("starting daemon (8.12.11): queueing@soon", None),
    ] {
        assert_eq!(sendmail(line), Entry::Starting(wanted), "{line}");
    }
}

#[test]
fn notices_returns_and_refusals_are_told_apart() {
    for (line, wanted) in [
        (
            "6AM5F39R031082: 6AM5F39S031082: sender notify: Warning: could not send message for past 4 hours",
            Entry::Warned,
        ),
        (
            "6AM5F39R031082: 6AM5F39S031082: return to sender: Cannot send message for 5 days",
            Entry::Returned { qid: b"6AM5F39R031082" },
        ),
        (
            "6AM5F39R031082: Milter: data, reject=550 5.7.1 spam",
            Entry::Refused { qid: b"6AM5F39R031082" },
        ),
        (
            "6AM5F39R031082: milter=f, action=header, discard",
            Entry::Refused { qid: b"6AM5F39R031082" },
        ),
        ("6AM5F39R031082: Milter: to=<a@b>, reject=550 no", Entry::Other),
        ("6AM5F39R031082: done; delay=00:00:01, ntries=1", Entry::Done { qid: b"6AM5F39R031082" }),
        ("NOQUEUE: connect from mx [127.0.0.1]", Entry::Other),
        ("STARTTLS=client, relay=h., version=TLSv1.3, verify=OK", Entry::Other),
        ("6AM5F39R031082: SYSERR(root): timeout writing message to h.", Entry::Other),
    ] {
        assert_eq!(sendmail(line), wanted, "{line}");
    }
}

#[test]
fn other_programs_are_not_mistaken_for_sendmail() {
    for (ident, text) in [
        (
            "postfix/smtp",
            "4F1A2B3C4D: to=<a@b>, relay=h[1.2.3.4]:25, delay=0.5, dsn=2.0.0, status=sent (250 ok)",
        ),
        ("postfix/sendmail", "fatal: usage"),
        ("kernel", "oops"),
        ("dovecot", "imap-login: Login"),
    ] {
        assert_eq!(parse(ident.as_bytes(), text.as_bytes()), None, "{ident}");
    }
    let renamed =
        "6AM5F39R031082: to=<a@b>, delay=00:00:03, xdelay=00:00:00, mailer=esmtp, stat=Sent (ok)";
    assert!(matches!(parse(b"outbound", renamed.as_bytes()), Some(Entry::To(_))));
}

#[test]
fn ages_of_any_length_are_read_and_endless_ones_refused() {
    assert_eq!(span(b"00:00:00"), Some(0));
    assert_eq!(span(b"99+23:59:59, x"), Some(8_639_999));
    for odd in [
        "",
        "1",
        "1:2",
        "::",
        "1+1+1:1:1",
        "99999999999999999999:00:00",
        "18446744073709551615+00:00:00",
    ] {
        assert_eq!(span(odd.as_bytes()), None, "{odd}");
    }
}
