//! The log on the panel: its filter, its search, and its pause.

use browser_tests::Browser;
use serde_json::{Value, json};
use test_support::{SOON, Server, WebSocket};

/// Text of each visible line.
const SEEN: &str = "[...document.querySelectorAll('#card-lines li')]
    .filter((line) => line.getClientRects().length > 0).map((line) => line.querySelector('span').textContent)";

fn open() -> (Server, Browser, WebSocket) {
    let server = Server::start(&["--app", "workshop"]);
    let page = Browser::open(&format!("http://{}/", server.addr()));
    page.wait_until(
        "document.body.dataset.state === 'live' && document.getElementById('filter-lines') !== null",
        SOON,
    );
    let peer = WebSocket::connect(server.addr(), "/ws");
    (server, page, peer)
}

/// Makes the device log its mode at `info`.
#[track_caller]
fn log_mode(peer: &mut WebSocket, mode: &str) {
    peer.send_text(&json!({"label": "mode", "value": mode}).to_string());
    let line = format!("It is {mode} now");
    peer.read_text_until(|text| {
        let frame: Value = serde_json::from_str(text).expect("not JSON");
        frame["label"] == "lines" && frame["value"]["message"] == *line
    });
}

#[track_caller]
fn choose(page: &Browser, severity: &str) {
    page.run(&format!(
        "const filter = document.getElementById('filter-lines');
         filter.value = '{severity}'; filter.dispatchEvent(new Event('change'));"
    ));
}

#[track_caller]
fn sees(page: &Browser, line: &str, seen: bool) {
    page.wait_until(&format!("{SEEN}.includes({}) === {seen}", Value::from(line)), SOON);
}

#[test]
fn log_lines_below_severity_are_hidden_and_come_back() {
    let (_server, page, mut peer) = open();
    peer.send_text(&json!({"label": "blink"}).to_string());
    log_mode(&mut peer, "night");
    sees(&page, "It is night now", true);
    sees(&page, "It blinks", false); // at `debug`, which is hidden by default
    choose(&page, "debug");
    sees(&page, "It blinks", true);
    sees(&page, "It is night now", true);
    page.wait_until("document.querySelector('#card-lines li.warning') !== null", 3 * SOON);
    choose(&page, "warning");
    sees(&page, "The door is open", true);
    sees(&page, "It is night now", false);
    log_mode(&mut peer, "away");
    choose(&page, "error");
    page.wait_until(&format!("{SEEN}.length === 0"), SOON);
    choose(&page, "info");
    sees(&page, "It is away now", true);
    sees(&page, "It is night now", true);
    sees(&page, "It blinks", false);
}

#[test]
fn log_lines_wait_and_are_counted_while_paused() {
    let (_server, page, mut peer) = open();
    log_mode(&mut peer, "night");
    sees(&page, "It is night now", true);
    page.click("pause-lines");
    page.wait_until("document.getElementById('pause-lines').textContent.startsWith('Resume (')", SOON);
    log_mode(&mut peer, "away");
    log_mode(&mut peer, "day");
    // The door may add lines of its own.
    page.wait_until("parseInt(document.getElementById('pause-lines').textContent.match(/\\d+/)) >= 2", SOON);
    assert_eq!(
        page.eval(&format!("{SEEN}.includes('It is away now')")),
        false,
        "a line was shown during the pause"
    );
    page.click("pause-lines");
    page.wait_for_text("pause-lines", "Pause");
    let order = page.eval(&format!("{SEEN}.filter((line) => line.startsWith('It is'))"));
    assert_eq!(order, json!(["It is night now", "It is away now", "It is day now"]));
    log_mode(&mut peer, "night");
    page.wait_until(&format!("{SEEN}.filter((line) => line === 'It is night now').length === 2"), SOON);
}

#[test]
fn log_is_searched_and_cleared() {
    let (_server, page, mut peer) = open();
    log_mode(&mut peer, "night");
    log_mode(&mut peer, "away");
    sees(&page, "It is away now", true);
    page.type_into("search-lines", "NIGHT");
    sees(&page, "It is night now", true);
    sees(&page, "It is away now", false);
    // New lines are searched, too.
    log_mode(&mut peer, "day");
    log_mode(&mut peer, "night");
    page.wait_until(&format!("{SEEN}.length === 2"), SOON);
    assert_eq!(page.eval(SEEN), json!(["It is night now", "It is night now"]));
    page.press(&"\u{e003}".repeat(5)); // Backspace
    sees(&page, "It is day now", true);
    sees(&page, "It is away now", true);

    // Waiting lines are cleared, too.
    page.click("pause-lines");
    log_mode(&mut peer, "away");
    page.wait_until("parseInt(document.getElementById('pause-lines').textContent.match(/\\d+/)) >= 1", SOON);
    page.click("clear-lines");
    page.wait_until(&format!("{SEEN}.length === 0"), SOON);
    page.click("pause-lines");
    log_mode(&mut peer, "day");
    sees(&page, "It is day now", true);
    assert_eq!(page.eval(&format!("{SEEN}.includes('It is away now')")), false, "a cleared line was shown");
}
