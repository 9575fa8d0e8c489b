//! The log-in in a real browser: its page needs no script, and its cookie goes with the WebSocket.

use browser_tests::Browser;
use test_support::{SOON, Server};

const PASSWORD: &str = "öpen sesame & more+";
const LIVE: &str = "document.querySelector('main').classList.contains('live')";

#[test]
fn a_person_logs_in_uses_the_device_and_logs_out() {
    let server = Server::with(&["--app", "led-json"]).variable("INSTEP_PASSWORD", PASSWORD).start();
    let home = format!("http://{}/", server.addr());
    let browser = Browser::open(&format!("{home}?from=a+link"));
    assert_eq!(browser.eval("location.pathname"), "/login");
    assert_eq!(browser.eval("document.activeElement.id"), "password", "who comes may type at once");
    assert_eq!(browser.eval("document.querySelector('label').control.id"), "password");
    assert_eq!(
        browser.eval("getComputedStyle(document.querySelector('main')).borderRadius"),
        "24px",
        "its style holds"
    );
    browser.screenshot("log-in");

    browser.type_into("password", "close sesame");
    browser.click("log-in");
    browser.wait_until("document.querySelector('[role=alert]')?.textContent === 'Wrong password.'", SOON);
    browser.screenshot("log-in-wrong");
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until("location.pathname === '/'", SOON);
    assert_eq!(browser.eval("location.search"), "?from=a+link", "it leads on to where the person went");
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.eval("document.cookie"), "", "no script sees the session");
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
    assert_eq!(
        browser.console().into_iter().find(refused),
        None,
        "the page does nothing that its policy forbids"
    );
    browser.show(&page);
    browser.wait_until(&format!("!{LIVE}"), SOON);
    browser.goto(&home);
    assert_eq!(browser.eval("location.pathname"), "/login");
}

#[test]
fn it_is_at_home_on_a_phone_in_the_dark() {
    let server = Server::with(&["--app", "led-json"]).variable("INSTEP_PASSWORD", PASSWORD).start();
    let browser = Browser::with().phone().dark().open(&format!("http://{}/login", server.addr()));
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true);
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), "rgb(13, 16, 20)");
    assert_eq!(browser.eval("document.getElementById('log-in').getBoundingClientRect().height >= 44"), true);
    browser.screenshot("log-in-phone");
}
