//! Several browsers on one device show the same at the same time.

use browser_tests::Browser;
use test_support::{SOON, Server, WebSocket};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";

#[test]
fn two_browsers_show_changes_of_either() {
    let server = Server::start(&["--app", "led-json"]);
    let url = format!("http://{}/", server.addr());
    let (one, other) = (Browser::open(&url), Browser::open(&url));
    for browser in [&one, &other] {
        browser.wait_until(LIVE, SOON);
        browser.wait_for_text("ledStatus", "LED OFF");
    }

    one.click("toggle");
    one.wait_for_text("ledStatus", "LED ON");
    other.wait_for_text("ledStatus", "LED ON");
    one.screenshot("led-json-on");
    assert_eq!(one.text("link"), "Live");

    other.click("toggle");
    one.wait_for_text("ledStatus", "LED OFF");
    other.wait_for_text("ledStatus", "LED OFF");
    other.screenshot("led-json-off");
    assert_eq!(other.text("ledStatus"), "LED OFF");

    for line in ["[1] Received: toggle", "LED ON", "[2] Received: toggle", "LED OFF"] {
        server.expect_line(line);
    }
}

#[test]
fn late_browser_shows_state_at_once() {
    let server = Server::start(&["--app", "led-json"]);
    let mut first = WebSocket::connect(server.addr(), "/ws");
    first.send_text("toggle");
    first.read_text_until(|text| text == r#"{"label":"ledStatus","value":"LED ON"}"#);

    let later = Browser::open(&format!("http://{}/", server.addr()));
    later.wait_until(LIVE, SOON);
    // Not polled, because the page must be right from the moment it calls itself live.
    assert_eq!(later.text("ledStatus"), "LED ON");
}

#[test]
fn count_on_page_goes_on() {
    let server = Server::start(&["--app", "led-json"]);
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until("document.getElementById('countData').textContent >= 2", SOON);
    browser.run("window.firstCount = Number(document.getElementById('countData').textContent)");
    browser.wait_until(
        "Number(document.getElementById('countData').textContent) >= window.firstCount + 2",
        SOON,
    );
}
