//! The pages that are looked at, and the sites they are of: few messages, so that they take no time.

use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SITE: &str = "run: { simulate: 2h, repeats: 3 }
mail:
  arrivals: { poisson: { rate: 200/h } }
  bursts: [ { at: 30m, messages: 400 } ]
proofpoint: { queue_runs: periodic, queue_runners: 1 }
expect: [ p99 delay < 30s, late over 1h == 0% ]
";
const COMPARED: &str = "base: site.yaml
vary: { proofpoint.queue_runners: [1, 2, 10], proofpoint.hoststat: [on, off], proofpoint.retry_interval: [1m, 30m] }
compare_with: { proofpoint.queue_runners: 1, proofpoint.hoststat: on, proofpoint.retry_interval: 30m }
expect: [ p99 delay < 10m ]
";
const MANY: &str = "base: site.yaml
vary:
  proofpoint.queue_runners: [1, 2, 3, 5, 8, 10]
  proofpoint.retry_interval: [1m, 5m, 10m, 30m]
  proofpoint.messages_per_connection: [unlimited, 20, 199]
  proofpoint.hoststat: [on, off]
compare_with:
  proofpoint.queue_runners: 1
  proofpoint.retry_interval: 30m
  proofpoint.messages_per_connection: unlimited
  proofpoint.hoststat: on
";
const ONE: &str = "base: site.yaml\nvary: { proofpoint.queue_runners: [1] }\n";
/// What somebody may call a scenario.
pub const HOSTILE: &str = "\"</title></script><script>window.hacked=1</script><img src=x onerror=hacked=1> 'a' & \u{5e9}\u{5dc}\u{5d5}\u{5dd} ";

/// One page.
#[derive(Clone)]
pub struct Written {
    /// What it is called here.
    pub name: &'static str,
    /// Its file.
    pub path: PathBuf,
    /// Its heading.
    pub title: String,
    /// Whether it has a table of combinations.
    pub of_sweep: bool,
}

/// All pages, in a folder that goes when this is dropped.
pub struct Sites {
    /// In order.
    pub pages: Vec<Written>,
    /// Where there is room for more.
    pub folder: tempfile::TempDir,
}

impl Sites {
    /// Lets the program write them.
    pub fn written(binary: &Path) -> Result<Self> {
        let binary = binary.canonicalize().context("no such program")?;
        let folder = tempfile::tempdir()?;
        let long = format!("{HOSTILE}{}", "x".repeat(300));
        // In YAML a quote within single quotes is doubled.
        let hostile = format!("name: '{}'\nabout: '{0}'\n{SITE}", long.replace('\'', "''"));
        let named = |name: &str, rest: &str| format!("name: {name}\n{rest}");
        let mut pages = Vec::new();
        let files = [
            ("run", "run", "site", "A site", named("A site", SITE), "report.html"),
            ("hostile names", "run", "hostile", long.as_str(), hostile, "report.html"),
            ("sweep", "sweep", "compared", "Compared", named("Compared", COMPARED), "report.html"),
            ("large sweep", "sweep", "many", "Many", named("Many", MANY), "report.html"),
            ("single combination", "sweep", "one", "One", named("One", ONE), "report.html"),
            ("worlds", "sweep", "worlds", "Worlds", named("Worlds", COMPARED), "worlds.html"),
        ];
        for (name, command, file, title, text, page) in files {
            fs::write(folder.path().join(file).with_extension("yaml"), text)?;
            let mut run = Command::new(&binary);
            run.current_dir(folder.path()).args([command, &format!("{file}.yaml"), "-q"]);
            if name == "worlds" {
                run.args(["--vary-assumptions", "12"]);
            }
            let done = run.output()?;
            // A missed expectation is none of our business.
            ensure!(matches!(done.status.code(), Some(0 | 1)), "{name}: {done:?}");
            let path = folder.path().join("output").join(file).join(page).canonicalize();
            let path = path.with_context(|| format!("{name}: no {page}"))?;
            let of_sweep = matches!(name, "sweep" | "large sweep");
            pages.push(Written { name, path, title: title.to_owned(), of_sweep });
        }
        Ok(Sites { pages, folder })
    }

    /// The page of that name.
    pub fn page(&self, name: &str) -> Result<&Written> {
        self.pages.iter().find(|page| page.name == name).with_context(|| format!("no page {name}"))
    }
}
