//! A page of another server that uses a device by fetch,
//! events, the device's own script and a WebSocket.

use std::path::Path;

use browser_tests::Browser;
use test_support::{SOON, Server};

const PASSWORD: &str = "open sesame";

/// Page that performs all kinds of access in order.
///
/// Each entry of `out` is the result of one.
const PAGE: &str = r#"<!doctype html><meta charset=utf-8><title>elsewhere</title><script type=module>
const base = "http://lamp.local", out = (window.out = {});
const say = async (key, act) => { try { out[key] = await act(); } catch (error) { out[key] = `${error.name}`; } };
const headers = location.hash ? { Authorization: `Bearer ${decodeURIComponent(location.hash.slice(1))}` } : {};
const ask = async (path, init = {}) => {
  const response = await fetch(base + path, { ...init, headers: { ...headers, ...init.headers } });
  return `${response.status} ${!init.method && path === "/properties/led" ? await response.text() : ""}`.trim();
};
const json = { "Content-Type": "application/json" };
await say("put", () => ask("/properties/led", { method: "PUT", headers: json, body: "true" }));
await say("get", () => ask("/properties/led"));
await say("post", () => ask("/actions/blink", { method: "POST" }));
await say("wrong", () => ask("/properties/brightness", { method: "PUT", headers: json, body: "1000" }));
await say("allow", async () => (await fetch(`${base}/properties/temperature`, { method: "PUT", headers })).headers.get("Allow"));
await say("description", () => ask("/.well-known/wot"));
await say("etag", async () => (await fetch(`${base}/.well-known/wot`, { headers })).headers.get("ETag")?.length > 8);
await say("history", () => ask("/properties/temperature/history"));
await say("cookie", async () => (await fetch(`${base}/properties/led`, { credentials: "include" })).status);
await say("form", async () => (await fetch(`${base}/actions/blink`, { method: "POST", mode: "no-cors" })).type);
await say("events", () => new Promise((resolve) => {
  const events = new EventSource(`${base}/events`);
  events.onmessage = ({ data }) => { events.close(); resolve(JSON.parse(data).label); };
  events.onerror = () => { events.close(); resolve("error"); };
}));
await say("socket", () => new Promise((resolve) => {
  const socket = new WebSocket("ws://lamp.local/ws");
  socket.onmessage = ({ data }) => { socket.close(); resolve(JSON.parse(data).label); };
  socket.onerror = () => resolve("error");
}));
let script;
await say("script", async () => { script = await import(`${base}/instep.js`); return "imported"; });
// If the device is behind a log-in, the page uses its own copy.
script ??= await import("./instep.js");
await say("connect", () => new Promise((resolve) => {
  const thing = script.connect("ws://lamp.local/ws");
  const settled = () => thing.state === "live" || ["password", "refused", "sign-in"].includes(thing.reason);
  thing.onstate = () => { if (settled()) { thing.close = () => {}; resolve(`${thing.state} ${thing.reason}`.trim()); } };
}));
window.done = true;
</script>"#;

fn open(device: &Server, hash: &str) -> (Server, Browser) {
    let file =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("elsewhere-{}.html", device.addr().port()));
    std::fs::write(&file, PAGE).expect("cannot write the file");
    let file = file.to_str().expect("the path is not UTF-8");
    // The outer server has the script at the same address, like a site with a copy of it.
    let outer = Server::start(&["--app", "workshop", "--allow-host", "panel.test", "--page", file]);
    let browser = Browser::with()
        .resolve("panel.test", outer.addr())
        .resolve("lamp.local", device.addr())
        .open(&format!("http://panel.test/{hash}"));
    browser.wait_until("window.done", 2 * SOON);
    // Denied accesses are reported on the console, and nothing else is.
    for entry in browser.console() {
        let blocked = ["blocked by CORS policy", "Failed to load resource", "WebSocket connection"];
        assert!(blocked.iter().any(|text| entry.contains(text)), "{entry}");
    }
    (outer, browser)
}

#[track_caller]
fn expect(browser: &Browser, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        let found = browser.eval(&format!("String(window.out.{key})"));
        assert_eq!(found, *value, "{key} of {}", browser.eval("JSON.stringify(window.out)"));
    }
}

const WORKSHOP: [&str; 4] = ["--app", "workshop", "--name", "lamp"];

#[test]
fn allowed_page_may_use_everything() {
    let device = Server::start(&[&WORKSHOP[..], &["--allow-origin", "http://panel.test"]].concat());
    let (_outer, browser) = open(&device, "");
    expect(
        &browser,
        &[
            ("put", "204"),
            ("get", "200 true"),
            ("post", "204"),
            ("wrong", "422"),
            ("allow", "GET, HEAD"),
            ("description", "200"),
            ("etag", "true"),
            ("history", "200"),
            // Requests with the cookie are not even sent.
            ("cookie", "TypeError"),
            ("events", "thing"),
            ("socket", "thing"),
            ("script", "imported"),
            ("connect", "live"),
        ],
    );
}

#[test]
fn allowed_page_has_no_session_behind_password() {
    let args = [&WORKSHOP[..], &["--allow-origin", "http://panel.test"]].concat();
    let device = Server::with(&args).variable("INSTEP_PASSWORD", PASSWORD).start();
    let (_outer, browser) = open(&device, "");
    let expected = [
        ("put", "401"),
        ("post", "401"),
        ("events", "error"),
        ("socket", "error"),
        ("script", "TypeError"),
        ("connect", "waiting password"),
    ];
    let body = browser.eval("window.out.get");
    assert!(body.as_str().is_some_and(|text| text.starts_with("401 ")), "{body}");
    expect(&browser, &expected);

    // It sends the password with each request.
    let (_outer, browser) = open(&device, "#open%20sesame");
    expect(
        &browser,
        &[("put", "204"), ("get", "200 true"), ("wrong", "422"), ("connect", "waiting password")],
    );
}

#[test]
fn page_of_other_origin_can_neither_act_nor_read() {
    let device = Server::start(&WORKSHOP);
    let (_outer, browser) = open(&device, "");
    expect(
        &browser,
        &[
            ("put", "TypeError"),
            ("get", "TypeError"),
            ("post", "TypeError"),
            ("description", "TypeError"),
            // It was sent, and rejected.
            ("form", "opaque"),
            ("events", "error"),
            ("socket", "error"),
            ("script", "TypeError"),
            ("connect", "waiting refused"),
        ],
    );
    assert!(!device.lines().iter().any(|line| line.contains("Received")), "{:?}", device.lines());
}
