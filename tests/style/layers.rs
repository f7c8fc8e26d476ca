//! Rooms depend one way: `units, stats <- engine <- model <- { measure | scenario | maillog } <- experiment
//! <- report <- cli`. Rooms on one floor are siblings and do not know each other.
//!
//! The source is read token by token, so strings, comments and raw strings cannot mislead it and code
//! inside macros is seen too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeMap;

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

/// Everything in the sources, given as (path from the root, `src/...`; text), that breaks the direction.
pub(crate) fn violations(sources: &[(String, String)]) -> Vec<String> {
    let moved = moved_modules(sources);
    let check = |(name, text): &(String, String)| {
        let module = moved.get(name).cloned().unwrap_or_else(|| module_of(name));
        violations_of(name, text, &module)
    };
    sources.iter().flat_map(check).collect()
}

/// The module that a file is by its place.
fn module_of(name: &str) -> Vec<String> {
    let inside = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// Files that `#[path = ".."] mod name;` makes another module than their place says: it decides what
/// `super` means in them.
fn moved_modules(sources: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut moved = BTreeMap::new();
    for (name, text) in sources {
        let Ok(file) = syn::parse_file(text) else { continue };
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for item in &file.items {
            let syn::Item::Mod(declared) = item else { continue };
            if let Some(path) = declared.attrs.iter().find_map(path_attribute) {
                let mut module = module_of(name);
                module.push(declared.ident.to_string());
                moved.insert(format!("{folder}/{path}"), module);
            }
        }
    }
    moved
}

fn path_attribute(attribute: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        syn::Expr::Lit(literal) if pair.path.is_ident("path") => match &literal.lit {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn violations_of(name: &str, text: &str, module: &[String]) -> Vec<String> {
    // The crate root and the binary stand above the house.
    if name == "src/lib.rs" || name == "src/main.rs" {
        return Vec::new();
    }
    let own = module[0].clone();
    let tokens: TokenStream = match text.parse() {
        Ok(tokens) => tokens,
        Err(error) => return vec![format!("{name}: cannot be read: {error}")],
    };
    let mut used = Vec::new();
    walk(&tokens.into_iter().collect::<Vec<_>>(), module, &mut used);
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
            resolve(tokens, at, module, used);
        }
        if let Some((name, body)) = inline_module(&tokens[at..]) {
            let mut deeper = module.to_vec();
            deeper.push(name);
            walk(&inner(body), &deeper, used);
            at += 3;
            continue;
        }
        if let TokenTree::Group(group) = &tokens[at] {
            walk(&inner(group), module, used);
        }
        at += 1;
    }
}

/// `mod name { .. }` at the start of `tokens`: one level deeper for every `super` within.
fn inline_module(tokens: &[TokenTree]) -> Option<(String, &proc_macro2::Group)> {
    match tokens {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..]
            if *word == "mod" =>
        {
            Some((name.to_string(), body))
        }
        _ => None,
    }
}

fn inner(group: &proc_macro2::Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// Follows a path from `tokens[at]`, relative to `base`, until it is known in which room it ends.
fn resolve(tokens: &[TokenTree], at: usize, base: &[String], used: &mut Vec<(usize, String)>) {
    let line = tokens.get(at).map_or(0, |token| token.span().start().line);
    if let Some(TokenTree::Group(group)) = tokens.get(at) {
        if group.delimiter() == Delimiter::Brace {
            let members = inner(group);
            let parts = members.split(|token| is_punct(Some(token), ','));
            parts.filter(|part| !part.is_empty()).for_each(|part| resolve(part, 0, base, used));
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
        resolve(tokens, at + 3, &next, used);
    } else if next.is_empty() && ident(tokens.get(at + 1)).as_deref() == Some("as") {
        // `use crate as other` would hide every path that follows.
        used.push((line, "(renamed)".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    fn violations(name: &str, text: &str) -> Vec<String> {
        super::violations(&[(name.to_owned(), text.to_owned())])
    }

    fn found(name: &str, text: &str) -> String {
        violations(name, text).join("\n")
    }

    #[test]
    fn a_file_moved_by_a_path_attribute_is_read_as_the_module_it_is() {
        let table = "#[cfg(test)]\n#[path = \"table_tests.rs\"]\nmod tests;";
        let tests = "use super::super::trust::LINES; use super::super::super::cli;";
        let sources = [("src/report/table.rs", table), ("src/report/table_tests.rs", tests)]
            .map(|(name, text)| (name.to_owned(), text.to_owned()));
        let found = super::violations(&sources);
        assert_eq!(found, ["src/report/table_tests.rs:1: report uses the higher room cli"]);
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
