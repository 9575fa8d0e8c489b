//! Accessibility of the panel: axe-core, the order of the focus, and announcements.

use browser_tests::Browser;
use test_support::{SOON, Server};

const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null";

#[test]
fn panel_passes_axe_in_every_state_light_and_dark() {
    let mut server = Server::start(&["--app", "workshop"]);
    let url = format!("http://{}/", server.addr());
    let day = Browser::open(&url);
    let night = Browser::with().phone().dark().open(&url);
    for (browser, name) in [(&day, "day"), (&night, "night")] {
        browser.wait_until(LIVE, SOON);
        // With a value on, and a problem shown.
        browser.wait_until("!!document.querySelector('#card-temperature .line')?.getAttribute('d')", SOON);
        browser.run(
            "const input = document.getElementById('control-brightness'); input.max = 200; input.value = 150;
             input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change'));",
        );
        browser.wait_until("document.getElementById('problem-brightness').textContent !== ''", SOON);
        // A point of the chart is read out, and a text is being edited.
        browser.run(
            "document.getElementById('chart-temperature').dispatchEvent(new KeyboardEvent('keydown', { key: 'Home' }));
             const name = document.getElementById('control-name'); name.value += '!'; name.dispatchEvent(new Event('input'));",
        );
        browser.wait_until(
            "document.querySelector('#card-temperature figcaption output').textContent !== ''",
            SOON,
        );
        assert_eq!(browser.findings(), [""; 0], "{name}");
        browser.screenshot(&format!("panel-{name}"));
        assert_eq!(
            browser.eval("document.documentElement.scrollWidth <= innerWidth"),
            true,
            "{name}: it scrolls sideways"
        );
    }
    server.kill();
    for (browser, name) in [(&day, "day"), (&night, "night")] {
        browser.wait_until("document.body.classList.contains('stale')", SOON);
        assert_eq!(browser.findings(), [""; 0], "{name}, out of step");
    }
}

#[test]
fn focus_order_and_keyboard_reach_every_control() {
    let server = Server::start(&["--app", "workshop"]);
    let page = Browser::open(&format!("http://{}/", server.addr()));
    page.wait_until(LIVE, SOON);
    page.wait_until("!document.getElementById('control-led').disabled", SOON);
    // The chart can be focused as soon as it has values.
    page.wait_until("document.getElementById('chart-temperature')?.getClientRects().length > 0", SOON);
    let mut order = Vec::new();
    for _ in 0..7 {
        page.press("\u{e004}"); // Tab
        order.push(page.eval("document.activeElement.id").as_str().unwrap_or_default().to_owned());
    }
    let expected = [
        "control-led",
        "control-brightness",
        "control-blink",
        "control-speed",
        "chart-temperature",
        "control-mode",
        "control-name",
    ];
    assert_eq!(order, expected);
    page.run("document.getElementById('control-led').focus()");
    page.press(" ");
    server.expect_line("LED ON");
    page.wait_until("document.getElementById('control-led').getAttribute('aria-checked') === 'true'", SOON);
    page.run("document.getElementById('control-brightness').focus()");
    page.press("\u{e014}"); // right
    page.wait_until("document.getElementById('control-brightness').value === '51'", SOON);
    // Changes are announced by standard ARIA roles.
    assert_eq!(page.eval("document.getElementById('state').role"), "status");
    assert_eq!(page.eval("document.getElementById('problem-led').role"), "alert");
    assert_eq!(page.eval("document.getElementById('control-lines').role"), "log");
}
