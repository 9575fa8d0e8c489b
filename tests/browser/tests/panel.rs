//! The panel of a Thing: each kind in two
//! browsers and on the device, and its errors.

use browser_tests::Browser;
use serde_json::{Value, json};
use std::time::Duration;
use test_support::{SOON, Server, WebSocket, target};

const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null";

/// Time limit for "at once": a second for a connection attempt, and a busy machine.
const AT_ONCE: Duration = Duration::from_secs(3);

#[track_caller]
fn open(server: &Server) -> Browser {
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(LIVE, SOON);
    browser
}

/// Another client, which receives the values of the device.
struct Peer(WebSocket);

impl Peer {
    fn connect(server: &Server) -> Self {
        Self(WebSocket::connect(server.addr(), "/ws"))
    }

    #[track_caller]
    fn sees(&mut self, label: &str, value: &Value) {
        self.0.read_text_until(|text| {
            let frame: Value = serde_json::from_str(text).expect("not JSON");
            frame["label"] == label && frame["value"] == *value
        });
    }

    fn send(&mut self, frame: &Value) {
        self.0.send_text(&frame.to_string());
    }
}

/// Moves a slider as a finger does that lets go at once.
#[track_caller]
fn slide(browser: &Browser, id: &str, value: i32) {
    browser.run(&format!(
        "const input = document.getElementById('{id}'); input.value = {value};
         input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change'));"
    ));
}

#[track_caller]
fn choose(browser: &Browser, id: &str, value: &str) {
    browser.run(&format!(
        "const input = document.getElementById('{id}'); input.value = '{value}'; input.dispatchEvent(new Event('change'));"
    ));
}

/// Waits until one of the lines of a card has this text.
#[track_caller]
fn hears(browser: &Browser, card: &str, line: &str) {
    let line = Value::from(line);
    browser.wait_until(
        &format!(
            "[...document.querySelectorAll('#card-{card} li span')].some((span) => span.textContent === {line})"
        ),
        SOON,
    );
}

#[test]
fn change_in_one_browser_shows_in_other_and_device() {
    let server = Server::start(&["--app", "workshop"]);
    let (one, other) = (open(&server), open(&server));
    let mut device = Peer::connect(&server);
    let is_on = |browser: &Browser, on: bool| {
        let state = "document.getElementById('control-led').getAttribute('aria-checked')";
        browser.wait_until(&format!("{state} === '{on}'"), SOON);
    };

    is_on(&one, false);
    one.click("control-led");
    is_on(&one, true);
    is_on(&other, true);
    device.sees("led", &json!(true));
    server.expect_line("LED ON");

    slide(&other, "control-brightness", 70);
    device.sees("brightness", &json!(70));
    for browser in [&one, &other] {
        browser.wait_until("document.getElementById('control-brightness').value === '70'", SOON);
        browser.wait_until("/^70.?%$/.test(document.getElementById('value-brightness').textContent)", SOON);
    }

    choose(&one, "control-mode", "night");
    device.sees("mode", &json!("night"));
    other.wait_until("document.getElementById('control-mode').value === 'night'", SOON);
    hears(&other, "lines", "It is night now");

    one.run("document.getElementById('control-name').value = ''");
    one.type_into("control-name", "<b>Shed</b>");
    one.click("control-name-send");
    device.sees("name", &json!("<b>Shed</b>"));
    other.wait_until("document.getElementById('control-name').value === '<b>Shed</b>'", SOON);

    slide(&one, "control-speed", -30);
    for browser in [&one, &other] {
        browser.wait_until("document.getElementById('value-turning').classList.contains('on')", SOON);
    }

    let said = "<img src=x onerror=alert(1)>";
    other.type_into("control-say", said);
    other.press("\u{e007}");
    device.sees("said", &json!(said));
    hears(&one, "said", said);
    hears(&other, "said", said);
    other.wait_until("document.getElementById('control-say').value === ''", SOON);

    one.click("control-blink");
    one.wait_until("document.getElementById('control-blink').classList.contains('done')", SOON);
    one.wait_until("document.getElementById('control-blink').textContent === 'Blink'", SOON);
    device.sees("lines", &json!({"severity": "debug", "message": "It blinks"}));
    hears(&other, "lines", "It blinks");
    assert_eq!(one.eval("document.querySelectorAll('main img').length"), 0, "text became markup");
}

