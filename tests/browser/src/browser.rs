//! A Chromium with a profile of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use test_support::{SOON, http};
use tokio::runtime::Runtime;

use crate::driver::Driver;

/// Interval of polling a page.
const LOOK: Duration = Duration::from_millis(50);

/// Flags of Chromium, with their reasons:
/// - `remote-debugging-pipe`: the browser ends with chromedriver, even if that is killed;
/// - `no-sandbox`: root cannot use the sandbox, as in a container, and only our own pages are opened;
/// - `disable-dev-shm-usage`: /dev/shm may be tiny in a container;
/// - the others keep a browser without a network from searching for one.
const FLAGS: [&str; 10] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Flags that chromedriver would set.
///
/// A hidden tab must be treated as in a person's browser.
const UNWANTED_FLAGS: [&str; 3] = [
    "disable-background-timer-throttling",
    "disable-backgrounding-occluded-windows",
    "disable-renderer-backgrounding",
];

/// Options for starting a browser.
#[derive(Debug, Default)]
pub struct Setup {
    rules: Vec<String>,
    width: Option<u32>,
    dark: bool,
    trusting: bool,
    language: Option<String>,
}

impl Setup {
    /// Resolves `name`, a host name or `host:port`,
    /// to that address, for any port in a URL.
    pub fn resolve(mut self, name: &str, addr: SocketAddr) -> Setup {
        self.rules.push(format!("MAP {name} {addr}"));
        self
    }

    /// Sets the size and the touch input of a phone.
    pub fn phone(self) -> Setup {
        self.width(390)
    }

    /// Sets the width, and below 600 the touch input of a phone.
    pub fn width(mut self, width: u32) -> Setup {
        self.width = Some(width);
        self
    }

    /// Ignores certificate warnings, as a person does who proceeds.
    pub fn trust_certificates(mut self) -> Setup {
        self.trusting = true;
        self
    }

    /// Prefers a dark colour scheme.
    pub fn dark(mut self) -> Setup {
        self.dark = true;
        self
    }

    /// Sets the preferred language, such as `de-DE`.
    pub fn language(mut self, tag: &str) -> Setup {
        self.language = Some(tag.into());
        self
    }

    /// Starts the browser, and opens the page.
    #[track_caller]
    pub fn open(self, url: &str) -> Browser {
        let driver = Driver::running();
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
        flags.push("--window-size=1024,768".into());
        if !self.rules.is_empty() {
            flags.push(format!("--host-resolver-rules={}", self.rules.join(",")));
        }
        let mut options = json!({ "args": flags, "excludeSwitches": UNWANTED_FLAGS });
        if let Some(tag) = self.language {
            options["prefs"] = json!({ "intl.accept_languages": tag, "intl.selected_languages": tag });
        }
        if let Ok(chromium) = std::env::var("CHROMIUM") {
            options["binary"] = chromium.into();
        }
        let Value::Object(capabilities) = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "acceptInsecureCerts": self.trusting,
        }) else {
            unreachable!("`json!` did not make an object")
        };

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("cannot build the runtime");
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            let url = format!("http://{}", driver.addr);
            let session = builder.capabilities(capabilities).connect(&url);
            tokio::time::timeout(3 * SOON, session).await
        });
        let client = client.expect("the browser did not start in time").expect("the browser did not start");
        let browser = Browser { client, runtime, driver };
        if let Some(width) = self.width {
            let is_phone = width < 600;
            let scale = if is_phone { 2 } else { 1 };
            let size =
                json!({ "width": width, "height": 844, "deviceScaleFactor": scale, "mobile": is_phone });
            browser.devtools("Emulation.setDeviceMetricsOverride", &size);
        }
        if self.dark {
            let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
            browser.devtools("Emulation.setEmulatedMedia", &dark);
        }
        browser.goto(url);
        browser
    }
}

/// Tab of a browser.
#[derive(Debug)]
pub struct Tab(WindowHandle);

/// Browser with an open page.
///
/// It ends when dropped, and fails the test if a script on the page failed.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    runtime: Runtime,
    driver: Arc<Driver>,
}

impl Browser {
    /// Starts a browser, and opens the page.
    #[track_caller]
    pub fn open(url: &str) -> Browser {
        Setup::default().open(url)
    }

    /// Returns the default options, to change before the start.
    pub fn with() -> Setup {
        Setup::default()
    }

    /// Opens another page in the front tab.
    #[track_caller]
    pub fn goto(&self, url: &str) {
        self.wait(self.client.goto(url), &format!("open {url}"));
        // Otherwise the browser's error page would be taken for the requested one.
        assert_ne!(self.eval("location.protocol"), "chrome-error:", "the browser could not open {url}");
    }

    /// Returns the value of a JavaScript expression.
    #[track_caller]
    pub fn eval(&self, expression: &str) -> Value {
        self.run(&format!("return ({expression});"))
    }

