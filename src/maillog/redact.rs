//! Lines as they may be shown: without addresses, message ids or anything that could be one.

use memchr::memmem::find;

/// Longest text that is shown.
const MOST: usize = 220;

/// `text` without addresses, message ids and control characters, cut short.
pub(super) fn redacted(text: &[u8]) -> String {
    let mut clean = Vec::with_capacity(text.len().min(MOST));
    let mut rest = text;
    // Recipients and senders may be written in any way: the whole field goes.
    for (key, end) in [(&b"to="[..], &b", delay="[..]), (b"from=", b", size=")] {
        if let Some(at) = find(rest, key).filter(|at| *at == 0 || rest[at - 1] == b' ') {
            hide(&rest[..at], &mut clean);
            clean.extend_from_slice(key);
            clean.extend_from_slice(b"<..>");
            rest = find(&rest[at..], end).map_or(&[][..], |end| &rest[at + end..]);
        }
    }
    hide(rest, &mut clean);
    let text = String::from_utf8_lossy(&clean);
    let shown = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    shown.take(MOST).collect()
}

/// Copies the words of `text` that are no address and no message id.
fn hide(text: &[u8], clean: &mut Vec<u8>) {
    let ends = |byte: &u8| matches!(byte, b' ' | b',' | b'(' | b')' | b'"');
    for word in text.split_inclusive(ends) {
        let hidden = word.iter().any(|byte| matches!(byte, b'@' | b'<' | b'>'))
            || word.starts_with(b"msgid=");
        if hidden {
            clean.extend_from_slice(b"..");
            clean.extend(word.last().filter(|last| matches!(last, b' ' | b',' | b')')));
        } else {
            clean.extend_from_slice(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_message_ids_are_not_shown() {
        for (text, wanted) in [
            (
                "A: to=<ann@corp.example>, delay=00:00:01, stat=Sent (<id@x> 8273 bytes)",
                "A: to=<..>, delay=00:00:01, stat=Sent (.. 8273 bytes)",
            ),
            (
                "from=\"a, b\"@c, size=3, msgid=<x@y>, relay=h [1.2.3.4]",
                "from=<..>, size=3, .., relay=h [1.2.3.4]",
            ),
            ("450 4.2.1 <ann@corp.example>: mailbox busy", "450 4.2.1 .. mailbox busy"),
            ("msgid=odd, relay=root@localhost", ".., .."),
            ("to=<ann@corp", "to=<..>"),
            ("for ann@corp.example to=<x>, delay=1", "for .. to=<..>, delay=1"),
            ("tab\tand\u{7}bell", "tab?and?bell"),
        ] {
            assert_eq!(redacted(text.as_bytes()), wanted);
        }
    }
}