#[test]
fn device_values_show_in_every_browser_with_history() {
    let server = Server::start(&["--app", "workshop"]);
    let (one, other) = (open(&server), open(&server));
    for browser in [&one, &other] {
        // Its temperature changes, its door opens and closes, and it writes its log.
        browser.wait_until(
            "/^\\d+[.,]\\d/.test(document.getElementById('value-temperature').textContent)",
            SOON,
        );
        browser.wait_until("document.getElementById('value-door').classList.contains('on')", 2 * SOON);
        browser.wait_until("document.querySelector('#card-lines li.warning') !== null", SOON);
    }
    // Earlier measurements are there with the page.
    one.goto(&format!("http://{}/", server.addr()));
    one.wait_until(
        "(document.querySelector('#card-temperature .line')?.getAttribute('d') ?? '').split('L').length > 7",
        Duration::from_secs(5),
    );
}

#[test]
fn refusal_is_shown_at_its_control_which_resets() {
    let server = Server::start(&["--app", "workshop"]);
    let (one, other) = (open(&server), open(&server));
    one.run("document.getElementById('control-brightness').max = 200");
    slide(&one, "control-brightness", 150);
    one.wait_until("document.getElementById('problem-brightness').textContent.includes('100')", SOON);
    one.wait_until("document.getElementById('control-brightness').value === '50'", SOON);
    // The application itself refuses, too.
    one.run(
        "const name = document.getElementById('control-name');
         name.value = ''; name.dispatchEvent(new Event('input'));",
    );
    one.click("control-name-send");
    one.wait_for_text("problem-name", "the name must not be empty");
    one.wait_until("document.getElementById('control-name').value === 'Workshop'", SOON);
    one.click("control-blink");
    other.click("control-blink");
    other.wait_for_text("problem-blink", "it blinks already");
    assert_eq!(other.text("problem-name"), "", "another browser shows the refusal");
    one.screenshot("panel-refused");
}

#[test]
fn moving_slider_converges_with_limited_requests() {
    let server = Server::start(&["--app", "workshop"]);
    let (one, other) = (open(&server), open(&server));
    // A finger that moves for two seconds, 60 times a second.
    one.run(
        "window.sent = 0; const send = WebSocket.prototype.send;
         WebSocket.prototype.send = function (data) { window.sent += 1; return send.call(this, data); };
         const input = document.getElementById('control-brightness');
         input.dispatchEvent(new Event('pointerdown'));
         window.jumps = 0; let step = 0, last = 50;
         const timer = setInterval(() => {
           if (Number(input.value) !== last) window.jumps += 1;
           last = 50 + Math.round(40 * Math.sin(step / 5));
           input.value = last;
           input.dispatchEvent(new Event('input'));
           if (++step === 120) {
             clearInterval(timer);
             input.value = 13;
             input.dispatchEvent(new Event('input'));
             input.dispatchEvent(new Event('pointerup'));
             window.moved = true;
           }
         }, 1000 / 60);",
    );
    one.wait_until("window.moved === true", 2 * SOON);
    for browser in [&one, &other] {
        browser.wait_until("document.getElementById('control-brightness').value === '13'", SOON);
    }
    assert_eq!(one.eval("window.jumps"), 0, "the slider jumped under the finger");
    let sent = one.eval("window.sent").as_u64().expect("not a count");
    assert!((2..=90).contains(&sent), "{sent} writes for 121 positions");
    let mut device = Peer::connect(&server);
    device.sees("brightness", &json!(13));
}

#[test]
fn slider_is_filled_from_zero_inside_range() {
    let server = Server::start(&["--app", "workshop"]);
    let browser = open(&server);
    let filled = |name: &str, value: i32, from: &str, to: &str| {
        slide(&browser, &format!("control-{name}"), value);
        let input = format!("getComputedStyle(document.getElementById('control-{name}'))");
        let part = |end: &str| browser.eval(&format!("{input}.getPropertyValue('--{end}')"));
        assert_eq!((part("from"), part("to")), (json!(from), json!(to)), "{name} at {value}");
        let track = browser.eval(&format!("{input}.getPropertyValue('--track')"));
        let track = track.as_str().expect("not a text").to_owned();
        assert!(track.contains(&format!(" {from}, ")) && track.contains(&format!(" {to}, ")), "{track}");
    };
    filled("speed", 50, "50%", "75%");
    filled("speed", 100, "50%", "100%");
    filled("speed", 0, "50%", "50%");
    filled("speed", -100, "0%", "50%");
    filled("speed", -50, "25%", "50%");
    filled("brightness", 0, "0%", "0%");
    filled("brightness", 70, "0%", "70%");
    browser.wait_until("/^-50.?%$/.test(document.getElementById('value-speed').textContent)", SOON);
    browser.run("document.getElementById('card-speed').scrollIntoView()");
    browser.screenshot("panel-below-zero");
}

