//! Faults that are planted in a page, one for each check: does it notice?

use crate::checks::{Check, GENERAL, SWEEP};
use crate::driver::Chromium;
use crate::run;
use crate::sites::{Sites, Written};
use anyhow::{Context as _, Result, ensure};
use std::fs;

/// A check by its name, what is taken out of a page, and what is put there instead.
type Fault = (&'static str, &'static str, &'static str);

/// In the page of the sweep.
const FAULTS: &[Fault] = &[
    (
        "it opens without an error and asks for nothing",
        "</main>",
        "<img alt=\"\" src=\"x.png\"></main>",
    ),
    (
        "it opens without an error and asks for nothing",
        "\"use strict\";",
        "\"use strict\"; nothing.there;",
    ),
    ("its heading is the name, as text", "</main>", "<script>hacked = 1</script></main>"),
    (
        "everything is there without its script",
        "<fieldset",
        "<button>x</button></div><div><fieldset",
    ),
    ("everything is there without its script", "<tr id=\"c2\"", "<tr hidden id=\"c2\""),
    ("axe finds nothing in the light", " lang=\"en\"", ""),
    ("axe finds nothing in the light", "--quiet: #555555", "--quiet: #aaaaaa"),
    ("axe finds nothing in the dark", "--quiet: #b4bac0", "--quiet: #54585c"),
    (
        "axe finds nothing on a telephone",
        "<meta name=\"viewport\" content=\"",
        "<meta name=\"viewport\" content=\"user-scalable=no, ",
    ),
    (
        "dark is dark, and light is light",
        "prefers-color-scheme: dark",
        "prefers-color-scheme: none",
    ),
    (
        "nothing scrolls sideways at 380 px",
        "max-width: 100%; }\n.card svg",
        "overflow-x: visible; }\n.card svg",
    ),
    (
        "the keyboard reaches everything, and shows where it is",
        "outline: 3px solid",
        "outline: 0 solid",
    ),
    (
        "the keyboard reaches everything, and shows where it is",
        "button.type = \"button\"",
        "button.tabIndex = -1",
    ),
    (
        "a heading sorts by the keyboard",
        "button.addEventListener(\"click\"",
        "button.addEventListener(\"mousedown\"",
    ),
    ("every heading sorts both ways", "(down ? -1 : 1)", "1"),
    ("the filter leaves the rows with its words", "words.every(", "words.some("),
    ("the filter leaves the rows with its words", "row.hidden = ", "row.dataset.gone = "),
    ("the pointer reads values off the charts", "tip.hidden = !part", "tip.hidden = true"),
    ("print keeps every chart whole", "max-height: 235mm;", "width: 800%;"),
    (
        "print keeps every chart whole",
        "overflow-wrap: anywhere; min-width: 3.4em;",
        "min-width: 9em;",
    ),
    ("the switch shows one percentile at a time", "gone.add(radio.value)", "gone.size"),
    ("columns can be hidden", "boxes.concat(radios)", "radios"),
    ("a combination leaves all charts at once", "g.off { display: none; }", ""),
    ("the charts show what the filter leaves", "!box.closest(\"tr\").hidden", "true"),
    ("a link leads to a combination", "part.classList.add(\"hit\")", ""),
    ("a link leads to a combination", "{ filter.value = \"\"; sift(); }", ";"),
    ("keys tick, choose and open", "toggles.forEach((box) => { box.checked = wanted(box); });", ""),
];

/// Plants each fault and says which of them its check does not notice; gives how many.
pub fn unnoticed(chromium: &Chromium, sites: &Sites) -> Result<usize> {
    let sound = sites.page("sweep")?;
    let text = fs::read_to_string(&sound.path)?;
    // The policy would refuse a script that was tampered with, and the fault would be another one.
    let begin = text.find("<meta http-equiv").context("no policy")?;
    let end = begin + text[begin..].find('>').context("no policy")? + 1;
    let policy = text[begin..end].split("style-src").next().context("no policy")?;
    let open = format!("{policy}style-src 'unsafe-inline'; script-src 'unsafe-inline'\">");
    let mut count = 0;
    for (name, from, to) in FAULTS {
        let check = GENERAL.iter().chain(SWEEP).find(|check| check.name == *name);
        let check: &Check = check.with_context(|| format!("no check {name:?}"))?;
        ensure!(text.contains(from), "{from:?} is not in the page any more: plant another fault");
        // Of the first check the policy is a part.
        let kept = *name == GENERAL[0].name;
        let before = if kept { text[begin..end].to_owned() } else { open.clone() };
        let broken = text.replacen(&text[begin..end], &before, 1).replacen(from, to, 1);
        let page = Written { path: sites.folder.path().join("broken.html"), ..sound.clone() };
        fs::write(&page.path, broken)?;
        match run(chromium, &page, check) {
            Err(error) => {
                let why = error.to_string();
                let why: String =
                    why.lines().next().unwrap_or_default().chars().take(100).collect();
                println!("noticed {name}: {why}");
            }
            Ok(()) => {
                println!("FAILED  {name}: does not notice {to:?} instead of {from:?}");
                count += 1;
            }
        }
    }
    let planted = |check: &&Check| !FAULTS.iter().any(|(name, ..)| *name == check.name);
    // Of the size it is plain.
    for check in
        GENERAL.iter().chain(SWEEP).filter(planted).filter(|check| !check.name.contains("MB"))
    {
        println!("FAILED  {}: no fault is planted for it", check.name);
        count += 1;
    }
    Ok(count)
}
