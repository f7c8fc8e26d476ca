//! A page in the browser: what a reader does with keys and pointer, and what is to be seen then.

use crate::driver::Chromium;
use crate::sites::Written;
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

/// A page that is open.
pub struct Page<'a> {
    /// What was written.
    pub written: &'a Written,
    chromium: &'a Chromium,
}

/// What expressions may use: a list of elements, and whether one is to be seen.
const HELP: &str = "const all = (query, root) => [...(root || document).querySelectorAll(query)]; \
                    const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;";

impl<'a> Page<'a> {
    /// Opens it from its file, in a window as if nothing had been done in it before.
    pub fn open(chromium: &'a Chromium, written: &'a Written) -> Result<Self> {
        let page = Page { written, chromium };
        chromium.call("Emulation.setScriptExecutionDisabled", json!({ "value": false }))?;
        chromium.call("Emulation.clearDeviceMetricsOverride", json!({}))?;
        page.scheme("light", "")?;
        page.point(1.0, 1.0)?;
        page.go("")?;
        Ok(page)
    }

    /// Opens it anew, at a fragment such as `#c3`.
    pub fn go(&self, fragment: &str) -> Result<()> {
        // From the page itself a fragment would be no way to open it.
        self.chromium.go("about:blank")?;
        self.chromium.said()?;
        self.chromium.go(&format!("{}{fragment}", self.address()))
    }

    fn address(&self) -> String {
        format!("file://{}", self.written.path.display())
    }

    /// What the console has said, and what was asked for but the page itself.
    pub fn said(&self) -> Result<Vec<String>> {
        let (mut said, asked) = self.chromium.said()?;
        let own = self.address();
        ensure!(asked.contains(&own), "the page itself is not among what was asked for: {asked:?}");
        let others = asked.into_iter().filter(|url| *url != own && url != "data:,");
        said.extend(others.map(|url| format!("a request for {url}")));
        Ok(said)
    }

    /// The value of an expression, in which `all(QUERY)` gives a list of elements.
    pub fn value(&self, expression: &str) -> Result<Value> {
        let text = format!("(async () => {{ {HELP} return ({expression}); }})()");
        let call = json!({ "expression": text, "returnByValue": true, "awaitPromise": true });
        let answer = self.chromium.call("Runtime.evaluate", call)?;
        ensure!(answer.get("exceptionDetails").is_none(), "{answer}\nof {expression}");
        Ok(answer["result"].get("value").cloned().unwrap_or(Value::Null))
    }

    /// A list of texts.
    pub fn texts(&self, expression: &str) -> Result<Vec<String>> {
        let value = self.value(expression)?;
        serde_json::from_value(value).with_context(|| format!("no texts: {expression}"))
    }

    /// The texts as soon as they are what is wanted, or as they are after two seconds.
    pub fn becomes(
        &self,
        expression: &str,
        wanted: impl Fn(&[String]) -> bool,
    ) -> Result<Vec<String>> {
        for _ in 0..40 {
            let texts = self.texts(expression)?;
            if wanted(&texts) {
                return Ok(texts);
            }
            sleep(Duration::from_millis(50));
        }
        self.texts(expression)
    }

    /// A number.
    pub fn number(&self, expression: &str) -> Result<f64> {
        self.value(expression)?.as_f64().with_context(|| format!("no number: {expression}"))
    }

    /// An error that lists what the expression found wrong, if that is anything.
    pub fn none(&self, what: &str, expression: &str) -> Result<()> {
        let wrong = self.texts(expression)?;
        ensure!(wrong.is_empty(), "{what}: {}", wrong.join("; "));
        Ok(())
    }

    /// Clicks in the middle of the first element that matches, if a reader could.
    pub fn click(&self, query: &str) -> Result<()> {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({query:?}); if (!e || !seen(e)) return null; \
             e.scrollIntoView({{ block: 'center' }}); const r = e.getBoundingClientRect(); \
             const [x, y] = [r.x + r.width / 2, r.y + r.height / 2]; const top = document.elementFromPoint(x, y); \
             return top && (e.contains(top) || top.contains(e)) ? [x, y] : null; }})()"
        ))?;
        let (Some(x), Some(y)) = (place[0].as_f64(), place[1].as_f64()) else {
            return Err(anyhow!("{query} is not there to be clicked"));
        };
        self.point(x, y)?;
        for kind in ["mousePressed", "mouseReleased"] {
            let click = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.chromium.call("Input.dispatchMouseEvent", click)?;
        }
        Ok(())
    }

    /// Rests the pointer there.
    pub fn point(&self, x: f64, y: f64) -> Result<()> {
        let place = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.chromium.call("Input.dispatchMouseEvent", place).map(drop)
    }

    /// Presses `Tab`, `Enter`, `ArrowRight` or the space bar.
    pub fn press(&self, key: &str) -> Result<()> {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, None),
            "Enter" => ("Enter", 13, Some("\r")),
            " " => ("Space", 32, Some(" ")),
            "ArrowRight" => ("ArrowRight", 39, None),
            other => return Err(anyhow!("no key {other:?}")),
        };
        let kind = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        let mut down =
            json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number });
        if let Some(text) = text {
            down["text"] = text.into();
        }
        let up =
            json!({ "type": "keyUp", "key": key, "code": code, "windowsVirtualKeyCode": number });
        self.chromium.call("Input.dispatchKeyEvent", down)?;
        self.chromium.call("Input.dispatchKeyEvent", up).map(drop)
    }

    /// Types a text.
    pub fn write(&self, text: &str) -> Result<()> {
        self.chromium.call("Input.insertText", json!({ "text": text })).map(drop)
    }

    /// `light` or `dark`, on `screen` or in `print`.
    pub fn scheme(&self, scheme: &str, media: &str) -> Result<()> {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        let media = json!({ "media": media, "features": [feature] });
        self.chromium.call("Emulation.setEmulatedMedia", media).map(drop)
    }

    /// A window so wide.
    pub fn wide(&self, width: u32) -> Result<()> {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.chromium.call("Emulation.setDeviceMetricsOverride", size).map(drop)
    }

    /// Opens it anew with the page's scripts turned off.
    pub fn without_script(&self) -> Result<()> {
        self.chromium.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }))?;
        self.go("")
    }

    /// The page as a PDF.
    pub fn pdf(&self) -> Result<Vec<u8>> {
        let paper = json!({ "paperWidth": 8.27, "paperHeight": 11.69 });
        let answer = self.chromium.call("Page.printToPDF", paper)?;
        let text = answer["data"].as_str().context("no PDF")?;
        Ok(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text)?)
    }

    /// What axe-core finds wrong.
    pub fn axe(&self) -> Result<Vec<String>> {
        let call = json!({ "expression": self.chromium.axe, "returnByValue": false });
        self.chromium.call("Runtime.evaluate", call)?;
        self.texts(
            "(await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap((v) => \
             v.nodes.map((n) => v.id + ' at ' + n.target.join(' ') + ': ' + n.failureSummary))",
        )
    }
}
