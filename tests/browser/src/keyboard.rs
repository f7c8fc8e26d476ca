//! The keyboard alone: everything is reached, in the order in which it stands, and one sees where one is.

use crate::browser::Page;
use anyhow::{Result, ensure};

/// More steps than any page needs.
const MOST_STEPS: usize = 2_000;

/// The controls that a reader may want, in order; of a group of radio buttons the chosen one.
const CONTROLS: &str = "all('a[href], button, input, summary, [tabindex=\"0\"]').filter((e) => (seen(e) || \
                        e.matches('.skip')) && !(e.type === 'radio' && !e.checked))";

pub fn walk(page: &Page) -> Result<()> {
    let wanted =
        page.texts(&format!("{CONTROLS}.map((e, n) => (e.dataset.step = String(n), String(n)))"))?;
    // Nothing that can be scrolled sideways is out of the keyboard's reach.
    page.none(
        "scrolls, but not by keyboard",
        "all('body *').filter((e) => seen(e) && /auto|scroll/.test(getComputedStyle(e).overflowX) && \
         e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).map((e) => e.outerHTML.slice(0, 80))",
    )?;
    let mut reached = Vec::new();
    while reached.len() < MOST_STEPS {
        page.press("Tab")?;
        let at = page.value(
            "(() => { const e = document.activeElement; if (!e || e === document.body) return null; \
             const s = getComputedStyle(e), r = e.getBoundingClientRect(); \
             const ring = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; \
             return [e.dataset.step ?? e.outerHTML.slice(0, 80), ring, r.width > 0 && r.right > 0 && r.bottom > 0 \
             && r.top < innerHeight]; })()",
        )?;
        let Some(step) = at[0].as_str() else { break };
        ensure!(at[1] == true, "one does not see that {step} has the focus");
        ensure!(at[2] == true, "{step} has the focus and is out of sight");
        if reached.first().is_some_and(|first| first == step) {
            break;
        }
        reached.push(step.to_owned());
    }
    let outer = |step: &String| {
        page.texts(&format!("all('[data-step=\"{step}\"]').map((e) => e.outerHTML.slice(0, 90))"))
    };
    for step in &wanted {
        ensure!(reached.contains(step), "out of reach: {:?}", outer(step)?);
    }
    ensure!(reached == wanted, "in another order than it stands: {reached:?}");
    Ok(())
}

/// Puts the focus there, as the Tab key would.
fn focus(page: &Page, query: &str) -> Result<()> {
    page.value(&format!("document.querySelector({query:?}).focus()"))?;
    page.none(
        "without the focus",
        &format!("[{query:?}].filter((q) => !document.activeElement.matches(q))"),
    )
}

pub fn sort(page: &Page) -> Result<()> {
    let heading = "#table thead th:nth-child(2)";
    for (key, wanted) in [("Enter", "ascending"), (" ", "descending")] {
        focus(page, &format!("{heading} button"))?;
        page.press(key)?;
        let said =
            page.texts(&format!("all({heading:?}).map((h) => h.ariaSort ?? 'not sorted')"))?;
        ensure!(said == [wanted], "{key:?} makes it {said:?}");
    }
    Ok(())
}

pub fn operate(page: &Page) -> Result<()> {
    focus(page, "[data-toggle]")?;
    page.press(" ")?;
    ensure!(page.value("document.activeElement.checked")? == false, "Space leaves a tick");
    focus(page, "#percentile input:checked")?;
    page.press("ArrowRight")?;
    let chosen = page.texts("[document.querySelector('#percentile input:checked').value]")?;
    ensure!(chosen == ["p999"], "an arrow chooses {chosen:?}");
    page.none(
        "not shown",
        "['p999'].filter((c) => !seen(all('#table td[data-column=' + c + ']')[0]))",
    )?;
    focus(page, "#columns summary")?;
    page.press("Enter")?;
    ensure!(page.value("document.getElementById('columns').open")? == true, "Enter opens nothing");
    focus(page, "#show-none")?;
    page.press("Enter")?;
    ensure!(page.number("all('[data-cell]').filter(seen).length")? == 0.0, "Enter hides nothing");
    Ok(())
}
