//! A browser has six connections to a device.
//!
//! Without WebSocket, its pages leave some of them for commands.

#[path = "../../../crates/instep-tokio/tests/in_process/mod.rs"]
mod in_process;

use browser_tests::{Browser, Proxy, Tab, Upgrade};
use in_process::serve;
use instep::{App, Limits};
use instep_panel::PANEL;
use instep_tokio::SocketLimits;
use serde_json::json;
use std::time::Instant;
use test_support::{SOON, Server, WebSocket, wait_until};

/// Number of pages of a browser that have a
/// stream, as docs/reference/javascript.md says.
const STREAMS: usize = 4;
/// More pages than a browser has connections.
const PAGES: usize = 8;

const LIVE: &str = "document.body.dataset.state === 'live' && document.getElementById('card-led') !== null";
const WAITS: &str = "document.getElementById('state')?.textContent.startsWith('This browser has too many pages of this device open.')";
const VISIBLE: &str = "document.visibilityState === 'visible'";

/// Waits until the proxy has `wanted` streams.
#[track_caller]
fn streams(proxy: &Proxy, wanted: usize) {
    wait_until(
        3 * SOON,
        || proxy.streams() == wanted,
        || format!("{} streams, not {wanted}", proxy.streams()),
    );
}

#[test]
fn four_of_eight_windows_have_streams_and_all_send() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let url = format!("http://{}/", proxy.addr);
    let browser = Browser::open(&url);
    let mut windows = vec![browser.tab()];
    while windows.len() < PAGES {
        let live = windows.len() <= STREAMS;
        browser.wait_until(if live { LIVE } else { WAITS }, 2 * SOON);
        windows.push(browser.new_window());
        browser.goto(&url);
    }
    browser.wait_until(WAITS, 2 * SOON);
    browser.screenshot("panel-enough-pages");
    streams(&proxy, STREAMS);
    for (number, window) in windows.iter().enumerate() {
        browser.look_at(window);
        assert_eq!(browser.eval(VISIBLE), true, "window {number}");
        browser.wait_until(if number < STREAMS { LIVE } else { WAITS }, SOON);
        // Each has a connection left for a request.
        browser.run("window.read = null; fetch('properties/led', { cache: 'no-store' }).then((answer) => answer.json()).then((value) => { window.read = value; });");
        browser.wait_until("window.read !== null", SOON);
    }
    for (number, window) in windows[..STREAMS].iter().enumerate() {
        browser.look_at(window);
        let on = number % 2 == 0;
        browser.click("control-led");
        for window in &windows[..STREAMS] {
            browser.look_at(window);
            browser.wait_until(
                &format!("document.getElementById('control-led').getAttribute('aria-checked') === '{on}'"),
                SOON,
            );
        }
    }
    // A closed window makes room for another.
    browser.look_at(&windows[1]);
    browser.close_tab();
    let waiting = || {
        let waits = |window: &Tab| {
            browser.look_at(window);
            browser.eval(LIVE) != true
        };
        windows[STREAMS..].iter().filter(|window| waits(window)).count()
    };
    let deadline = Instant::now() + SOON;
    while waiting() != PAGES - STREAMS - 1 {
        assert!(Instant::now() < deadline, "{} wait", waiting());
    }
    streams(&proxy, STREAMS);
}

