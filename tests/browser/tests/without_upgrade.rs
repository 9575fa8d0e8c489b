//! Behind a proxy that forwards no WebSocket, pages go on by Server-Sent Events and
//! REST, without a visible difference.

#[path = "../../../crates/instep-tokio/tests/in_process/mod.rs"]
mod in_process;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use browser_tests::{Browser, Proxy, Upgrade};
use in_process::serve;
use instep::{App, Device, Limits};
use instep_panel::PANEL;
use instep_tokio::SocketLimits;
use serde_json::json;
use test_support::{SOON, Server, WebSocket, wait_until};

const LIVE: &str = "document.body.dataset.state === 'live' && document.getElementById('card-led') !== null";
const ON: &str = "document.getElementById('control-led').getAttribute('aria-checked') === 'true'";

/// Creates `window.thing`, and records states in `window.states` and the values of
/// some labels in `window.received`.
const CONNECT: &str = "window.received = []; window.states = [];
    import('./instep.js').then(({ connect }) => {
      window.thing = connect();
      thing.onstate = () => states.push(thing.state + (thing.reason ? ' ' + thing.reason : ''));
      for (const label of ['led', 'brightness', 'said', 'missed', 'tick']) {
        thing.on(label, (value, frame) => received.push([label, value, frame.seq].filter((part) => part !== undefined).join(' ')));
      }
    });";

/// Calls the Thing, and returns the outcome of the promise.
fn call(browser: &Browser, call: &str) -> String {
    browser.run(&format!(
        "window.came = null;
         {call}.then((value) => {{ window.came = 'done ' + JSON.stringify(value); }},
                     (error) => {{ window.came = error.name + ' ' + error.code + ' ' + error.label; }});"
    ));
    browser.wait_until("window.came !== null", 2 * SOON);
    browser.eval("window.came").as_str().expect("not a text").to_owned()
}

fn url(proxy: &Proxy) -> String {
    format!("http://{}/", proxy.addr)
}

#[test]
fn panel_works_behind_proxy_without_upgrade() {
    let server = Server::start(&["--app", "workshop"]);
    let mut other = WebSocket::connect(server.addr(), "/ws");
    for upgrade in [Upgrade::IsDropped, Upgrade::IsRefused] {
        let proxy = Proxy::start(server.addr(), upgrade);
        let browser = Browser::open(&url(&proxy));
        browser.wait_until(LIVE, SOON);
        assert_eq!((browser.text("state").as_str(), proxy.sockets(), proxy.streams()), ("Connected", 0, 1));
        browser.click("control-led");
        browser.wait_until(ON, SOON);
        // The switch shows the requested state before the device confirms it.
        other.read_text_until(|text| text == r#"{"label":"led","value":true}"#);
        other.send_text(r#"{"label":"led","value":false}"#);
        browser.wait_until(&format!("!({ON})"), SOON);
        browser.type_into("control-say", "hello");
        browser.press("\u{e007}");
        browser.wait_until(
            "document.querySelector('#card-said li:last-child span')?.textContent === 'hello'",
            SOON,
        );
        browser.screenshot("panel-without-websocket");
    }
}

#[test]
fn own_page_gets_same_answers_without_websocket() {
    let server = Server::start(&["--app", "workshop"]);
    let (without, with) =
        (Proxy::start(server.addr(), Upgrade::IsDropped), Proxy::start(server.addr(), Upgrade::Passes));
    let open = |proxy: &Proxy| {
        let browser = Browser::open(&url(proxy));
        browser.run(CONNECT);
        browser.wait_until("window.thing?.state === 'live'", SOON);
        browser
    };
    let (without, with) = (open(&without), open(&with));
    for asked in [
        "thing.set('led', true)",
        "thing.set('brightness', 101)",
        "thing.set('brightness', 'x')",
        "thing.set('temperature', 1)",
        "thing.set('nothing', 1)",
        "thing.set('led')",
        "thing.set('name', '')",
        "thing.set('../properties/led', true)",
        "thing.invoke('say', 'a/b?c')",
        "thing.invoke('blink')",
        "thing.invoke('blink', 3)",
        "thing.invoke('nothing')",
        "thing.slide('brightness', 30)",
        "Promise.all([thing.set('led', true), thing.set('led', false), thing.set('led', true)]).then(() => received.filter((one) => one.startsWith('led')).at(-1))",
    ] {
        let expected = call(&with, asked);
        assert_eq!(call(&without, asked), expected, "{asked}");
    }
    // A frame sent by hand comes back as by a WebSocket.
    for browser in [&without, &with] {
        browser.run("window.messages = []; thing.onmessage = (data) => messages.push(data); thing.send('{\"label\":\"led\",\"value\":false,\"id\":\"x\"}')");
        browser.run("window.sent = thing.send('{\"label\":\"led\",\"value\":false,\"id\":77}')");
        browser.wait_until("messages.includes('{\"label\":\"ok\",\"id\":77}')", SOON);
    }
    assert_eq!(without.eval("thing.send('toggle')"), false, "a frame was accepted without a WebSocket");
}

#[test]
fn write_is_done_only_after_stream_delivers_value() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&url(&proxy));
    browser.run(CONNECT);
    browser.wait_until("window.thing?.state === 'live'", SOON);
    for number in 51..54 {
        proxy.hold();
        browser.run(&format!(
            "window.done = null; thing.set('brightness', {number}).then(() => {{ window.done = received.filter((one) => one.startsWith('brightness')).at(-1); }});"
        ));
        server.expect_line(&format!(
            "[HTTP] Received: {{\"label\":\"brightness\",\"value\":{number},\"id\":0}}"
        ));
        let reads = "fetch('properties/brightness').then((answer) => answer.json())
            .then((value) => { window.read = value; })";
        browser.run(reads);
        browser.wait_until(&format!("window.read === {number}"), SOON);
        // The answer of the PUT has arrived by now, because it was requested earlier.
        assert_eq!(browser.eval("window.done"), json!(null), "done before the stream delivered the value");
        proxy.release();
        browser.wait_until(&format!("window.done === 'brightness {number}'"), SOON);
    }
}

