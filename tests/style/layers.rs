//! Rooms depend one way: `units, stats <- engine <- model <- { measure | scenario | maillog } <- experiment
//! <- report <- cli`. Rooms on one floor are siblings and do not know each other.
//!
//! The source is read token by token, so strings, comments and raw strings cannot mislead it and code
//! inside macros is seen too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The floors of the house, from the ground up.
const FLOORS: [&[&str]; 7] = [
    &["units", "stats"],
    &["engine"],
    &["model"],
    &["measure", "scenario", "maillog"],
    &["experiment"],
    &["report"],
    &["cli"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Everything in the source file `name` (relative to the root, `src/...`) that breaks the direction.
pub(crate) fn violations(name: &str, text: &str) -> Vec<String> {
    let inside = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    // The crate root and the binary stand above the house.
    if inside == "lib" || inside == "main" {
        return Vec::new();
    }
    let own = module[0].clone();
    let tokens: TokenStream = match text.parse() {
        Ok(tokens) => tokens,
        Err(error) => return vec![format!("{name}: cannot be read: {error}")],
    };
    let mut used = Vec::new();
    walk(&tokens.into_iter().collect::<Vec<_>>(), &module, &mut used);
    used.retain(|(_, room)| *room != own);
    used.iter().filter_map(|(line, room)| complaint(name, *line, &own, room)).collect()
}

fn complaint(name: &str, line: usize, own: &str, room: &str) -> Option<String> {
    let Some(from) = floor(own) else {
        return Some(format!("{name}: room {own} is on no floor of the house"));
    };
    match floor(room) {
        Some(to) if to < from => None,
        Some(to) if to == from => Some(format!("{name}:{line}: {own} uses its sibling {room}")),
        Some(_) => Some(format!("{name}:{line}: {own} uses the higher room {room}")),
        None => Some(format!("{name}:{line}: {own} uses crate::{room}, which is no room")),
    }
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Collects (line, room) of every path that starts at `crate`, `self` or `super`.
fn walk(tokens: &[TokenTree], module: &[String], used: &mut Vec<(usize, String)>) {
    let mut at = 0;
    while at < tokens.len() {
        let starts = ident(tokens.get(at)).filter(|word| {
            let within_path = at >= 2 && is_path_separator(tokens, at - 2);
            !within_path && ["crate", "super", "self"].contains(&word.as_str())
        });
        if starts.is_some() {
            resolve(tokens, at, module, module, used);
        }
        match (ident(tokens.get(at)).as_deref(), ident(tokens.get(at + 1)), tokens.get(at + 2)) {
            // An inline module is one level deeper.
            (Some("mod"), Some(name), Some(TokenTree::Group(body))) => {
                let mut deeper = module.to_vec();
                deeper.push(name);
                walk(&inner(body), &deeper, used);
                at += 3;
                continue;
            }
            _ => {}
        }
        if let TokenTree::Group(group) = &tokens[at] {
            walk(&inner(group), module, used);
        }
        at += 1;
    }
}

fn inner(group: &proc_macro2::Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// Follows a path from `tokens[at]`, relative to `base`, until it is known in which room it ends. `module` is
/// where the path is written.
fn resolve(
    tokens: &[TokenTree],
    at: usize,
    base: &[String],
    module: &[String],
    used: &mut Vec<(usize, String)>,
) {
    let line = tokens.get(at).map_or(0, |token| token.span().start().line);
    if let Some(TokenTree::Group(group)) = tokens.get(at) {
        if group.delimiter() == Delimiter::Brace {
            let members = inner(group);
            let parts = members.split(|token| is_punct(Some(token), ','));
            parts
                .filter(|part| !part.is_empty())
                .for_each(|part| resolve(part, 0, base, module, used));
        }
        return;
    }
    if is_punct(tokens.get(at), '*') && base.is_empty() {
        used.push((line, "*".to_owned()));
    }
    let Some(word) = ident(tokens.get(at)) else { return };
    let next = match word.as_str() {
        "crate" => Vec::new(),
        "self" => base.to_vec(),
        "super" => base[..base.len().saturating_sub(1)].to_vec(),
        name => {
            used.push((line, base.first().map_or(name, String::as_str).to_owned()));
            return;
        }
    };
    if is_path_separator(tokens, at + 1) {
        resolve(tokens, at + 3, &next, module, used);
    } else if next.is_empty() && ident(tokens.get(at + 1)).as_deref() == Some("as") {
        // `use crate as other` would hide every path that follows.
        used.push((line, "(renamed)".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::violations;

    fn found(name: &str, text: &str) -> String {
        violations(name, text).join("\n")
    }

    #[test]
    fn a_lower_room_may_be_used_in_every_way() {
        let fine = "
            use crate::{engine::{Calendar, Streams}, units::{self, Span}};
            use super::super::stats::Histogram;
            pub(crate) fn f(x: &crate::model::World) -> crate::units::SimTime { x.now() }
            pub(in crate::measure) struct S;
            mod inner { use super::S; use super::super::record::Delays; }
        ";
        assert_eq!(found("src/measure/recorder.rs", fine), "");
    }

    #[test]
    fn planted_violations_are_found_however_they_are_written() {
        let planted = [
            "use crate::model::World;",
            "use crate::{units::Span, model::World};",
            "use crate::{units::{Span, Rate}, stats, model::{World, check}};",
            "use crate::{self, model};",
            "use crate::{{model::World}};",
            "pub use super::super::model::World;",
            "use super::{super::{super::model, clock}};",
            "use self::super::super::model::World;",
            "fn f() { let _ = crate::model::World::new(); }",
            "fn f() -> Option<crate::model::World> { None }",
            "fn f() { println!(\"{}\", crate :: model :: X); }",
            "mod a { mod b { use super::super::super::super::model::World; } }",
            "mod a { fn f() { super::super::super::model::g() } }",
            "use crate::*;",
            "use crate as all;",
            "use r#crate_is_not::x; use crate::\n    model::World;",
        ];
        for text in planted {
            let text = format!("// line one\n{text}");
            // Three levels below the root, as in `src/engine/deep/calendar.rs`, only where `super` says so.
            let name = if text.contains("super::{super::{super") {
                "src/engine/deep/calendar.rs"
            } else {
                "src/engine/calendar.rs"
            };
            let found = violations(name, &text);
            assert_eq!(found.len(), 1, "{text}\n{found:?}");
            assert!(found[0].starts_with(name), "{found:?}");
        }
    }

    #[test]
    fn siblings_and_unknown_rooms_are_found() {
        let siblings = found("src/measure/mod.rs", "use crate::{units::Span, scenario::Scenario};");
        assert_eq!(siblings, "src/measure/mod.rs:1: measure uses its sibling scenario");
        assert!(found("src/stats/mod.rs", "use crate::units::Span;").contains("sibling"));
        assert!(found("src/cli/run.rs", "use crate::helpers::x;").contains("is no room"));
        assert!(found("src/attic/mod.rs", "use crate::units::Span;").contains("on no floor"));
    }

    #[test]
    fn strings_comments_and_raw_strings_are_not_code() {
        let text = r###"
            //! [`crate::cli`] uses this.
            // use crate::cli::run;
            /* use crate::cli::run; /* nested */ */
            const A: &str = "use crate::cli::run;";
            const B: &str = r#"use crate::cli::"run";"#;
            const C: char = '"';
            fn f<'a>(x: &'a str) -> &'a str { x }
        "###;
        assert_eq!(found("src/units/mod.rs", text), "");
    }
}
