//! `mailflow report`: the page and the charts anew from what is stored, and what is said where that cannot be.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

/// Two hours of mail, among it a burst; few messages, so that a test takes no time.
const SITE: &str = "
run: { simulate: 2h, repeats: 3 }
mail:
  arrivals: { poisson: { rate: 200/h } }
  bursts: [ { at: 30m, messages: 50 } ]
";

fn mailflow(folder: &Path, args: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let done = command.current_dir(folder).args(args).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&done.get_output().stdout), text(&done.get_output().stderr))
}

fn site(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("site.yaml"), format!("name: {name}\n{SITE}")).expect("written");
    folder
}

/// Every file that is no store, with its bytes.
fn drawn(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = ["", "charts"]
        .iter()
        .flat_map(|sub| fs::read_dir(folder.join(sub)).expect("listed"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "html" || e == "svg" || e == "png"))
        .map(|path| (path.display().to_string(), fs::read(&path).expect("read")))
        .collect();
    files.sort();
    files
}

fn remove_drawn(folder: &Path) {
    fs::remove_file(folder.join("report.html")).expect("removed");
    fs::remove_dir_all(folder.join("charts")).expect("removed");
}

#[test]
fn a_run_is_drawn_again_byte_by_byte() {
    let folder = site("A site");
    let out = folder.path().join("o");
    let (page, _) = mailflow(folder.path(), &["run", "site.yaml", "--out", "o"], 0);
    assert!(page.contains("o/report.html") && page.contains("any web browser"), "{page}");
    let first = drawn(&out);
    // delay, tail, timeline, arrivals, days, causes as SVG and PNG, and the page.
    assert_eq!(first.len(), 13, "{:?}", first.iter().map(|file| &file.0).collect::<Vec<_>>());
    remove_drawn(&out);
    let (files, errors) = mailflow(folder.path(), &["report", "o"], 0);
    assert!(files.contains("o/report.html") && errors.is_empty(), "{files}{errors}");
    assert!(first == drawn(&out), "another page than that of the run");
    let page = fs::read_to_string(out.join("report.html")).expect("read");
    assert!(page.contains("mailflow run site.yaml"), "how to reproduce it");
    assert!(!page.contains(&*folder.path().to_string_lossy()), "no path of this machine");
}

#[test]
fn a_sweep_is_drawn_again_byte_by_byte() {
    let folder = site("A site");
    let sweep = "name: Many\nbase: site.yaml\nvary: { proofpoint.queue_runners: [1, 2, 3], \
                 proofpoint.hoststat: [on, off] }\ncompare_with: { proofpoint.queue_runners: 1, \
                 proofpoint.hoststat: on }\n";
    fs::write(folder.path().join("many.yaml"), sweep).expect("written");
    let out = folder.path().join("o");
    mailflow(folder.path(), &["sweep", "many.yaml", "--out", "o", "-q"], 0);
    let first = drawn(&out);
    remove_drawn(&out);
    assert_eq!(mailflow(folder.path(), &["report", "o", "-q"], 0).0, "");
    assert!(first == drawn(&out), "another page than that of the sweep");
    let page = fs::read_to_string(out.join("report.html")).expect("read");
    for part in
        ["chart-delay", "chart-heatmap-p99", "chart-differences", "chart-causes", "id=\"c6\""]
    {
        assert!(page.contains(part), "{part}");
    }
    for part in ["chart-together", "chart-days-1", "Shaded, of #"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("data-cell=\"6\""), "curves can be taken out one by one");
}

