use super::*;
use crate::experiment::sweep::Page as Notes;
use crate::report::answer::tests::{cell, results};
use serde_json::json;

fn header(name: &str) -> Header {
    let page = Notes {
        command: format!("mailflow sweep '{name}'"),
        settings: vec![["a.key".to_owned(), name.to_owned(), "line 3".to_owned()]],
        ..Notes::default()
    };
    Header {
        name: name.to_owned(),
        about: name.to_owned(),
        seed: 42,
        repeats: 20,
        until: None,
        find: None,
        compare_with: None,
        trust: vec![name.to_owned()],
        lines: Vec::new(),
        page: Some(page),
    }
}

/// A sweep of two combinations, with everything that a user may name named so.
fn page(name: &str) -> String {
    let mut results = results(
        &[
            cell(&json!({ "proofpoint.key": name }), 36_000.0, 0.33, None),
            cell(&json!({ "proofpoint.key": 2 }), 60.0, 0.0, Some([-36_000.0, -35_000.0])),
        ],
        Some(0),
        Some(json!({ "by": "delay.p99", "within": [], "cells": [1] })),
    );
    results.scenario = name.to_owned();
    let drawings = charts::sweep(&results, None, &[]).expect("drawn");
    let header = header(name);
    html(&Document { results: &results, header: &header, drawings: &drawings }).expect("a page")
}

/// Attributes and tags, without text.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).filter_map(|piece| piece.split('>').next()).collect()
}

#[test]
fn the_policy_allows_this_script_and_this_style_and_nothing_else() {
    let page = page("a site");
    let between = |begin: &str, end: &str| {
        let from = page.find(begin).expect(begin) + begin.len();
        &page[from..from + page[from..].find(end).expect(end)]
    };
    for (begin, end) in [("<script>", "</script>"), ("<style>", "</style>")] {
        let hash = hash(between(begin, end));
        assert!(between("Content-Security-Policy\" content=\"", "\"").contains(&hash), "{begin}");
    }
    let tags = tags(&page);
    let hidden = tags.iter().find(|tag| {
        tag.contains(" style=") || tag.contains(" onclick") || tag.contains("javascript:")
    });
    assert_eq!(hidden, None, "what the policy would refuse");
    let loads = tags.iter().find(|tag| {
        let address = tag.contains("src=") || tag.contains("href=");
        address && !tag.contains("href=\"#") && !tag.contains("href=\"data:,\"")
    });
    assert_eq!(loads, None, "a page that loads nothing");
}

#[test]
fn whatever_users_write_is_text() {
    let long = "x".repeat(300);
    for name in ["<script>alert(1)</script>", "\"quoted\" & 'single'", &long, "שלום\u{202e}מייל"]
    {
        let page = page(name);
        assert_eq!(page.matches("<script").count(), 1, "{name}");
        assert_eq!(page.matches("</script").count(), 1, "{name}");
        assert!(!page.contains('\u{202e}'), "marks that reorder their neighbours");
        let text = page.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        let text = text.replace("&#x27;", "'").replace("&#39;", "'").replace("&#x2f;", "/");
        let text = text.replace("&amp;", "&");
        let kept = charts::clean(name);
        assert!(text.matches(&kept).count() >= 5, "{name} is there, in full");
    }
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    let page = page("a site");
    let of = |attribute: &str| -> Vec<String> {
        let begin = format!(" {attribute}=\"");
        let values = page.split(&begin).skip(1);
        values.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let ids = of("id");
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for id in ["answer", "recommended", "chart-differences", "table", "c1", "c2", "filter"] {
        assert!(ids.iter().any(|known| known == id), "{id}");
    }
    let named = of("aria-labelledby").into_iter().chain(of("for"));
    let targets = of("href").into_iter().filter_map(|to| to.strip_prefix('#').map(str::to_owned));
    for id in named.chain(targets) {
        assert!(ids.contains(&id), "{id}");
    }
}

#[test]
fn every_table_says_what_it_holds() {
    let page = page("a site");
    assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
    assert!(
        tags(&page).iter().filter(|tag| tag.starts_with("th ")).all(|tag| tag.contains("scope="))
    );
    // Each row has as many cells as there are headings.
    let table = page.split("id=\"table\"").nth(1).and_then(|rest| rest.split("</table>").next());
    let table = table.expect("the table");
    let headings = table.matches("<th scope=\"col\"").count();
    for row in table.split("<tr id=").skip(1) {
        assert_eq!(row.matches("<td").count() + row.matches("<th").count(), headings);
    }
}

#[test]
fn the_parts_of_charts_belong_to_their_combination() {
    let page = page("a site");
    assert!(page.contains("data-cell=\"2\""), "the row of the difference");
    assert_eq!(page, super::tests::page("a site"), "the same bytes");
}

#[test]
fn a_run_without_anything_more_has_a_page_too() {
    let results = results(&[cell(&json!({}), 6.0, 0.0, None)], None, None);
    let header = Header { page: None, ..header("a site") };
    let page = html(&Document { results: &results, header: &header, drawings: &[] });
    let page = page.expect("a page");
    assert!(page.contains("no message is later than an hour") && page.contains("delay.p99"));
    assert!(!page.contains("id=\"recommended\""));
}
