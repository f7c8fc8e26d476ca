//! What holds for every page: it opens alone, says what it must, has contrast, fits a telephone, and prints.

use crate::browser::Page;
use crate::{keyboard, print, table};
use anyhow::{Result, ensure};
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// One thing that is looked at.
#[derive(Clone, Copy)]
pub struct Check {
    /// A sentence.
    pub name: &'static str,
    /// How.
    pub look: fn(&Page) -> Result<()>,
}

const fn check(name: &'static str, look: fn(&Page) -> Result<()>) -> Check {
    Check { name, look }
}

/// Of every page.
pub const GENERAL: &[Check] = &[
    check("it opens without an error and asks for nothing", opens_alone),
    check("it is smaller than 2 MB", is_small),
    check("its heading is the name, as text", is_named),
    check("everything is there without its script", works_without_script),
    check("axe finds nothing in the light", |page| accessible(page, "light", 1100)),
    check("axe finds nothing in the dark", |page| accessible(page, "dark", 1100)),
    check("axe finds nothing on a telephone", |page| accessible(page, "light", 380)),
    check("dark is dark, and light is light", has_both_schemes),
    check("nothing scrolls sideways at 380 px", fits_a_telephone),
    check("the keyboard reaches everything, and shows where it is", keyboard::walk),
    check("a heading sorts by the keyboard", keyboard::sort),
    check("every heading sorts both ways", table::sort),
    check("the filter leaves the rows with its words", table::filter),
    check("the pointer reads values off the charts", table::hover),
    check("print keeps every chart whole", print::whole_charts),
];

/// Of a page with a table of combinations.
pub const SWEEP: &[Check] = &[
    check("the switch shows one percentile at a time", table::percentile),
    check("columns can be hidden", table::columns),
    check("a combination leaves all charts at once", table::toggle),
    check("the charts show what the filter leaves", table::toggle_filtered),
    check("a link leads to a combination", table::fragment),
    check("keys tick, choose and open", keyboard::operate),
];

fn opens_alone(page: &Page) -> Result<()> {
    // What it would fetch, it would have asked for by now.
    sleep(Duration::from_millis(150));
    let said = page.said()?;
    ensure!(said.is_empty(), "{}", said.join("; "));
    let policy = page.value(
        "document.querySelector('meta[http-equiv=Content-Security-Policy]')?.content ?? ''",
    )?;
    let policy = policy.as_str().unwrap_or_default();
    ensure!(policy.contains("default-src 'none'"), "no policy: {policy}");
    ensure!(!policy.contains("unsafe"), "a policy that allows anything: {policy}");
    Ok(())
}

fn is_small(page: &Page) -> Result<()> {
    let bytes = fs::metadata(&page.written.path)?.len();
    ensure!(bytes < 2_000_000, "{bytes} bytes");
    Ok(())
}

fn is_named(page: &Page) -> Result<()> {
    let titles = page.texts("[all('h1').map((h) => h.textContent).join('|'), document.title]")?;
    ensure!(titles[0] == page.written.title, "{:?} is not {:?}", titles[0], page.written.title);
    ensure!(titles[1].starts_with(page.written.title.trim()), "{:?}", titles[1]);
    page.none(
        "what a name has brought in",
        "['script:not(:last-of-type)', 'body img', 'body iframe'].filter((q) => all(q).length > 0) \
         .concat('hacked' in window ? ['a script of a name'] : [])",
    )
}

fn works_without_script(page: &Page) -> Result<()> {
    page.without_script()?;
    page.none(
        "not to be seen without the script",
        "['.headline', 'main table tbody tr:last-child', 'figure svg', '#again'] \
         .filter((q) => all(q).length === 0 || !all(q).some(seen))",
    )?;
    page.none(
        "hidden rows or columns",
        "all('tr, td, th').filter((e) => !seen(e)).map((e) => e.textContent)",
    )?;
    // A control that does nothing is worse than none; what folds and unfolds needs no script.
    page.none(
        "controls that do nothing",
        "all('button, input, select').filter(seen).map((e) => e.outerHTML)",
    )
}

fn accessible(page: &Page, scheme: &str, width: u32) -> Result<()> {
    page.wide(width)?;
    page.scheme(scheme, "screen")?;
    let found = page.axe()?;
    ensure!(found.is_empty(), "{}", found.join("\n  "));
    Ok(())
}

/// How bright the page's ground is, 0 to 255.
const GROUND: &str = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3) \
                      .reduce((sum, part) => sum + Number(part) / 3, 0)";

fn has_both_schemes(page: &Page) -> Result<()> {
    page.scheme("light", "screen")?;
    let light = page.number(GROUND)?;
    page.scheme("dark", "screen")?;
    let dark = page.number(GROUND)?;
    ensure!(light > 200.0 && dark < 60.0, "brightness {light} in the light, {dark} in the dark");
    Ok(())
}

fn fits_a_telephone(page: &Page) -> Result<()> {
    page.wide(380)?;
    page.go("")?;
    page.value("(scrollTo(5000, 0), all('details').forEach((d) => { d.open = true; }))")?;
    let moved = page.number("scrollX")?;
    let width = page.number("document.scrollingElement.scrollWidth")?;
    ensure!(moved == 0.0 && width <= 380.0, "it scrolls by {moved}, and is {width} px wide");
    // Whatever is wider has to scroll in a box of its own, or it could not be read.
    page.none(
        "cut off on the right",
        "all('main *').filter((e) => seen(e) && e.getBoundingClientRect().right > 381 && \
         !e.closest('.scroll, .card, pre, figcaption')).map((e) => e.outerHTML.slice(0, 80))",
    )
}