#[test]
fn any_metric_is_drawn_as_a_table_of_colours_and_what_makes_none_is_said() {
    let folder = site("A site");
    let sweep = "name: Many\nbase: site.yaml\nvary: { proofpoint.queue_runners: [1, 2], \
                 proofpoint.hoststat: [on, off] }\n";
    fs::write(folder.path().join("many.yaml"), sweep).expect("written");
    mailflow(folder.path(), &["sweep", "many.yaml", "--out", "o", "-q"], 0);
    mailflow(folder.path(), &["run", "site.yaml", "--out", "r", "-q"], 0);
    let table = |folder_name: &str, metric: &str, code: i32| {
        mailflow(folder.path(), &["report", folder_name, "--heatmap", metric], code)
    };
    let (files, _) = table("o", "runners busy", 0);
    assert!(files.contains("o/charts/heatmap-runners-busy.svg"), "{files}");
    let svg = fs::read_to_string(folder.path().join("o/charts/heatmap-runners-busy.svg"));
    assert_eq!(svg.expect("drawn").matches("data-cell=").count(), 4, "a number in each cell");
    for (of, metric, words) in [
        ("o", "queue.maxx", "did you mean `queue.max`"),
        ("o", "queue.max@nobody", "no combination has this metric"),
        ("r", "queue.max", "this is the folder of a run"),
    ] {
        let (_, errors) = table(of, metric, 2);
        assert!(errors.contains(words), "{errors}");
    }
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = site("A site");
    let out = folder.path().join("o");
    mailflow(folder.path(), &["run", "site.yaml", "--out", "o", "-q"], 0);
    let store = out.join("results.sqlite");
    let good = fs::read(&store).expect("read");
    let said = |what: &str, code: i32, words: &str| {
        let (_, errors) = mailflow(folder.path(), &["report", "o"], code);
        assert!(errors.contains(words) && errors.contains("o/"), "{what}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{what}: one message: {errors}");
    };
    // Bytes 60 to 63 of a database of SQLite are the version its program gives it.
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(&store, newer).expect("written");
    said("newer", 3, "another mailflow");
    fs::write(&store, "no database at all, but some other text").expect("written");
    said("damaged", 3, "is damaged");
    fs::write(&store, "").expect("written");
    said("empty", 3, "not a result store");
    fs::remove_file(&store).expect("removed");
    said("missing", 3, "no stored results");
    fs::write(&store, &good).expect("written");
    fs::remove_file(out.join("results.json")).expect("removed");
    said("half of it", 3, "results.json");
}

#[test]
fn results_that_are_damaged_newer_or_empty_are_told_apart() {
    let folder = site("A site");
    let results = folder.path().join("o/results.json");
    mailflow(folder.path(), &["run", "site.yaml", "--out", "o", "-q"], 0);
    let good = fs::read_to_string(&results).expect("read");
    let newer = good.replacen("\"schema\": 1", "\"schema\": 7", 1);
    assert_ne!(newer, good);
    for (text, words) in [
        (&newer[..], "newer mailflow (schema 7; this one reads 1)"),
        (&good[..good.len() / 2], "is damaged"),
        ("", "is damaged"),
        ("[]", "is damaged"),
    ] {
        fs::write(&results, text).expect("written");
        for command in [&["report", "o"][..], &["export", "o", "--format", "csv"]] {
            let (printed, errors) = mailflow(folder.path(), command, 3);
            assert!(errors.contains(words) && errors.contains("o/results.json"), "{errors}");
            assert_eq!((errors.lines().count(), &printed[..]), (1, ""), "{errors}");
        }
    }
    // Sound, but of nothing: a page that says so.
    let mut none: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    none["cells"] = serde_json::json!([]);
    fs::write(&results, none.to_string()).expect("written");
    mailflow(folder.path(), &["report", "o"], 0);
    let page = fs::read_to_string(folder.path().join("o/report.html")).expect("read");
    assert!(page.contains("Nothing has been simulated yet"));
}

#[test]
fn a_sweep_of_a_single_combination_has_a_sensible_page() {
    let folder = site("A site");
    let sweep = "base: site.yaml\nvary: { proofpoint.queue_runners: [3] }\n";
    fs::write(folder.path().join("one.yaml"), sweep).expect("written");
    let (_, errors) = mailflow(folder.path(), &["sweep", "one.yaml", "--out", "o", "-q"], 0);
    assert_eq!(errors, "");
    let page = fs::read_to_string(folder.path().join("o/report.html")).expect("read");
    assert!(page.contains("With these settings") && page.contains("delay.p99"), "as of a run");
    assert!(!page.contains("id=\"show-all\""), "nothing to choose from");
}

