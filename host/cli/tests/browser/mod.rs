//! Chromium without a window, driven over WebDriver by its chromedriver.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use ureq::Agent;
use url::Url;

/// Keys that print nothing, as WebDriver spells them.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// A browser that ends when it is dropped.
pub(crate) struct Browser {
    driver: Driver,
    agent: Agent,
    /// The address of the session.
    session: String,
    /// The text of axe-core, which audits what people can use.
    axe: String,
}

/// The process of chromedriver.
struct Driver {
    process: Child,
    /// Kept open: it may write more.
    _stdout: BufReader<ChildStdout>,
    port: u16,
}

impl Browser {
    /// Starts one, or says why there is none, which PLIMSOLL_REQUIRE_CHROMIUM=1 forbids.
    pub(crate) fn start() -> Option<Self> {
        match Self::try_start() {
            Ok(browser) => Some(browser),
            Err(reason) => {
                let is_required = env::var("PLIMSOLL_REQUIRE_CHROMIUM").is_ok_and(|it| it == "1");
                assert!(!is_required, "PLIMSOLL_REQUIRE_CHROMIUM=1, and {reason}");
                eprintln!("skipped: {reason}; `cargo xtask setup tests` installs what is missing");
                None
            }
        }
    }

    fn try_start() -> Result<Self, String> {
        let path = axe();
        let axe = fs::read_to_string(&path);
        let axe = axe.map_err(|error| format!("no axe-core: {}: {error}", path.display()))?;
        let driver = Driver::start()?;
        let config = Agent::config_builder().http_status_as_error(false).build();
        let session = format!("http://127.0.0.1:{}/session", driver.port);
        let mut browser = Self { driver, agent: config.into(), session, axe };
        // It opens our own files alone, and as root it has no sandbox.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"];
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let opened =
            browser.post("", &json!({ "capabilities": { "alwaysMatch": capabilities } }))?;
        let id = opened["sessionId"].as_str().ok_or("chromedriver names no session")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let sent = self.agent.post(format!("{}{path}", self.session)).send_json(body);
        let answer = sent.and_then(|mut answer| answer.body_mut().read_json::<Value>());
        let mut answer = answer.map_err(|error| format!("chromedriver: {error}"))?;
        match answer["value"]["error"].as_str() {
            Some(_) => Err(format!("chromedriver: {}", answer["value"]["message"])),
            None => Ok(answer["value"].take()),
        }
    }

    fn ask(&self, path: &str, body: &Value) -> Value {
        self.post(path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn cdp(&self, command: &str, parameters: &Value) {
        self.ask("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// Opens a file.
    pub(crate) fn open(&self, path: &Path) {
        let url = Url::from_file_path(path).expect("an absolute path");
        self.ask("/url", &json!({ "url": url.as_str() }));
    }

    /// What a script returns, its promise kept.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.ask("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Types, wherever the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let keys = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        let keys: Vec<_> = keys.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": keys });
        self.ask("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Shows pages as wide as this, in CSS pixels, light or dark.
    pub(crate) fn show(&self, width: usize, scheme: &str) {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Whether pages that are opened from now on run their scripts.
    pub(crate) fn allow_scripts(&self, allow: bool) {
        self.cdp("Emulation.setScriptExecutionDisabled", &json!({ "value": !allow }));
    }

    /// What the page complained of since this was asked last.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.ask("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().into_iter().flatten();
        entries.map(|entry| entry["message"].to_string()).collect()
    }

    /// What of the page somebody cannot use, by axe-core with all its rules, each with where.
    pub(crate) fn audit(&self) -> Vec<String> {
        self.eval(&self.axe);
        let found = self.eval(
            "return axe.run(document).then((found) => found.violations.map(
                (it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) =>
                    `${node.html.slice(0, 200)} ${node.failureSummary}`).join(' | ')}`))",
        );
        let found = found.as_array().expect("a list").iter();
        found.map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends Chromium; where it fails, the driver does as it ends itself.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.process.kill();
        let _ = self.driver.process.wait();
    }
}

impl Driver {
    fn start() -> Result<Self, String> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| format!("no chromedriver: {error}"))?;
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        loop {
            line.clear();
            let read = stdout.read_line(&mut line).map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("chromedriver ended before it listened".to_owned());
            }
            let port = line.split_once("successfully on port ").map(|(_, port)| port);
            if let Some(Ok(port)) = port.map(|port| port.trim().trim_end_matches('.').parse()) {
                return Ok(Self { process, _stdout: stdout, port });
            }
        }
    }
}

/// Where `cargo xtask setup tests` puts axe-core: below the folder that cargo builds in.
fn axe() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_plimsoll"));
    let target = built.ancestors().nth(2).expect("<target>/debug/plimsoll");
    target.join("axe/node_modules/axe-core/axe.min.js")
}