/// Waits until the proxy has these numbers of open WebSockets and streams.
#[track_caller]
fn carries(proxy: &Proxy, wanted: (usize, usize)) {
    wait_until(
        6 * SOON,
        || (proxy.sockets(), proxy.streams()) == wanted,
        || format!("{} {}", proxy.sockets(), proxy.streams()),
    );
}

#[test]
fn unreachable_differs_from_no_upgrade_and_recovers() {
    let mut server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&url(&proxy));
    browser.wait_until(LIVE, SOON);
    browser.click("control-led");
    browser.wait_until(ON, SOON);
    server.kill();
    let reads = |text: &str| format!("document.getElementById('state').textContent.startsWith('{text}')");
    browser.wait_until(&reads("The connection was lost."), SOON);
    browser.wait_until(&reads("The device cannot be reached."), SOON);
    server.restart();
    browser.wait_until(LIVE, 4 * SOON);
    browser.wait_until(&format!("!({ON})"), SOON);
    assert_eq!(proxy.streams(), 1);
    // When the device falls silent, the stream does so, too.
    server.freeze();
    browser.wait_until(&reads("The device does not answer any more."), 2 * SOON);
    server.thaw();
    browser.wait_until(LIVE, 4 * SOON);
}

#[test]
fn plain_endpoint_has_no_stream_and_page_says_why() {
    let server = Server::start(&["--app", "led-json"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&url(&proxy));
    browser.wait_for_text("message", "A proxy before the device lets no WebSocket through.");
    proxy.upgrade(Upgrade::Passes);
    browser.wait_until("document.getElementById('panel').classList.contains('live')", 2 * SOON);
    // An endpoint beside the Thing's has none either.
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&format!("{}healthz", url(&proxy)));
    browser.run("import('./instep.js').then(({ connect }) => { window.thing = connect('/other'); });");
    browser.wait_until("window.thing?.reason === 'unreachable'", SOON);
    assert_eq!(proxy.streams_begun(), 0);
}

#[test]
fn unanswered_upgrade_only_delays_connection() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsForgotten);
    let browser = Browser::open(&url(&proxy));
    browser.wait_until(LIVE, 4 * SOON);
    assert_eq!(proxy.streams(), 1);
    // The attempt beside the stream times out, too, and another one is made.
    proxy.upgrade(Upgrade::Passes);
    carries(&proxy, (1, 0));
}

