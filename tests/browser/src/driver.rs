//! Chromium and its driver: started, spoken to, ended.

use anyhow::{Context as _, Result, anyhow};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use tokio::runtime::{Builder, Runtime};

/// A page that loads nothing needs none of this; a browser that is left alone asks its maker for news. Chromium
/// refuses its sandbox to root and in most containers; it opens nothing but our own pages.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,900",
];

/// The browser; both programs end when this is dropped.
pub struct Chromium {
    runtime: Runtime,
    client: Option<Client>,
    driver: Child,
    /// Where it talks to; it ends when nobody listens.
    _said: Lines<BufReader<ChildStdout>>,
    /// The script of axe-core.
    pub axe: String,
}

/// What the driver knows beyond the standard.
#[derive(Debug)]
struct More {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for More {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

impl Chromium {
    /// Starts both, with a profile of their own.
    pub fn start(axe: String) -> Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .context("chromedriver")?;
        let mut lines = driver.stdout.take().map(BufReader::new).context("chromedriver")?.lines();
        // It says which port it found.
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let rest = line.split("successfully on port ").nth(1)?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.context("chromedriver did not start")?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let wanted = json!({
            "goog:chromeOptions": { "args": FLAGS },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let wanted = wanted.as_object().cloned().unwrap_or_default();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let client = runtime.block_on(builder.capabilities(wanted).connect(&address));
        let mut chromium = Chromium { runtime, client: None, driver, _said: lines, axe };
        chromium.client = Some(client.context("chromium did not start")?);
        Ok(chromium)
    }

    fn more(&self, path: &'static str, body: Value) -> Result<Value> {
        let client = self.client.as_ref().context("no browser")?;
        Ok(self.runtime.block_on(client.issue_cmd(More { path, body }))?)
    }

    /// Opens an address and waits until it is loaded.
    pub fn go(&self, address: &str) -> Result<()> {
        let client = self.client.as_ref().context("no browser")?;
        Ok(self.runtime.block_on(client.goto(address))?)
    }

    /// A call of DevTools.
    pub fn call(&self, name: &str, parameters: Value) -> Result<Value> {
        self.more("goog/cdp/execute", json!({ "cmd": name, "params": parameters }))
            .map_err(|error| anyhow!("{name}: {error}"))
    }

    /// What the console has said, and what was asked for, since this was last asked.
    pub fn said(&self) -> Result<(Vec<String>, Vec<String>)> {
        let texts = |log: &str| -> Result<Vec<String>> {
            let entries = self.more("se/log", json!({ "type": log }))?;
            let entries = entries.as_array().cloned().unwrap_or_default();
            Ok(entries.iter().filter_map(|e| e["message"].as_str().map(str::to_owned)).collect())
        };
        let request = |text: &String| {
            let event: Value = serde_json::from_str(text).ok()?;
            let event = &event["message"];
            let asked = event["method"] == "Network.requestWillBeSent";
            asked.then(|| event["params"]["request"]["url"].as_str().map(str::to_owned))?
        };
        Ok((texts("browser")?, texts("performance")?.iter().filter_map(request).collect()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = self.runtime.block_on(client.close());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
