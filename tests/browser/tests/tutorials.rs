//! Pages in the style of the tutorials, served unedited: `ws://`,
//! the host name without a port, `/ws`, and a fixed timer of 2 s.
//! For the browser everything is on port 80 of `lamp.test`.

use std::path::Path;
use std::time::Duration;

use browser_tests::{Browser, tutorial_page};
use test_support::{SOON, Server};

/// Time limit for a reconnect: the page's own timer of 2 s, and a busy machine.
const RECONNECTED: Duration = Duration::from_secs(8);

fn serve(app: &str) -> Server {
    Server::start(&["--app", app, "--allow-host", "lamp.test", "--page", &tutorial_page(app)])
}

/// Opens the page in two browsers, connected;
/// `socket` is the name of the page's variable.
fn two_browsers(server: &Server, socket: &str) -> [Browser; 2] {
    let open = || Browser::with().resolve("lamp.test", server.addr()).open("http://lamp.test/");
    let browsers = [open(), open()];
    wait_until_connected(&browsers, socket, SOON);
    browsers
}

fn wait_until_connected(browsers: &[Browser], socket: &str, within: Duration) {
    for browser in browsers {
        browser.wait_until(&format!("{socket} && {socket}.readyState === WebSocket.OPEN"), within);
    }
}

fn all_read(browsers: &[Browser], id: &str, text: &str) {
    for browser in browsers {
        browser.wait_for_text(id, text);
    }
}

/// Restarts the device. The pages must notice, and reconnect by themselves.
fn off_and_on(server: &mut Server, browsers: &[Browser], socket: &str) {
    server.kill();
    for browser in browsers {
        browser.wait_until(&format!("{socket}.readyState !== WebSocket.OPEN"), SOON);
    }
    server.restart();
    wait_until_connected(browsers, socket, RECONNECTED);
}

#[test]
fn led_plain_tutorial_page_works() {
    let mut server = serve("led-plain");
    let pages = two_browsers(&server, "socket");
    all_read(&pages, "state", "OFF");

    pages[0].click("toggle-btn");
    all_read(&pages, "state", "ON");
    assert_eq!(pages[1].eval("document.getElementById('toggle-btn').checked"), true);
    pages[0].screenshot("tutorial-led-plain");
    assert_eq!(pages[0].text("state"), "ON");

    // Filled in by the device before any script has run.
    pages[1].goto("http://lamp.test/");
    assert_eq!(pages[1].text("state"), "ON");
    assert_eq!(pages[1].eval("document.getElementById('toggle-btn').hasAttribute('checked')"), true);
    wait_until_connected(&pages, "socket", SOON);

    off_and_on(&mut server, &pages, "socket");
    all_read(&pages, "state", "OFF");
    pages[1].click("toggle-btn");
    all_read(&pages, "state", "ON");
}

#[test]
fn led_json_tutorial_page_works() {
    let mut server = serve("led-json");
    let pages = two_browsers(&server, "webSocket");
    all_read(&pages, "ledStatus", "LED OFF");

    pages[0].click("toggle");
    all_read(&pages, "ledStatus", "LED ON");
    for page in &pages {
        page.wait_until("Number(document.getElementById('countData').textContent) >= 1", SOON);
    }
    pages[0].screenshot("tutorial-led-json");
    assert_eq!(pages[0].text("ledStatus"), "LED ON");

    off_and_on(&mut server, &pages, "webSocket");
    all_read(&pages, "ledStatus", "LED OFF");
    pages[1].click("toggle");
    all_read(&pages, "ledStatus", "LED ON");
}

#[test]
fn led_words_tutorial_page_works() {
    let mut server = serve("led-words");
    let pages = two_browsers(&server, "webSocket");
    words(&mut server, &pages);
}

/// The page on port 80 and the socket on 81, for
/// a library that cannot share a port.
#[test]
fn led_words_tutorial_page_works_on_two_ports() {
    let page = std::fs::read_to_string(tutorial_page("led-words")).expect("cannot read the page");
    let edited = page.replace("window.location.hostname + '/ws'", "window.location.hostname + ':81/ws'");
    assert_ne!(edited, page, "the page does not name its socket as expected");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("led-words-81.html");
    std::fs::write(&file, edited).expect("cannot write the file");
    let file = file.to_str().expect("the path is not UTF-8");

    let mut args = vec!["--app", "led-words", "--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0"];
    args.extend(["--allow-host", "lamp.test", "--allow-origin", "http://lamp.test", "--page", file]);
    let mut server = Server::start(&args);
    let [http, websocket] = server.addrs() else { panic!("not two addresses: {:?}", server.addrs()) };
    let open = || {
        let rules = Browser::with().resolve("lamp.test:80", *http).resolve("lamp.test:81", *websocket);
        rules.open("http://lamp.test/")
    };
    let pages = [open(), open()];
    wait_until_connected(&pages, "webSocket", SOON);
    assert_eq!(pages[0].eval("webSocket.url"), "ws://lamp.test:81/ws");
    words(&mut server, &pages);
}

fn words(server: &mut Server, pages: &[Browser; 2]) {
    // A new client gets no message.
    all_read(pages, "answer", "");

    pages[0].click("on");
    all_read(pages, "answer", "LED is now ON");
    pages[0].screenshot("tutorial-led-words");
    assert_eq!(pages[0].text("answer"), "LED is now ON");
    pages[1].click("off");
    all_read(pages, "answer", "LED is now OFF");

    off_and_on(server, pages, "webSocket");
    // The sender gets an answer even if nothing changed, because the LED is off when the device starts.
    pages[0].run("document.getElementById('answer').textContent = ''");
    pages[0].click("off");
    all_read(pages, "answer", "LED is now OFF");
    pages[1].click("on");
    all_read(pages, "answer", "LED is now ON");
}

#[test]
fn led_state_tutorial_page_works() {
    let mut server = serve("led-state");
    let pages = two_browsers(&server, "websocket");
    all_read(&pages, "state", "LOW");
    // A greeting is logged and not answered, because the page would take an answer for a state.
    server.expect_line("[1] Received: Hello from the page");

    pages[0].click("button");
    all_read(&pages, "state", "HIGH");
    pages[0].screenshot("tutorial-led-state");
    assert_eq!(pages[0].text("state"), "HIGH");
    pages[1].goto("http://lamp.test/");
    assert_eq!(pages[1].text("state"), "HIGH");
    wait_until_connected(&pages, "websocket", SOON);

    off_and_on(&mut server, &pages, "websocket");
    all_read(&pages, "state", "LOW");
    pages[1].click("button");
    all_read(&pages, "state", "HIGH");
}