#[test]
fn full_device_keeps_stream_until_slot_is_free() {
    let server = Server::start(&["--app", "workshop", "--limit", "clients=2"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let other = WebSocket::connect(server.addr(), "/ws");
    let browser = Browser::open(&url(&proxy));
    browser.wait_until(LIVE, SOON);
    proxy.upgrade(Upgrade::Passes);
    let refused = || server.lines().iter().filter(|line| line.contains("all 2 places are taken")).count();
    wait_until(2 * SOON, || refused() >= 2, || "no WebSocket was tried");
    assert_eq!((browser.eval(LIVE), proxy.streams()), (json!(true), 1));
    browser.click("control-led");
    browser.wait_until(ON, SOON);
    drop(other);
    carries(&proxy, (1, 0));
    assert_eq!(browser.eval(LIVE), true);
    browser.click("control-led");
    browser.wait_until(&format!("!({ON})"), SOON);
}

#[test]
fn log_in_without_websocket_uses_cookie() {
    let server = Server::with(&["--app", "workshop"]).variable("INSTEP_PASSWORD", "sesame").start();
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let browser = Browser::open(&url(&proxy));
    browser.type_into("password", "sesame");
    browser.click("log-in");
    browser.wait_until(LIVE, SOON);
    browser.click("control-led");
    browser.wait_until(ON, SOON);
    browser.run("fetch('logout', { method: 'POST' })");
    browser.wait_until(
        "document.getElementById('state').textContent.startsWith('The device asks for its password.')",
        SOON,
    );
    assert_eq!(browser.eval("document.getElementById('in').hidden"), false);
    carries(&proxy, (0, 0));
}

#[test]
fn events_with_backlog_arrive_once_on_any_transport() {
    let server = Server::start(&["--app", "workshop"]);
    let proxy = Proxy::start(server.addr(), Upgrade::IsDropped);
    let mut other = WebSocket::connect(server.addr(), "/ws");
    let mut say = |text: &str| other.send_text(&json!({ "label": "say", "value": text }).to_string());
    let browser = Browser::open(&format!("{}healthz", url(&proxy)));
    say("before");
    server.expect_line("[1] Received: {\"label\":\"say\",\"value\":\"before\"}");
    browser.run(CONNECT);
    let received = |wanted: &str| {
        let said = "received.filter((one) => one.startsWith('said') || one.startsWith('missed')).map((one) => one.split(' ')[1]).join(' ')";
        browser.wait_until(&format!("{said} === '{wanted}' && thing.state === 'live'"), 4 * SOON);
    };
    received("before");
    say("one");
    received("before one");
    // The stream begins anew.
    let lost = "dispatchEvent(new Event('pagehide'))";
    browser.run(lost);
    say("two");
    received("before one two");
    proxy.upgrade(Upgrade::Passes);
    carries(&proxy, (1, 0));
    say("three");
    received("before one two three");
    // And vice versa.
    proxy.upgrade(Upgrade::IsDropped);
    browser.run(lost);
    say("four");
    received("before one two three four");
    carries(&proxy, (0, 1));
}

instep::thing! {
    /// A Thing that counts, without a backlog.
    pub Counter: "Counter", commands Command {
        led => Led: switch { title: "Lamp" },
        tick: event { title: "Tick" },
    }
}

static APP: App = App::new("counter", "for tests").thing(&Counter::THING).pages(&PANEL);

/// Publishes a number every few milliseconds, until `ended`.
fn count(device: &'static Device, ended: &AtomicBool) {
    let counter = Counter::new(device);
    for number in 0_u32.. {
        if ended.load(Ordering::Relaxed) {
            return;
        }
        counter.tick(number);
        // Sometimes the same twice, which only a count can distinguish from once.
        thread::sleep(Duration::from_millis(if number % 5 == 0 { 0 } else { 7 }));
    }
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Numbers in `window.received` that do not
/// follow the one before, counting missed ones.
const GAPS: &str = "(() => {
    let next = null, gaps = [];
    for (const one of received) {
      const [label, value] = one.split(' ');
      if (label === 'missed') next += Number(value);
      if (label !== 'tick') continue;
      if (next !== null && Number(value) !== next) gaps.push(`${value} for ${next}`);
      next = Number(value) + 1;
    }
    return gaps.join(', ');
  })()";

#[test]
fn switch_to_websocket_repeats_no_event() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| count(server.device(), &ended));
        // Ends the thread even if the test fails.
        let _end = End(&ended);
        for delay in [0, 40, 300].map(Duration::from_millis) {
            let proxy = Proxy::start(server.addr, Upgrade::IsDropped);
            let browser = Browser::open(&url(&proxy));
            // The panel there has a stream of its own.
            browser.run(CONNECT);
            browser.wait_until("window.thing?.state === 'live'", SOON);
            browser.wait_until("received.length > 100", SOON);
            assert_eq!((proxy.sockets(), proxy.streams()), (0, 2));
            browser.run("window.states.length = 0");
            proxy.delay(delay);
            proxy.upgrade(Upgrade::Passes);
            carries(&proxy, (2, 0));
            let received = browser.eval("received.length");
            browser.wait_until(&format!("received.length > {received} + 200"), SOON);
            assert_eq!(browser.eval(GAPS), "");
            assert_eq!(browser.eval("received.some((one) => one.startsWith('missed'))"), false);
            assert_eq!(browser.eval("window.states.join()"), "", "the connection was interrupted");
        }
    });
}
