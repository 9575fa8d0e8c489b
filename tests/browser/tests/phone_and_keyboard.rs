//! The page on a phone, in dark mode, and without a mouse.

use browser_tests::Browser;
use test_support::{SOON, Server};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";

#[test]
fn page_fits_phone_in_dark_mode() {
    let server = Server::start(&["--app", "led-json"]);
    let phone = Browser::with().phone().dark().open(&format!("http://{}/", server.addr()));
    phone.wait_until(LIVE, SOON);
    phone.click("toggle");
    phone.wait_for_text("ledStatus", "LED ON");
    phone.screenshot("led-json-phone-dark");
    assert_eq!(phone.eval("innerWidth"), 390);
    assert_eq!(phone.eval("document.documentElement.scrollWidth <= innerWidth"), true, "it scrolls sideways");
    assert_eq!(
        phone.eval("document.getElementById('toggle').getBoundingClientRect().bottom <= innerHeight"),
        true
    );

    // In dark mode the text is lighter than the background.
    let lighter = "(() => {
        const style = getComputedStyle(document.body);
        const sum = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0);
        return sum(style.color) > sum(style.backgroundColor);
    })()";
    assert_eq!(phone.eval(lighter), true);
}

#[test]
fn page_works_with_keyboard_alone() {
    let server = Server::start(&["--app", "led-json"]);
    let page = Browser::open(&format!("http://{}/", server.addr()));
    page.wait_until(LIVE, SOON);
    page.press("\u{e004}"); // Tab
    assert_eq!(page.eval("document.activeElement.id"), "toggle");
    page.press(" ");
    page.wait_for_text("ledStatus", "LED ON");
    page.press("\u{e007}"); // Enter
    page.wait_for_text("ledStatus", "LED OFF");
    // Changes are announced by standard ARIA roles.
    assert_eq!(page.eval("document.getElementById('ledStatus').role"), "status");
    assert_eq!(page.eval("document.getElementById('message').role"), "status");
}