#[test]
fn hidden_page_has_no_stream_and_catches_up_when_shown() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let url = format!("http://{}/", proxy.addr);
    let browser = Browser::open(&url);
    let first = browser.tab();
    browser.wait_until(LIVE, SOON);
    browser.run(
        "window.states = []; window.retries = [];
         const retry = document.getElementById('retry');
         new MutationObserver(() => states.push(document.body.dataset.state))
           .observe(document.body, { attributeFilter: ['data-state'] });
         new MutationObserver(() => retries.push(retry.textContent)).observe(retry, { childList: true });",
    );
    let mut other = WebSocket::connect(server.addr(), "/ws");
    // Any number of tabs, of which one is visible.
    for _ in 0..PAGES {
        browser.new_tab();
        streams(&proxy, 0);
        browser.goto(&url);
        browser.wait_until(LIVE, SOON);
        streams(&proxy, 1);
    }
    other.send_text(r#"{"label":"led","value":true}"#);
    other.send_text(r#"{"label":"say","value":"meanwhile"}"#);
    browser.wait_until(
        "document.querySelector('#card-said li:last-child span')?.textContent === 'meanwhile'",
        SOON,
    );
    browser.show(&first);
    browser.wait_until(LIVE, SOON);
    // Its wait had no known end.
    assert_eq!(browser.eval("window.states.slice(0, 2).join()"), "waiting,connecting");
    assert_eq!(
        browser.eval("window.retries.every((retry) => retry === '' || retry === 'Trying again …')"),
        true
    );
    streams(&proxy, 1);
    browser
        .wait_until("document.getElementById('control-led').getAttribute('aria-checked') === 'true'", SOON);
    let said = "[...document.querySelectorAll('#card-said li span')].filter((line) => line.textContent === 'meanwhile').length";
    browser.wait_until(&format!("{said} === 1"), SOON);
}

#[test]
fn request_before_page_is_hidden_is_answered() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&format!("http://{}/", proxy.addr));
    browser.wait_until(LIVE, SOON);
    let first = browser.tab();
    // Blinking takes a second.
    browser.click("control-blink");
    browser.new_tab();
    server.expect_line("[HTTP] Received: {\"label\":\"blink\",\"id\":0}");
    assert_eq!(proxy.streams(), 1);
    streams(&proxy, 0);
    browser.show(&first);
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.text("problem-blink"), "");
}

#[test]
fn stream_reopened_at_once_keeps_its_slot() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&format!("http://{}/healthz", proxy.addr));
    browser.run(
        "window.states = [];
         import('./instep.js').then(({ connect }) => {
           window.thing = connect('ws', { staleAfter: 0 });
           thing.onstate = () => states.push(thing.state + ' ' + thing.reason);
         });",
    );
    for begun in 1..4 {
        browser.wait_until("window.thing?.state === 'live'", SOON);
        assert_eq!((proxy.streams(), proxy.streams_begun()), (1, begun));
        // Without keep-alives the page reconnects when the network is back.
        browser.run("dispatchEvent(new Event('online'))");
        browser.wait_until("window.thing.state !== 'live'", SOON);
    }
    assert_eq!(
        browser.eval("states.filter((state) => state.startsWith('waiting')).length"),
        1,
        "the page waited more than once"
    );
}

instep::thing! {
    /// A Thing without a backlog.
    pub Bell: "Bell", commands Command {
        led => Led: switch { title: "Lamp" },
        ring: event { title: "Ring" },
    }
}

static APP: App = App::new("bell", "for tests").thing(&Bell::THING).pages(&PANEL);

#[test]
fn returning_stream_gets_missed_event_count() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let proxy = Proxy::start(server.addr, Upgrade::IsDropped);
    let browser = Browser::open(&format!("http://{}/", proxy.addr));
    browser.wait_until(LIVE, SOON);
    let bell = Bell::new(server.device());
    bell.ring(1);
    browser.wait_until("document.querySelectorAll('#card-ring li').length === 1", SOON);
    let first = browser.tab();
    browser.new_tab();
    streams(&proxy, 0);
    for number in 2..5 {
        bell.ring(number);
    }
    browser.show(&first);
    browser.wait_until(LIVE, SOON);
    browser.wait_for_text("missed", "3 missed");
    bell.ring(5);
    browser.wait_until("document.querySelectorAll('#card-ring li').length === 2", SOON);
    assert_eq!(
        browser.eval("[...document.querySelectorAll('#card-ring li span')].map((line) => line.textContent)"),
        json!(["1", "5"])
    );
    // Events that a WebSocket brought meanwhile were not missed.
    proxy.upgrade(Upgrade::Passes);
    streams(&proxy, 0);
    bell.ring(6);
    browser.wait_until("document.querySelectorAll('#card-ring li').length === 3", SOON);
    proxy.upgrade(Upgrade::IsDropped);
    browser.run("document.getElementById('missed').textContent = ''; dispatchEvent(new Event('pagehide'))");
    streams(&proxy, 1);
    browser.wait_until(LIVE, SOON);
    bell.ring(7);
    browser.wait_until("document.querySelectorAll('#card-ring li').length === 4", SOON);
    assert_eq!(browser.text("missed"), "");
}
