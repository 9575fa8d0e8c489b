//! The page of each application.

use browser_tests::Browser;
use test_support::{SOON, Server};

/// The `message` element of our pages begins
/// with this word once they are connected.
const CONNECTED: &str = "document.getElementById('message').textContent.startsWith('Connected.')";

fn open(server: &Server) -> Browser {
    Browser::open(&format!("http://{}/", server.addr()))
}

#[test]
fn hello_page_shows_greeting() {
    let server = Server::start(&["--app", "hello"]);
    let page = open(&server);
    assert_eq!(page.eval("document.querySelector('h1').textContent"), "Hello, world!");
}

#[test]
fn toggle_page_switches_led() {
    let server = Server::start(&["--app", "toggle"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    page.click("toggle");
    server.expect_line("[1] Received: toggle");
    server.expect_line("LED ON");
    page.click("toggle");
    server.expect_line("LED OFF");
}

#[test]
fn led_plain_pages_stay_in_step() {
    let server = Server::start(&["--app", "led-plain"]);
    let pages = [open(&server), open(&server)];
    for page in &pages {
        page.wait_until(CONNECTED, SOON);
        page.wait_for_text("state", "OFF");
    }
    pages[0].click("toggle-btn");
    for page in &pages {
        page.wait_for_text("state", "ON");
        assert_eq!(page.eval("document.getElementById('toggle-btn').checked"), true);
    }
    pages[0].screenshot("led-plain");
    assert_eq!(pages[0].text("state"), "ON");
}

#[test]
fn led_words_page_shows_answers() {
    let server = Server::start(&["--app", "led-words"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    page.click("on");
    page.wait_for_text("answer", "LED is now ON");
    page.click("off");
    page.wait_for_text("answer", "LED is now OFF");
}

#[test]
fn led_state_page_shows_pin_level() {
    let server = Server::start(&["--app", "led-state"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    page.wait_for_text("state", "LOW");
    page.click("button");
    page.wait_for_text("state", "HIGH");
}

#[test]
fn soft_ap_page_shows_messages_as_text() {
    let server = Server::start(&["--app", "soft-ap"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    // Received bytes are shown as text, never run.
    let text = "<img src=x onerror=window.run=1>";
    page.type_into("text", text);
    page.click("send");
    page.wait_until("document.getElementById('log').lastChild?.textContent.startsWith('← ')", SOON);
    assert_eq!(page.eval("document.getElementById('log').lastChild.textContent"), format!("← {text}"));
    assert_eq!(page.eval("document.querySelectorAll('#log img').length"), 0);

    page.click("binary");
    page.type_into("text", "lamp");
    page.click("send");
    page.wait_until(
        "document.getElementById('log').lastChild.textContent === '← 4 bytes: 6c 61 6d 70'",
        SOON,
    );
    page.screenshot("soft-ap");
    assert_eq!(page.eval("window.run === undefined"), true);

    page.goto(&format!("http://{}/any/path/at/all", server.addr()));
    assert_eq!(page.eval("document.body.innerText"), "path/at/all");
}
