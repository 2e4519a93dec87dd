//! A headless Chromium, driven over WebDriver (W3C): as much of the protocol as the tests need.
//!
//! `chromium` and `chromedriver` are Debian's packages `chromium` and `chromium-driver`. Without them tests say that they are skipped;
//! `KVITT_REQUIRE=chromium` makes that a failure.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// How long a page may take to show something that was waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether it does.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The key of an element in WebDriver's answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser of its own. Dropping it ends it.
pub struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

/// How a browser is.
#[derive(Debug, Clone, Copy)]
pub struct Like {
    /// Width and height of its window.
    pub size: (u32, u32),
    /// Whether it runs scripts.
    pub script: bool,
}

impl Browser {
    /// Starts one, where this machine has it.
    pub fn start(like: Like) -> Option<Browser> {
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success());
        if !has("chromium") || !has("chromedriver") {
            let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|what| what == "chromium"), "KVITT_REQUIRE wants chromium and chromedriver");
            println!("SKIPPED: no chromium or no chromedriver; KVITT_REQUIRE=chromium makes this a failure");
            return None;
        }
        let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver says its port");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let http = reqwest::Client::new();
        let mut browser = Browser { driver, session: format!("http://127.0.0.1:{port}"), http, runtime };
        let (width, height) = like.size;
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--force-color-profile=srgb".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        let preferences = json!({ "profile.managed_default_content_settings.javascript": if like.script { 1 } else { 2 } });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        } } });
        let made = browser.ask("POST", "/session", &wanted);
        browser.session = format!("{}/session/{}", browser.session, made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let address = format!("{}{path}", self.session);
        let request = self.http.request(method.parse().unwrap(), address);
        let request = if method == "POST" { request.json(body) } else { request };
        let answer: Value = self.runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() });
        let value = answer["value"].clone();
        if value["error"].is_string() { Err(value) } else { Ok(value) }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|wrong| panic!("{path}: {wrong:#}"))
    }

    /// Opens a page.
    pub fn open(&self, address: &str) {
        self.ask("POST", "/url", &json!({ "url": address }));
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.ask("GET", "/url", &Value::Null).as_str().unwrap().to_owned()
    }

    /// What a script answers.
    pub fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What a script calls back with.
    pub fn run_later(&self, script: &str) -> Value {
        self.ask("POST", "/execute/async", &json!({ "script": script, "args": [] }))
    }

    fn find(&self, selector: &str) -> String {
        let begun = std::time::Instant::now();
        loop {
            match self.try_ask("POST", "/element", &json!({ "using": "css selector", "value": selector })) {
                Ok(found) => return found[ELEMENT].as_str().unwrap().to_owned(),
                Err(wrong) => assert!(begun.elapsed() < PATIENCE, "{selector}: {wrong}\n{}", self.text("body")),
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Whether the page has an element now.
    pub fn has(&self, selector: &str) -> bool {
        self.try_ask("POST", "/element", &json!({ "using": "css selector", "value": selector })).is_ok()
    }

    /// Waits for an element.
    pub fn wait_for(&self, selector: &str) {
        self.find(selector);
    }

    /// Presses an element; once more where the page put another in its place meanwhile.
    pub fn click(&self, selector: &str) {
        let begun = std::time::Instant::now();
        loop {
            let element = self.find(selector);
            let Err(wrong) = self.try_ask("POST", &format!("/element/{element}/click"), &json!({})) else { return };
            let is_gone = wrong["error"] == "stale element reference";
            assert!(is_gone && begun.elapsed() < PATIENCE, "{selector}: {wrong:#}");
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Presses what leads to another page, and waits until this one is gone: what is looked for next is not found on it.
    pub fn follow(&self, selector: &str) {
        let page = self.find("html");
        self.click(selector);
        let begun = std::time::Instant::now();
        while self.find("html") == page {
            assert!(begun.elapsed() < PATIENCE, "{selector} leads nowhere");
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Writes into a field.
    pub fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.ask("POST", &format!("/element/{element}/clear"), &json!({}));
        self.ask("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses keys where the page's focus is. WebDriver names keys by private characters, such as U+E004 for Tab.
    pub fn press(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars() {
            actions.push(json!({ "type": "keyDown", "value": key.to_string() }));
            actions.push(json!({ "type": "keyUp", "value": key.to_string() }));
        }
        self.ask("POST", "/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }));
    }

    /// The text of an element.
    pub fn text(&self, selector: &str) -> String {
        let found = self.try_ask("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        let Ok(found) = found else { return String::new() };
        let element = found[ELEMENT].as_str().unwrap();
        self.ask("GET", &format!("/element/{element}/text"), &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// The window as a picture.
    pub fn picture(&self, file: &Path) {
        use base64::Engine as _;
        let picture = self.ask("GET", "/screenshot", &Value::Null);
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// Makes the window another size.
    pub fn resize(&self, width: u32, height: u32) {
        self.ask("POST", "/window/rect", &json!({ "width": width, "height": height }));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.try_ask("DELETE", "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
