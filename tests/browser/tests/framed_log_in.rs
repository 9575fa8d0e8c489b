//! A device with a password in a frame of another
//! page, under names other than localhost.

use std::path::{Path, PathBuf};

use browser_tests::Browser;
use test_support::{SOON, Server};

const PASSWORD: &str = "open sesame";
const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null";

/// Folder of servers' certificates.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("framed-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("cannot create the folder");
        Folder(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).into_os_string().into_string().expect("the path is not UTF-8")
    }

    /// Returns the options of a server with TLS.
    fn tls(&self, name: &str) -> [String; 7] {
        let [certificate, key] = ["pem", "key"].map(|kind| self.file(&format!("{name}.{kind}")));
        ["--addr", "https://127.0.0.1:0", "--tls-self-signed", "--tls-cert", &certificate, "--tls-key", &key]
            .map(str::to_owned)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a server whose page shows the device at `url` in a frame.
fn outer(folder: &Folder, name: &str, url: &str, more: &[String]) -> Server {
    let file = folder.file("outer.html");
    std::fs::write(
        &file,
        format!("<!doctype html><title>outer</title><iframe width=800 height=600 src='{url}'></iframe>"),
    )
    .expect("cannot write the file");
    let args = ["--app", "hello", "--allow-host", name, "--page", &file].map(str::to_owned);
    start(Server::with(&[]), &args, more)
}

fn start(builder: test_support::Builder, args: &[String], more: &[String]) -> Server {
    args.iter().chain(more).fold(builder, test_support::Builder::arg).start()
}

fn device(args: &[&str], more: &[String]) -> Server {
    let args: Vec<String> =
        ["--app", "workshop", "--name", "lamp"].iter().chain(args).map(|arg| (*arg).into()).collect();
    start(Server::with(&[]).variable("INSTEP_PASSWORD", PASSWORD), &args, more)
}

#[test]
fn cross_site_frame_without_tls_offers_new_window() {
    let folder = Folder::new("plain");
    let device = device(&["--allow-frame", "http://outer.test"], &[]);
    let outer = outer(&folder, "outer.test", "http://lamp.local/", &[]);
    let browser = Browser::with()
        .resolve("outer.test", outer.addr())
        .resolve("lamp.local", device.addr())
        .open("http://outer.test/");
    browser.enter_frame();
    browser.wait_until("document.getElementById('framed')?.hidden === false", SOON);
    assert_eq!(browser.eval("location.host + location.pathname"), "lamp.local/login");
    assert_eq!(
        browser.eval("document.forms[0].hidden"),
        true,
        "the frame offers a log-in that would be lost"
    );
    assert_eq!(browser.eval("document.getElementById('own').hidden"), false);
    browser.screenshot("log-in-framed");
    browser.run("document.querySelector('#own a').id = 'way-out'");
    browser.click("way-out");
    browser.leave_frame();
    browser.show_opened();
    browser.wait_until("document.getElementById('password') !== null", SOON);
    assert_eq!(browser.eval("document.getElementById('own').hidden"), true);
    assert_eq!(browser.eval("document.cookie"), "", "the trial cookie was not deleted");
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.eval("self === top"), true);
}

#[test]
fn same_site_frame_without_tls_works() {
    let folder = Folder::new("same");
    let device = device(&["--allow-frame", "http://dash.home.test", "--allow-host", "lamp.home.test"], &[]);
    let outer = outer(&folder, "dash.home.test", "http://lamp.home.test/", &[]);
    let browser = Browser::with()
        .resolve("dash.home.test", outer.addr())
        .resolve("lamp.home.test", device.addr())
        .open("http://dash.home.test/");
    browser.enter_frame();
    browser.wait_until("document.getElementById('own')?.hidden === false", SOON);
    assert_eq!(browser.eval("document.forms[0].hidden"), false, "the frame does not offer its log-in");
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.eval("self !== top"), true);
}

#[test]
fn cross_site_frame_over_tls_works_alone() {
    for allowed in [false, true] {
        let folder = Folder::new(&format!("tls-{allowed}"));
        let mut args = vec!["--allow-frame", "https://outer.test"];
        if allowed {
            args.extend(["--allow-origin", "https://outer.test"]);
        }
        let device = device(&args, &folder.tls("lamp"));
        let outer = outer(&folder, "outer.test", "https://lamp.local/", &folder.tls("outer"));
        let browser = Browser::with()
            .trust_certificates()
            .resolve("outer.test", outer.addr())
            .resolve("lamp.local", device.addr())
            .open("https://outer.test/");
        browser.enter_frame();
        browser.wait_until("document.getElementById('password') !== null", SOON);
        assert_eq!(browser.eval("document.querySelector('script')"), serde_json::Value::Null);
        browser.type_into("password", PASSWORD);
        browser.click("log-in");
        browser.wait_until(LIVE, SOON);
        assert_eq!(browser.eval("self !== top"), true);
        browser.click("control-led");
        device.wait_for_line(|line| line.contains(r#"{"label":"led","value":true"#), SOON);

        browser.leave_frame();
        browser.run(
            r#"window.out = {};
            const base = "https://lamp.local", credentials = "include";
            const say = async (key, act) => { try { out[key] = await act(); } catch (error) { out[key] = error.name; } };
            const ask = async (path, init) => (await fetch(base + path, { credentials, ...init })).type;
            (async () => {
              await say("read", () => ask("/properties"));
              await say("write", () => ask("/properties/led", {
                method: "PUT", body: "false", headers: { "Content-Type": "application/json" } }));
              await say("act", () => ask("/actions/blink", { method: "POST", mode: "no-cors" }));
              await say("logOut", () => ask("/logout", { method: "POST", mode: "no-cors" }));
              await say("events", () => new Promise((done) => {
                const events = new EventSource(base + "/events", { withCredentials: true });
                events.onopen = () => done("open");
                events.onerror = () => done("error");
              }));
              await say("socket", () => new Promise((done) => {
                const socket = new WebSocket("wss://lamp.local/ws");
                socket.onopen = () => done("open");
                socket.onerror = () => done("error");
              }));
              document.body.insertAdjacentHTML("beforeend",
                `<iframe name=hidden></iframe><form target=hidden method=post action="${base}/logout"></form>`);
              const frame = document.getElementsByName("hidden")[0];
              frame.onload = () => { window.done = true; };
              document.forms[0].submit();
            })();"#,
        );
        browser.wait_until("window.done", 2 * SOON);
        for (key, value) in [
            ("read", "TypeError"),
            ("write", "TypeError"),
            ("act", "opaque"),
            ("logOut", "opaque"),
            ("events", "error"),
            ("socket", "error"),
        ] {
            assert_eq!(browser.eval(&format!("window.out.{key}")), value, "{key}, allowed: {allowed}");
        }
        let received = device.lines().iter().filter(|line| line.contains("Received")).count();
        assert_eq!(received, 1, "{:?}", device.lines());
        assert!(!device.lines().iter().any(|line| line.contains("Logged out")));
        // Denied accesses of the page are reported on its console.
        browser.console();

        // The frame stays logged in, also after a reload, until it logs out itself.
        browser.run("document.querySelector('iframe').src += '?again'");
        browser.enter_frame();
        browser.wait_until(&format!("location.search === '?again' && {LIVE}"), SOON);
        browser.run("location.href = '/login'");
        browser.wait_until("document.getElementById('log-out') !== null", SOON);
        browser.click("log-out");
        browser.wait_until("document.getElementById('password') !== null", SOON);
        device.wait_for_line(|line| line.contains("Logged out"), SOON);
    }
}
