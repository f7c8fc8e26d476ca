//! Words in files: paths that must exist, and words that only mean something on one machine.

/// Words that betray the machine or the folder in which a file was written. They are put together here so
/// that this file does not hold them itself.
fn forbidden() -> [String; 6] {
    let slash = "/";
    [
        format!("{slash}work{slash}"),
        format!("..{slash}shared"),
        format!("{slash}home{slash}"),
        format!("{slash}root{slash}"),
        format!("{slash}Users{slash}"),
        format!("C:{}", "\\Users"),
    ]
}

/// (line, word) of every word that means nothing elsewhere.
pub(crate) fn machine_words(text: &str) -> Vec<(usize, String)> {
    let forbidden = forbidden();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = forbidden.iter().filter(|word| line.contains(word.as_str()));
        found.extend(words.map(|word| (number + 1, word.clone())));
    }
    found
}

/// (line, path) of every path in back quotes: words with a slash or the ending of a file, with
/// `{a,b}` spelled out. Commands, patterns and web addresses are no paths.
pub(crate) fn paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for quoted in line.split('`').skip(1).step_by(2) {
            for path in spelled_out(quoted).iter().filter(|path| is_path(path)) {
                found.push((number + 1, path.clone()));
            }
        }
    }
    found
}

fn is_path(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let endings = [".rs", ".md", ".toml", ".yaml", ".yml", ".json"];
    plain && (word.contains('/') || endings.iter().any(|ending| word.ends_with(ending)))
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn spelled_out(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_owned()] };
    let Some((names, after)) = rest.split_once('}') else { return vec![word.to_owned()] };
    let each = names.split(',').map(|name| format!("{before}{}{after}", name.trim()));
    each.flat_map(|path| spelled_out(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_back_quotes_are_found_with_their_alternatives() {
        let text =
            "see `src/lib.rs` and\n`mta/{queue,run}.rs`, not `a::b`, `cargo test`, `x/*.rs`, a/b";
        let found: Vec<String> =
            paths(text).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
        assert_eq!(found, ["1 src/lib.rs", "2 mta/queue.rs", "2 mta/run.rs"]);
    }

    #[test]
    fn words_of_a_machine_are_found() {
        for word in forbidden() {
            assert_eq!(machine_words(&format!("a\n see {word}x")), [(2, word)]);
        }
        assert!(machine_words("work/ shared/ homework/ a/work.rs").is_empty());
    }
}
