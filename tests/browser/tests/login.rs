//! The log-in in a real browser: its page needs no
//! script, and its cookie is sent with the WebSocket.

use browser_tests::Browser;
use test_support::{SOON, Server};

const PASSWORD: &str = "öpen sesame & more+";
const LIVE: &str = "document.querySelector('main').classList.contains('live')";

#[test]
fn person_logs_in_uses_device_and_logs_out() {
    let server = Server::with(&["--app", "led-json"]).variable("INSTEP_PASSWORD", PASSWORD).start();
    let home = format!("http://{}/", server.addr());
    let browser = Browser::open(&format!("{home}?from=a+link"));
    assert_eq!(browser.eval("location.pathname"), "/login");
    assert_eq!(browser.eval("document.activeElement.id"), "password", "the password field is not focused");
    assert_eq!(browser.eval("document.querySelector('label').control.id"), "password");
    assert_eq!(
        browser.eval("getComputedStyle(document.querySelector('main')).borderRadius"),
        "24px",
        "the style was not applied"
    );
    browser.screenshot("log-in");

    browser.type_into("password", "close sesame");
    browser.click("log-in");
    browser.wait_until("document.querySelector('[role=alert]')?.textContent === 'Wrong password.'", SOON);
    browser.screenshot("log-in-wrong");
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until("location.pathname === '/'", SOON);
    assert_eq!(
        browser.eval("location.search"),
        "?from=a+link",
        "the log-in does not lead back to the requested page"
    );
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.eval("document.cookie"), "", "a script can read the session");
    browser.click("toggle");
    browser.wait_for_text("ledStatus", "LED ON");
    server.expect_line("[1] Received: toggle");

    let page = browser.tab();
    browser.new_tab();
    browser.goto(&format!("{home}login"));
    assert_eq!(browser.eval("document.querySelector('h1').textContent"), "You are logged in");
    browser.screenshot("logged-in");
    browser.click("log-out");
    browser.wait_until("document.getElementById('password') !== null", SOON);
    server.expect_line("[1] Closed with 1008: its log-in has ended");
    let refused = |entry: &String| entry.contains("Content Security Policy");
    assert_eq!(browser.console().into_iter().find(refused), None, "the page violated its policy");
    browser.show(&page);
    browser.wait_until(&format!("!{LIVE}"), SOON);
    browser.goto(&home);
    assert_eq!(browser.eval("location.pathname"), "/login");
}

#[test]
fn log_in_page_fits_phone_in_dark_mode() {
    let server = Server::with(&["--app", "led-json"]).variable("INSTEP_PASSWORD", PASSWORD).start();
    let browser = Browser::with().phone().dark().open(&format!("http://{}/login", server.addr()));
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true);
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), "rgb(13, 16, 20)");
    assert_eq!(browser.eval("document.getElementById('log-in').getBoundingClientRect().height >= 44"), true);
    browser.screenshot("log-in-phone");
}
