//! The table and the charts under the pointer: sorting, filtering, hiding, picking out, reading values.

use crate::browser::Page;
use anyhow::{Context as _, Result, ensure};

/// What a column is sorted by, from top to bottom.
fn column(page: &Page, number: usize) -> Result<Vec<String>> {
    page.texts(&format!(
        "all('#table tbody tr').map((row) => row.cells[{number}]).map((c) => c.dataset.sort ?? c.textContent.trim())"
    ))
}

/// Whether these are in order, what is not known coming last.
fn in_order(values: &[String], down: bool) -> bool {
    let known = values.iter().take_while(|value| !value.is_empty()).count();
    let numbers: Option<Vec<f64>> =
        values[..known].iter().map(|value| value.parse().ok()).collect();
    // Words are ordered as people order them; here it is enough that equal ones stand together.
    let Some(numbers) = numbers else {
        let mut seen: Vec<&String> = values[..known].iter().collect();
        seen.dedup();
        let blocks = seen.len();
        seen.sort();
        seen.dedup();
        return blocks == seen.len() && values[known..].iter().all(String::is_empty);
    };
    values[known..].iter().all(String::is_empty)
        && numbers.windows(2).all(|pair| if down { pair[0] >= pair[1] } else { pair[0] <= pair[1] })
}

pub fn sort(page: &Page) -> Result<()> {
    let columns = page.number("all('#table thead th').length")? as usize;
    ensure!(columns >= 5, "{columns} columns");
    let rows = column(page, 0)?.len();
    for number in 0..columns {
        let hidden = page.value(&format!("!seen(all('#table thead th')[{number}])"))?;
        if hidden == true {
            continue;
        }
        let heading = format!("#table thead th:nth-child({}) button", number + 1);
        for (down, wanted) in [(false, "ascending"), (true, "descending")] {
            page.click(&heading)?;
            let values = column(page, number)?;
            ensure!(in_order(&values, down), "column {number}, {wanted}: {values:?}");
            ensure!(values.len() == rows, "rows were lost");
            let said = page.texts("all('#table th[aria-sort]').map((th) => th.ariaSort)")?;
            ensure!(said == [wanted], "{said:?} is said of column {number}");
        }
    }
    Ok(())
}

pub fn filter(page: &Page) -> Result<()> {
    let rows = "all('#table tbody tr')";
    let text = page.texts(&format!(
        "[1, 2].map((n) => {rows}.at(-1).cells[n].textContent.trim().split(' ')[0].slice(0, 4))"
    ))?;
    let has =
        |word: &String| format!("row.textContent.toLowerCase().includes({word:?}.toLowerCase())");
    let has = format!("{} && {}", has(&text[0]), has(&text[1]));
    let wanted = page.number(&format!("{rows}.filter((row) => {has}).length"))?;
    let all = page.number(&format!("{rows}.length"))?;
    let text = text.join(" ");
    page.click("#filter")?;
    page.write(&text)?;
    let shown = page.number(&format!("{rows}.filter(seen).length"))?;
    ensure!(shown == wanted, "{text:?} leaves {shown} rows instead of {wanted}");
    let said = page.texts("[document.getElementById('status').textContent]")?.remove(0);
    ensure!(said.starts_with(&format!("{wanted} of {all}")), "it says {said:?}");
    page.write("no row has this")?;
    ensure!(
        page.number(&format!("{rows}.filter(seen).length"))? == 0.0,
        "rows without the words are shown"
    );
    Ok(())
}

pub fn percentile(page: &Page) -> Result<()> {
    let shown = "all('#table thead th[data-column]').filter(seen).map((h) => h.dataset.column) \
                 .filter((c) => /^p[0-9]+$/.test(c))";
    ensure!(page.texts(shown)? == ["p99"], "at first: {:?}", page.texts(shown)?);
    for wanted in ["p50", "p999", "p90"] {
        page.click(&format!("#percentile input[value={wanted}]"))?;
        ensure!(page.texts(shown)? == [wanted], "of {wanted}: {:?}", page.texts(shown)?);
        let cells = page.texts(
            "all('#table tbody tr:first-child td[data-column]').filter(seen).map((c) => c.dataset.column)",
        )?;
        ensure!(cells.iter().any(|cell| cell == wanted), "no values of {wanted}");
    }
    page.click("#percentile input[value=all]")?;
    ensure!(page.texts(shown)?.len() == 5, "of all: {:?}", page.texts(shown)?);
    Ok(())
}

pub fn columns(page: &Page) -> Result<()> {
    page.click("#columns summary")?;
    let cells = "all('#table [data-column=cut]').filter(seen).length";
    ensure!(page.number(cells)? > 1.0, "not there at first");
    page.click("#columns [data-column=cut]")?;
    ensure!(page.number(cells)? == 0.0, "still there");
    page.click("#columns [data-column=cut]")?;
    ensure!(page.number(cells)? > 1.0, "gone for good");
    Ok(())
}

/// The charts in which some part of these combinations is to be seen.
fn charts_with(page: &Page, query: &str) -> Result<f64> {
    page.number(&format!(
        "all('figure svg').filter((svg) => all({query:?}, svg).some(seen)).length"
    ))
}

