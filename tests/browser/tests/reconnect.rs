//! The device loses its power and recovers.

use std::time::Duration;

use browser_tests::Browser;
use test_support::{SOON, Server};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";
const LOST: &str = "!document.getElementById('panel').classList.contains('live')";

/// Records in `window.live` the LED's text each time that the page became live.
const RECORD_LIVE: &str =
    "const [panel, led] = ['panel', 'ledStatus'].map((id) => document.getElementById(id));
    window.live = [];
    const look = () => { if (panel.classList.contains('live')) window.live.push(led.textContent); };
    new MutationObserver(look).observe(panel, { attributeFilter: ['class'] });";

/// Maximum retry interval of the page, and time for the attempt.
const RECONNECTED: Duration = Duration::from_secs(20);

#[test]
fn pages_reconnect_and_show_new_state() {
    let mut server = Server::start(&["--app", "led-json"]);
    let url = format!("http://{}/", server.addr());
    let pages = [Browser::open(&url), Browser::open(&url)];
    pages[0].wait_until(LIVE, SOON);
    pages[0].click("toggle");
    for page in &pages {
        page.wait_for_text("ledStatus", "LED ON");
    }

    server.kill();
    for page in &pages {
        page.wait_until(LOST, SOON);
        // It still shows the last known state, marked as old.
        assert_eq!(page.text("ledStatus"), "LED ON");
        assert_ne!(page.text("link"), "Live");
        page.run(RECORD_LIVE);
    }
    pages[0].screenshot("led-json-lost");
    assert!(pages[0].text("old").starts_with("Last known"), "{}", pages[0].text("old"));

    server.restart();
    for page in &pages {
        page.wait_until(LIVE, RECONNECTED);
        // A restarted device has its LED off. The old state was never shown as live, not even between the
        // connection and the first message.
        assert_eq!(page.eval("window.live.join(', ')"), "LED OFF");
    }
    pages[1].click("toggle");
    for page in &pages {
        page.wait_for_text("ledStatus", "LED ON");
    }
}

#[test]
fn command_while_disconnected_is_never_sent_later() {
    let mut server = Server::start(&["--app", "led-json"]);
    let page = Browser::open(&format!("http://{}/", server.addr()));
    page.wait_until(LIVE, SOON);
    server.kill();
    page.wait_until(LOST, SOON);

    // A mouse cannot press the button, and a script that does so nevertheless has no effect.
    assert_eq!(page.eval("document.getElementById('toggle').disabled"), true);
    page.run(
        "const b = document.getElementById('toggle'); b.click(); b.disabled = false; b.click(); b.onclick();",
    );

    server.restart();
    page.wait_until(LIVE, RECONNECTED);
    // A queued command would have been sent before this one.
    page.click("toggle");
    page.wait_for_text("ledStatus", "LED ON");
    let commands = server.lines().iter().filter(|line| line.contains("Received")).count();
    assert_eq!(commands, 1, "{:?}", server.lines());
}