#[test]
fn disconnected_panel_says_so_and_is_disabled() {
    let mut server = Server::start(&["--app", "workshop"]);
    let (one, other) = (open(&server), open(&server));
    one.click("control-led");
    server.expect_line("LED ON");
    server.kill();
    for browser in [&one, &other] {
        browser.wait_until("document.body.classList.contains('stale')", SOON);
        browser.wait_until(
            "[...document.querySelectorAll('[id^=control-]:is(button, input, .select select)')].every((input) => input.disabled)",
            SOON,
        );
        browser.wait_until(
            "document.getElementById('state').textContent.includes('These values are from')",
            SOON,
        );
    }
    one.screenshot("panel-stale");
    server.restart();
    for browser in [&one, &other] {
        browser.wait_until(LIVE, 3 * SOON);
        // The device starts with its lamp off, independent of the page.
        browser.wait_until(
            "document.getElementById('control-led').getAttribute('aria-checked') === 'false' && !document.getElementById('control-led').disabled",
            SOON,
        );
    }
}

#[test]
fn all_pages_converge_after_restart_under_load() {
    let mut server = Server::start(&["--app", "workshop"]);
    let (one, other) = (open(&server), open(&server));
    let load = |server: &Server, level: u32| {
        let mut peer = Peer::connect(server);
        for step in 0..500 {
            peer.send(&json!({"label": "brightness", "value": (level + step) % 101}));
        }
        peer
    };
    drop(load(&server, 0));
    server.kill();
    server.restart();
    // Returning pages meet the load, and show the device's state in the end.
    let mut peer = load(&server, 7);
    peer.send(&json!({"label": "brightness", "value": 77}));
    for browser in [&one, &other] {
        browser.wait_until(LIVE, 3 * SOON);
        browser.wait_until("document.getElementById('control-brightness').value === '77'", SOON);
    }
    peer.sees("brightness", &json!(77));
}

#[test]
fn panel_of_frozen_device_is_stale_within_15_s() {
    let server = Server::start(&["--app", "workshop"]);
    let browser = open(&server);
    server.freeze();
    browser.wait_until("document.body.classList.contains('stale')", Duration::from_secs(15));
    server.thaw();
    browser.wait_until(LIVE, 3 * SOON);
}

#[test]
fn hidden_tab_catches_up_at_once_when_shown() {
    let server = Server::start(&["--app", "workshop"]);
    let browser = open(&server);
    let page = browser.tab();
    browser.new_tab();
    let mut device = Peer::connect(&server);
    for level in 1..=40 {
        device.send(&json!({"label": "brightness", "value": level}));
    }
    device.sees("brightness", &json!(40));
    browser.show(&page);
    browser.wait_until("document.getElementById('control-brightness').value === '40'", AT_ONCE);
}

#[test]
fn hidden_tab_reconnects_at_once_when_shown() {
    let mut server = Server::start(&["--app", "workshop"]);
    let browser = open(&server);
    browser.click("control-led");
    server.expect_line("LED ON");
    let page = browser.tab();
    browser.new_tab();
    server.kill();
    // So long that the page's retry interval grows.
    std::thread::sleep(Duration::from_secs(12));
    server.restart();
    let mut device = Peer::connect(&server);
    device.send(&json!({"label": "brightness", "value": 9}));
    device.sees("brightness", &json!(9));
    browser.show(&page);
    browser.wait_until(
        &format!(
            "{LIVE} && document.getElementById('control-brightness').value === '9'
             && document.getElementById('control-led').getAttribute('aria-checked') === 'false'"
        ),
        AT_ONCE,
    );
}

#[test]
fn panel_says_that_device_is_full() {
    // The limit is an option on Linux, and fixed on a device.
    let (clients, options): (_, &[_]) =
        if target().port.is_none() { (1, &["--limit", "clients=1"]) } else { (target().clients, &[]) };
    let server = Server::start(&[&["--app", "workshop"], options].concat());
    let peers: Vec<_> = (0..clients).map(|_| Peer::connect(&server)).collect();
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(
        "document.getElementById('state').textContent.startsWith('Too many pages of this device are open')",
        SOON,
    );
    drop(peers);
    browser.wait_until(LIVE, 3 * SOON);
}