/// The texts of a line of CSV without quotes.
fn fields(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

#[test]
fn what_is_exported_are_the_numbers_of_the_screen() {
    let folder = site("A site");
    let sweep = "base: site.yaml\nvary: { proofpoint.queue_runners: [1, 2] }\n\
                 compare_with: { proofpoint.queue_runners: 1 }\n";
    fs::write(folder.path().join("two.yaml"), sweep).expect("written");
    // The CSV of a run has a row for each metric, that of an export one for each combination: its numbers follow below.
    let all = [("run", "site.yaml", "json"), ("sweep", "two.yaml", "csv")];
    let all = all.into_iter().chain(["json", "md"].map(|format| ("sweep", "two.yaml", format)));
    for (command, file, format) in all {
        let shown = [command, file, "--out", command, "-q", "--format", format];
        let (shown, _) = mailflow(folder.path(), &shown, 0);
        let exported = ["export", command, "--format", format];
        let (exported, errors) = mailflow(folder.path(), &exported, 0);
        assert!(!shown.is_empty() && errors.is_empty(), "{command} {format}: {errors}");
        assert_eq!(shown, exported, "{command} {format}");
    }
    let shown = ["run", "site.yaml", "--out", "run", "-q", "--format", "csv"];
    let (shown, _) = mailflow(folder.path(), &shown, 0);
    let (exported, _) = mailflow(folder.path(), &["export", "run", "--format", "csv"], 0);
    let [names, values] = [0, 1].map(|line| fields(exported.lines().nth(line).expect("a line")));
    for row in shown.lines().skip(1).map(fields) {
        let column = names.iter().position(|name| *name == row[1]).expect("a column");
        assert_eq!(row[2..5], values[column..column + 3], "{}", row[1]);
    }
    // The page for people rounds what the CSV has in full.
    let (screen, _) = mailflow(folder.path(), &["sweep", "two.yaml", "--out", "sweep"], 0);
    let (csv, _) = mailflow(folder.path(), &["export", "sweep", "--format", "csv"], 0);
    let mut lines = csv.lines().map(fields);
    let head = lines.next().expect("a head");
    let column = |name: &str| head.iter().position(|field| *field == name).expect("a column");
    for row in lines {
        let seconds: f64 = row[column("delay.p99")].parse().expect("a number");
        let shown = mailflow::report::duration(seconds);
        let begin = format!("{} ", row[0]);
        let its = |line: &&str| line.starts_with(&begin) && line.contains(&shown);
        assert!(screen.lines().any(|line| its(&line)), "{shown} of {begin}is not in {screen}");
    }
}

#[test]
fn an_answer_over_worlds_is_drawn_again_byte_by_byte() {
    let folder = site("A site");
    let sweep = "base: site.yaml\nvary: { proofpoint.queue_runners: [1, 2] }\n\
                 compare_with: { proofpoint.queue_runners: 1 }\n";
    fs::write(folder.path().join("two.yaml"), sweep).expect("written");
    let out = folder.path().join("o");
    let command = ["sweep", "two.yaml", "--vary-assumptions", "6", "--out", "o"];
    let (page, _) = mailflow(folder.path(), &command, 0);
    assert!(page.contains("o/worlds.html") && page.contains("any web browser"), "{page}");
    let first = drawn(&out);
    assert!(first.len() >= 3, "{:?}", first.iter().map(|file| &file.0).collect::<Vec<_>>());
    fs::remove_file(out.join("worlds.html")).expect("removed");
    fs::remove_dir_all(out.join("charts")).expect("removed");
    let (files, errors) = mailflow(folder.path(), &["report", "o"], 0);
    assert!(files.contains("o/worlds.html") && errors.is_empty(), "{files}{errors}");
    assert!(first == drawn(&out), "another page than that of the worlds");
    let html = fs::read_to_string(out.join("worlds.html")).expect("read");
    assert!(html.contains("mailflow sweep two.yaml --vary-assumptions 6"), "how to reproduce it");
    // Beside them an ordinary run of the same file, which takes nothing away.
    mailflow(folder.path(), &["sweep", "two.yaml", "--out", "o", "-q"], 0);
    let (files, _) = mailflow(folder.path(), &["report", "o"], 0);
    assert!(files.contains("o/worlds.html") && files.contains("o/report.html"), "{files}");
    fs::write(out.join("worlds.json"), "{}").expect("written");
    let (_, errors) = mailflow(folder.path(), &["report", "o"], 3);
    assert!(errors.contains("o/worlds.json: is damaged"), "{errors}");
}

#[test]
fn names_of_users_are_text_in_the_page() {
    let folder = site("'<script>alert(\"1\")</script> & ''more'''");
    mailflow(folder.path(), &["run", "site.yaml", "--out", "o", "-q"], 0);
    let page = fs::read_to_string(folder.path().join("o/report.html")).expect("read");
    assert_eq!(page.matches("<script").count(), 1, "ours alone");
    assert!(page.contains("&lt;script&gt;alert("), "as text");
}