    /// Runs JavaScript statements.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.wait(self.client.execute(script, Vec::new()), script)
    }

    /// Waits until a JavaScript expression is true.
    #[track_caller]
    pub fn wait_until(&self, expression: &str, within: Duration) {
        let deadline = Instant::now() + within;
        while self.eval(expression) != true {
            if Instant::now() > deadline {
                let page = self.eval("document.body.innerText");
                let page = page.as_str().unwrap_or_default();
                panic!(
                    "not so within {within:?}: {expression}\nThe page reads:\n{page}\nIts console: {:?}",
                    self.console()
                );
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the element with this id has exactly this text.
    #[track_caller]
    pub fn wait_for_text(&self, id: &str, text: &str) {
        let [id, text] = [id, text].map(|string| Value::from(string).to_string());
        self.wait_until(&format!("document.getElementById({id}).textContent === {text}"), SOON);
    }

    /// Returns the text of the element with this id.
    #[track_caller]
    pub fn text(&self, id: &str) -> String {
        let id = Value::from(id).to_string();
        self.eval(&format!("document.getElementById({id}).textContent"))
            .as_str()
            .expect("not a text")
            .to_owned()
    }

    /// Clicks on the element with this id, as a mouse does.
    #[track_caller]
    pub fn click(&self, id: &str) {
        self.wait(self.element(id).click(), &format!("click on {id}"));
    }

    /// Types into the element with this id.
    #[track_caller]
    pub fn type_into(&self, id: &str, text: &str) {
        self.wait(self.element(id).send_keys(text), &format!("type into {id}"));
    }

    /// Types with the keyboard into the focused element.
    ///
    /// The constants of [`fantoccini::key::Key`] are keys that write nothing.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let focused = self.wait(self.client.active_element(), "find the focus");
        self.wait(focused.send_keys(keys), "press a key");
    }

    /// Saves a picture of the page as `target/screenshots/NAME.png`.
    #[track_caller]
    pub fn screenshot(&self, name: &str) {
        let png = self.wait(self.client.screenshot(), "take a screenshot");
        let folder = crate::package::folder().join("../../target/screenshots");
        let file: PathBuf = folder.join(format!("{name}.png"));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&file, png))
            .expect("cannot save the screenshot");
    }

    /// Returns the front tab.
    #[track_caller]
    pub fn tab(&self) -> Tab {
        Tab(self.wait(self.client.window(), "ask for the tab"))
    }

    /// Opens an empty tab in front of the others, in the same window.
    #[track_caller]
    pub fn new_tab(&self) -> Tab {
        let tab = Tab(self.wait(self.client.new_window(true), "open a tab").handle);
        self.show(&tab);
        tab
    }

    /// Opens an empty window beside the others, which stay visible.
    #[track_caller]
    pub fn new_window(&self) -> Tab {
        let tab = Tab(self.wait(self.client.new_window(false), "open a window").handle);
        self.look_at(&tab);
        tab
    }

    /// Selects the tab or window for further calls, without showing or hiding any.
    #[track_caller]
    pub fn look_at(&self, tab: &Tab) {
        self.wait(self.client.switch_to_window(tab.0.clone()), "change to another tab");
    }

    /// Closes the selected tab or window.
    #[track_caller]
    pub fn close_tab(&self) {
        self.wait(self.client.close_window(), "close a window");
    }

    /// Selects the first frame of the page for further calls.
    #[track_caller]
    pub fn enter_frame(&self) {
        self.wait(self.client.clone().enter_frame(0), "go into a frame");
    }

    /// Selects the page around the frame again.
    #[track_caller]
    pub fn leave_frame(&self) {
        self.wait(self.client.clone().enter_parent_frame(), "leave a frame");
    }

    /// Brings a tab that a page has opened to the front.
    #[track_caller]
    pub fn show_opened(&self) {
        let here = self.wait(self.client.window(), "ask for the tab");
        let deadline = Instant::now() + SOON;
        loop {
            let tabs = self.wait(self.client.windows(), "ask for the tabs");
            if let Some(other) = tabs.into_iter().find(|tab| *tab != here) {
                return self.show(&Tab(other));
            }
            assert!(Instant::now() < deadline, "no tab was opened");
            std::thread::sleep(LOOK);
        }
    }

    /// Brings a tab to the front and selects it for further calls.
    #[track_caller]
    pub fn show(&self, tab: &Tab) {
        self.wait(self.client.switch_to_window(tab.0.clone()), "change to another tab");
        self.devtools("Page.bringToFront", &json!({}));
    }

    /// Returns the console's entries since the last
    /// call: level, source and text of each.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().expect("the console is not a list").iter();
        entries
            .map(|e| format!("{} {}: {}", e["level"], e["source"], e["message"]).replace('"', ""))
            .collect()
    }

    /// Returns errors of scripts. An unreachable device is not one.
    fn script_errors(&self) -> Vec<String> {
        let mut errors = self.console();
        errors.retain(|entry| {
            entry.starts_with("SEVERE javascript") && !entry.contains("WebSocket connection")
        });
        errors
    }

    /// Runs a command of the DevTools protocol that WebDriver lacks.
    #[track_caller]
    pub fn devtools(&self, command: &str, params: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": params }))
    }

    /// Runs a command of chromedriver's own.
    #[track_caller]
    fn command(&self, path: &str, body: &Value) -> Value {
        let session = self.wait(self.client.session_id(), "ask for the session").expect("no session");
        let (addr, body) = (self.driver.addr, body.to_string());
        let head =
            format!("POST /session/{session}/{path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
        let response = http(addr, format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(response.status, 200, "{path} {body}: {}", response.text());
        serde_json::from_str::<Value>(response.text()).expect("the answer of chromedriver is not JSON")["value"].take()
    }

    #[track_caller]
    fn element(&self, id: &str) -> Element {
        self.wait(self.client.find(Locator::Id(id)), &format!("find {id}"))
    }

    #[track_caller]
    fn wait<T, E: std::fmt::Display>(&self, doing: impl Future<Output = Result<T, E>>, what: &str) -> T {
        let limit = 2 * SOON;
        let done = self.runtime.block_on(async { tokio::time::timeout(limit, doing).await });
        let done = done.unwrap_or_else(|_| panic!("the browser did not {what} within {limit:?}"));
        done.unwrap_or_else(|error| panic!("the browser could not {what}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let errors = if std::thread::panicking() { Vec::new() } else { self.script_errors() };
        let closing = self.client.clone().close();
        let _ = self.runtime.block_on(async { tokio::time::timeout(SOON, closing).await });
        assert!(errors.is_empty(), "a script on the page failed: {errors:?}");
    }
}
