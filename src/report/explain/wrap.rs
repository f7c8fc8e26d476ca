//! Text in lines of limited width.

/// `text` after `head`, broken at spaces into lines of at most `width` columns; lines after the first are
/// indented by `indent`. A word longer than a line stays whole. Ends with a line break.
pub fn wrapped(head: &str, text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut line = head.to_owned();
    if line.trim_end().chars().count() >= indent.max(1) && !head.ends_with(' ') {
        line.push(' ');
    }
    let mut empty = true;
    for word in text.split(' ') {
        let needed = line.chars().count() + usize::from(!empty) + word.chars().count();
        if needed > width && line.chars().count() > indent {
            out += line.trim_end();
            out.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    out += line.trim_end();
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_at_spaces_and_indented() {
        assert_eq!(wrapped("a: ", "one two three", 3, 10), "a: one two\n   three\n");
        assert_eq!(wrapped("", "incomprehensible word", 0, 6), "incomprehensible\nword\n");
        assert_eq!(wrapped("  name", "", 6, 20), "  name\n");
    }
}
