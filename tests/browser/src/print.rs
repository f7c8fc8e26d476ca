//! Print: each chart stands whole on one sheet of paper, as the printed PDF itself tells.

use crate::browser::Page;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::process::Command;

/// What is left between the margins of A4, in pixels.
const PAPER: u32 = 702;

/// Marks the corners of each chart by small words, which are then looked for in the PDF. A chart that were cut would
/// have them on two sheets, one that is too wide would have lost one.
pub fn whole_charts(page: &Page) -> Result<()> {
    let charts = page.texts(
        "all('figure svg').map((svg, n) => { const box = svg.viewBox.baseVal; const mark = (x, y, word, anchor) => { \
         const t = document.createElementNS('http://www.w3.org/2000/svg', 'text'); t.setAttribute('x', x); \
         t.setAttribute('y', y); t.setAttribute('font-size', 12); t.setAttribute('text-anchor', anchor); \
         t.textContent = word; svg.append(t); }; mark(0, 12, 'BEGIN' + n + 'X', 'start'); \
         mark(box.width, box.height - 1, 'END' + n + 'X', 'end'); return svg.closest('figure').id; })",
    )?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("page.pdf");
    fs::write(&file, page.pdf()?)?;
    let done = Command::new("pdftotext").arg(&file).arg("-").output().context("pdftotext")?;
    ensure!(done.status.success(), "{done:?}");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let sheets: Vec<&str> = text.split('\u{c}').collect();
    let sheet = |word: &str| sheets.iter().position(|sheet| sheet.contains(word));
    for (number, chart) in charts.iter().enumerate() {
        let ends = [sheet(&format!("BEGIN{number}X")), sheet(&format!("END{number}X"))];
        ensure!(
            ends[0].is_some() && ends[0] == ends[1],
            "{chart} begins and ends on sheets {ends:?}"
        );
    }
    ensure!(
        !charts.is_empty() && sheets.len() > 2,
        "{} charts on {} sheets",
        charts.len(),
        sheets.len()
    );
    // What only works on a screen is not on paper, and what does not fit on it is lost.
    page.scheme("light", "print")?;
    page.wide(PAPER)?;
    page.none(
        "wider than the paper",
        "all('main table').filter((t) => t.getBoundingClientRect().right > innerWidth + 1).map((t) => t.caption.textContent)",
    )?;
    page.none(
        "on paper",
        "all('nav, button:not(thead button), input').filter(seen).map((e) => e.outerHTML.slice(0, 80))",
    )
}
