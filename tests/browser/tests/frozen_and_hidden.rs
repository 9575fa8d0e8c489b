//! The device falls silent without a close frame
//! while the page is visible or hidden.

use std::time::Duration;

use browser_tests::Browser;
use test_support::{SOON, Server, WebSocket};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";
const STALE: &str = "!document.getElementById('panel').classList.contains('live')";

/// Records in `window.seen` each change of the tab's visibility.
const RECORD_VISIBILITY: &str = "window.seen = [document.visibilityState];
    document.addEventListener('visibilitychange', () => window.seen.push(document.visibilityState));";

/// Records in `window.links` each state of the connection that the page shows.
const RECORD_LINK: &str = "const link = document.getElementById('link');
    window.links = [link.textContent];
    new MutationObserver(() => window.links.push(link.textContent)).observe(link, { childList: true });";

#[test]
fn page_reports_frozen_device_within_15_s_and_recovers() {
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
    // The command takes effect when the device goes on, so the state changes while the pages are disconnected.
    other.send_text("toggle");

    server.thaw();
    front.wait_until(LIVE, Duration::from_secs(20));
    front.wait_for_text("ledStatus", "LED ON");

    // The hidden tab is up to date soon after it is shown.
    behind.show(&hidden);
    behind.wait_until(LIVE, Duration::from_secs(5));
    behind.wait_for_text("ledStatus", "LED ON");
    assert_eq!(behind.eval("window.seen.join(' ')"), "visible hidden visible");
    let links = behind.eval("window.links.join(', ')");
    assert!(links.as_str().is_some_and(|links| links.contains("Not connected")), "{links}");
}

#[test]
fn hidden_tab_is_up_to_date_when_shown_again() {
    let mut server = Server::start(&["--app", "led-json"]);
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(LIVE, SOON);
    browser.run(RECORD_VISIBILITY);
    let hidden = browser.tab();
    let front = browser.new_tab();

    // A change while it is hidden, but connected.
    let mut other = WebSocket::connect(server.addr(), "/ws");
    other.send_text("toggle");
    other.read_text_until(|text| text.contains("LED ON"));
    browser.show(&hidden);
    browser.wait_until(LIVE, Duration::from_secs(2));
    browser.wait_for_text("ledStatus", "LED ON");

    // While it is hidden, the device is gone so long that the page's retry interval grows.
    // Shown again, the page retries at once.
    browser.show(&front);
    server.kill();
    std::thread::sleep(Duration::from_secs(12));
    server.restart();
    browser.show(&hidden);
    browser.wait_until(LIVE, Duration::from_secs(2));
    assert_eq!(browser.text("ledStatus"), "LED OFF");
    assert_eq!(browser.eval("window.seen.join(' ')"), "visible hidden visible hidden visible");
}
