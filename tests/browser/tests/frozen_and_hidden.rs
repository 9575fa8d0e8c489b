//! The device falls silent without a word, and nobody looks at the page meanwhile.

use std::time::Duration;

use browser_tests::Browser;
use test_support::{SOON, Server, WebSocket};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";
const STALE: &str = "!document.getElementById('panel').classList.contains('live')";

/// Keeps in `window.seen` whether the tab was visible, each time that changed.
const RECORD_VISIBILITY: &str = "window.seen = [document.visibilityState];
    document.addEventListener('visibilitychange', () => window.seen.push(document.visibilityState));";

/// Keeps in `window.links` what the page said of its connection, each time that changed.
const RECORD_LINK: &str = "const link = document.getElementById('link');
    window.links = [link.textContent];
    new MutationObserver(() => window.links.push(link.textContent)).observe(link, { childList: true });";

#[test]
fn a_page_in_front_of_a_frozen_device_says_so_within_15_s_and_is_right_again_after() {
    let server = Server::start(&["--app", "led-json"]);
    let mut other = WebSocket::connect(server.addr(), "/ws");
    let url = format!("http://{}/", server.addr());
    let (front, behind) = (Browser::open(&url), Browser::open(&url));
    front.wait_until(LIVE, SOON);
    behind.wait_until(LIVE, SOON);
    behind.run(RECORD_VISIBILITY);
    behind.run(RECORD_LINK);
    let hidden = behind.tab();
    behind.new_tab();

    server.freeze();
    front.wait_until(STALE, Duration::from_secs(15));
    assert_ne!(front.text("link"), "Live");
    front.screenshot("led-json-frozen");
    assert_eq!(front.text("message"), "The device has stopped answering.");
    // A hidden tab has its timers only once a second or so: it needs some time more.
    std::thread::sleep(Duration::from_secs(4));
    // It reaches the device when that goes on: the state changes while the pages are away.
    other.send_text("toggle");

    server.thaw();
    front.wait_until(LIVE, Duration::from_secs(20));
    front.wait_for_text("ledStatus", "LED ON");

    // The tab that nobody saw meanwhile: it was hidden, and is right soon after it is shown.
    behind.show(&hidden);
    behind.wait_until(LIVE, Duration::from_secs(5));
    behind.wait_for_text("ledStatus", "LED ON");
    assert_eq!(behind.eval("window.seen.join(' ')"), "visible hidden visible");
    let links = behind.eval("window.links.join(', ')");
    assert!(links.as_str().is_some_and(|links| links.contains("Not connected")), "{links}");
}

#[test]
fn a_hidden_tab_is_right_when_it_is_shown_again() {
    let mut server = Server::start(&["--app", "led-json"]);
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(LIVE, SOON);
    browser.run(RECORD_VISIBILITY);
    let hidden = browser.tab();
    let front = browser.new_tab();

    // What happens while it is hidden, but connected.
    let mut other = WebSocket::connect(server.addr(), "/ws");
    other.send_text("toggle");
    other.read_text_until(|text| text.contains("LED ON"));
    browser.show(&hidden);
    browser.wait_until(LIVE, Duration::from_secs(2));
    browser.wait_for_text("ledStatus", "LED ON");

    // While it is hidden the device is away, so long that the page waits longer and longer between
    // its attempts. Shown again it does not wait any more.
    browser.show(&front);
    server.kill();
    std::thread::sleep(Duration::from_secs(12));
    server.restart();
    browser.show(&hidden);
    browser.wait_until(LIVE, Duration::from_secs(2));
    assert_eq!(browser.text("ledStatus"), "LED OFF");
    assert_eq!(browser.eval("window.seen.join(' ')"), "visible hidden visible hidden visible");
}
