//! A page that opens later shows the last events, each
//! once, also after a reconnect or a restart of the device.

use browser_tests::Browser;
use serde_json::{Value, json};
use test_support::{SOON, Server};

const LIVE: &str = "document.body.dataset.state === 'live' && document.getElementById('card-said') !== null";
const LOST: &str = "document.body.classList.contains('stale')";

#[track_caller]
fn open(server: &Server) -> Browser {
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(LIVE, SOON);
    browser
}

#[track_caller]
fn say(browser: &Browser, text: &str) {
    browser.run("document.getElementById('control-say').value = ''");
    browser.type_into("control-say", text);
    browser.press("\u{e007}");
    browser.wait_until("document.getElementById('control-say').value === ''", SOON);
}

/// The lines on the card.
const LINES: &str = "[...document.querySelectorAll('#card-said li span')].map((span) => span.textContent)";

/// Waits until the card shows exactly these lines.
#[track_caller]
fn shows(browser: &Browser, lines: &[&str]) {
    let wanted = Value::from(json!(lines).to_string());
    browser.wait_until(&format!("JSON.stringify({LINES}) === {wanted}"), SOON);
}

#[test]
fn late_page_shows_past_chat_lines_once() {
    let mut server = Server::start(&["--app", "chat"]);
    let one = open(&server);
    let anew = "<i>anew</i>";
    for text in ["one", "two", anew] {
        say(&one, text);
    }
    let other = open(&server);
    for browser in [&one, &other] {
        shows(browser, &["one", "two", anew]);
    }
    // A page that was connected knows the time of an event. Replayed events have no time.
    let times =
        "[...document.querySelectorAll('#card-said time')].map((time) => time.dateTime !== '').join()";
    assert_eq!((one.eval(times), other.eval(times)), (json!("true,true,true"), json!("false,false,false")));
    say(&other, "four");
    for browser in [&one, &other] {
        shows(browser, &["one", "two", anew, "four"]);
    }
    assert_eq!(other.eval(times), "false,false,false,true");
    other.screenshot("panel-backlog");

    // Only the page's connection is lost. On the new one everything is replayed, with the events in between.
    one.run(
        "window.lost = false;
         const look = () => { window.lost ||= document.body.dataset.state !== 'live'; };
         new MutationObserver(look).observe(document.body, { attributeFilter: ['data-state'] });
         window.dispatchEvent(new Event('pagehide'));",
    );
    say(&other, "five");
    one.wait_until("window.lost", SOON);
    for browser in [&one, &other] {
        browser.wait_until(LIVE, 3 * SOON);
        shows(browser, &["one", "two", anew, "four", "five"]);
    }
    // An event behind the replayed ones shows that all have arrived.
    say(&one, "six");
    for browser in [&one, &other] {
        shows(browser, &["one", "two", anew, "four", "five", "six"]);
    }

    // The device restarts and repeats its first events, whose numbers the page knows already.
    server.kill();
    for browser in [&one, &other] {
        browser.wait_until(LOST, SOON);
    }
    server.restart();
    other.wait_until(LIVE, 3 * SOON);
    say(&other, "one");
    one.wait_until(LIVE, 3 * SOON);
    say(&one, "two");
    for browser in [&one, &other] {
        shows(browser, &["one", "two", anew, "four", "five", "six", "one", "two"]);
    }
    let late = open(&server);
    shows(&late, &["one", "two"]);
}

#[test]
fn own_page_gets_each_event_once() {
    let mut server = Server::start(&["--app", "chat"]);
    let one = open(&server);
    say(&one, "a");
    let other = open(&server);
    other.run(
        "window.received = []; window.connections = 0;
         import('./instep.js').then(({ connect }) => {
           window.thing = connect();
           thing.on('thing', () => { window.connections += 1; });
           thing.on('said', (value, { seq }) => { window.received.push(`${seq} ${value}`); });
         });",
    );
    let received = |wanted: &str| {
        other.wait_until(
            &format!("window.received.join() === '{wanted}' && window.thing.state === 'live'"),
            3 * SOON,
        );
    };
    received("1 a");
    say(&one, "b");
    received("1 a,2 b");
    for connections in 2..4 {
        other.run("window.dispatchEvent(new Event('pagehide'))");
        other.wait_until(&format!("window.connections === {connections}"), 3 * SOON);
        received("1 a,2 b");
    }
    server.kill();
    one.wait_until(LOST, SOON);
    server.restart();
    one.wait_until(LIVE, 3 * SOON);
    say(&one, "c");
    received("1 a,2 b,1 c");
}
