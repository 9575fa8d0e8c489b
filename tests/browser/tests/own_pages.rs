//! The page that each application brings along.

use browser_tests::Browser;
use test_support::{SOON, Server};

/// Our pages say so in the element `message`, which begins with this word.
const CONNECTED: &str = "document.getElementById('message').textContent.startsWith('Connected.')";

fn open(server: &Server) -> Browser {
    Browser::open(&format!("http://{}/", server.addr()))
}

#[test]
fn hello() {
    let server = Server::start(&["--app", "hello"]);
    let page = open(&server);
    assert_eq!(page.eval("document.querySelector('h1').textContent"), "Hello, world!");
}

#[test]
fn toggle() {
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
fn led_plain() {
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
fn led_words() {
    let server = Server::start(&["--app", "led-words"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    page.click("on");
    page.wait_for_text("answer", "LED is now ON");
    page.click("off");
    page.wait_for_text("answer", "LED is now OFF");
}

#[test]
fn led_state() {
    let server = Server::start(&["--app", "led-state"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    page.wait_for_text("state", "LOW");
    page.click("button");
    page.wait_for_text("state", "HIGH");
}

#[test]
fn soft_ap() {
    let server = Server::start(&["--app", "soft-ap"]);
    let page = open(&server);
    page.wait_until(CONNECTED, SOON);
    // What comes from outside is shown as text, never run.
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