pub fn toggle(page: &Page) -> Result<()> {
    let number = page.texts(
        "[all('#chart-delay [data-cell]').map((g) => g.dataset.cell).find((c) => all('figure svg') \
         .filter((svg) => all('[data-cell=\"' + c + '\"]', svg).length > 0).length > 2)]",
    )?;
    let part = format!("[data-cell=\"{}\"]", number[0]);
    let before = charts_with(page, &part)?;
    ensure!(before > 2.0, "combination {} is in {before} charts only", number[0]);
    let others = page.number(&format!("all('[data-cell]:not({part})').filter(seen).length"))?;
    page.click(&format!("[data-toggle=\"{}\"]", number[0]))?;
    ensure!(charts_with(page, &part)? == 0.0, "still in a chart");
    let left = page.number(&format!("all('[data-cell]:not({part})').filter(seen).length"))?;
    ensure!(left == others, "others went, too");
    page.click("#show-none")?;
    ensure!(charts_with(page, "[data-cell]")? == 0.0, "something is left");
    page.click("#show-all")?;
    ensure!(charts_with(page, &part)? == before, "not all are back");
    Ok(())
}

pub fn toggle_filtered(page: &Page) -> Result<()> {
    page.click("#filter")?;
    page.write("off")?;
    page.click("#show-filtered")?;
    let wanted =
        page.texts("all('#table tbody tr').filter(seen).map((r) => r.id.slice(1)).sort()")?;
    let ticked = page.texts("all('[data-toggle]:checked').map((b) => b.dataset.toggle).sort()")?;
    ensure!(!wanted.is_empty() && wanted == ticked, "{wanted:?} are left, {ticked:?} are ticked");
    page.none(
        "in a chart although the filter took it out",
        &format!("all('[data-cell]').filter(seen).map((g) => g.dataset.cell).filter((c) => !{wanted:?}.includes(c))"),
    )
}

/// In each chart that has parts, one of them under the pointer: what it says is shown.
pub fn hover(page: &Page) -> Result<()> {
    let charts = page.texts("all('figure').filter((f) => f.querySelector('g[data-cell], g[data-part]')).map((f) => f.id)")?;
    for chart in &charts {
        let place = page.value(&format!(
            "(await (async () => {{ const svg = document.querySelector('#{chart} svg'); svg.scrollIntoView({{ block: 'center' }}); \
             for (const frame of [1, 2]) await new Promise(requestAnimationFrame); \
             for (const part of all('g[data-cell], g[data-part]', svg)) for (const shape of all('polyline, rect, \
             path, circle, polygon', part)) if (shape.getTotalLength() > 0) for (const at of [0.5, 0.3, 0.7, 0]) {{ const r = shape.getBoundingClientRect(); \
             const p = shape.getPointAtLength(shape.getTotalLength() * at).matrixTransform(shape.getScreenCTM()); \
             for (const [x, y] of [[p.x, p.y], [r.x + r.width / 2, r.y + r.height / 2]]) if (x > 0 && y > 0 && \
             y < innerHeight && document.elementFromPoint(x, y)?.closest('g[data-cell], g[data-part]') === part) \
             return [x, y, (part.dataset.words ?? part.querySelector('title')?.textContent)]; }} return null; }})())"
        ))?;
        let (Some(x), Some(y)) = (place[0].as_f64(), place[1].as_f64()) else {
            anyhow::bail!("no part of {chart} can be pointed at");
        };
        let words = place[2].as_str().with_context(|| format!("a part of {chart} says nothing"))?;
        ensure!(words.chars().any(|c| c.is_ascii_digit()), "no value in {words:?}");
        page.point(x, y)?;
        let tips = "all('#tip').filter(seen).map((tip) => tip.textContent)";
        let shown = page.becomes(tips, |shown| shown == [words])?;
        ensure!(shown == [words], "over {chart}: {shown:?} instead of {words:?}");
        page.none(
            "out of sight",
            "all('#tip').map((t) => t.getBoundingClientRect()).filter((r) => r.left < 0 || r.top < 0 || \
             r.right > innerWidth || r.bottom > innerHeight).map((r) => JSON.stringify(r))",
        )?;
        page.point(2.0, 2.0)?;
        let left = page.becomes(tips, <[String]>::is_empty)?;
        ensure!(left.is_empty(), "still shown: {left:?}");
    }
    ensure!(!page.written.of_sweep || charts.len() > 2, "only {charts:?} have parts");
    Ok(())
}

pub fn fragment(page: &Page) -> Result<()> {
    let ground = "getComputedStyle(document.querySelector('#c3 td')).backgroundColor";
    let before = page.value(ground)?;
    page.go("#c3")?;
    page.becomes("all('svg.pick').map(() => 'picked')", |svgs| !svgs.is_empty())?;
    let top = page.number("document.getElementById('c3').getBoundingClientRect().top")?;
    ensure!((0.0..900.0).contains(&top), "its row is at {top}");
    ensure!(page.value(ground)? != before, "its row looks like the others");
    let strength =
        |query: &str| page.number(&format!("Number(getComputedStyle(all({query:?})[0]).opacity)"));
    let chart = "#chart-differences";
    let (own, other) = (
        strength(&format!("{chart} [data-cell=\"3\"]"))?,
        strength(&format!("{chart} [data-cell]:not([data-cell=\"3\"])"))?,
    );
    ensure!(own > 2.0 * other, "it is not picked out: {own} beside {other}");
    // From here one gets there by a link, too, even if the filter had taken it out.
    page.go("")?;
    page.click("#filter")?;
    page.write("no row has this")?;
    page.value("(location.hash = '#c2')")?;
    let shown =
        page.becomes("all('#c2').filter(seen).map((row) => row.id)", |rows| !rows.is_empty())?;
    ensure!(!shown.is_empty(), "the row that the filter took out does not come back");
    Ok(())
}
