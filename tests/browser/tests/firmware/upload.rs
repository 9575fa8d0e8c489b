//! The section while an image is sent, and after it.

use crate::garden::*;
use browser_tests::Browser;
use test_support::{Folder, SOON};
use updatable_device::{Sample, Setup};

#[test]
fn every_page_shows_progress_restart_and_new_version() {
    let device = slow().start();
    let url = format!("http://{}/", device.addr);
    let folder = Folder::new("browser-firmware");
    let page = Browser::open(&url);
    let second = Browser::with().phone().dark().open(&url);
    open(&page);
    open(&second);
    reads(&page, "firmware-state", "Version 0.2.0 runs.", SOON);
    assert!(!is_shown(&page, "firmware-install"));
    page.screenshot("firmware-day");
    second.screenshot("firmware-night");
    // It takes 11 s, because a page asks each 5 s whether another one sends an image.
    choose(&page, &folder, &Sample { length: 150_000, ..Sample::new("0.3.0") }.make());
    reads(&page, "firmware-about", "garden 0.3.0 for devkit", SOON);
    reads(&page, "firmware-install", "Install 0.3.0", SOON);
    page.screenshot("firmware-chosen-day");
    install(&page);
    for browser in [&page, &second] {
        let left = "/^\\d+ % sent, \\d+ s left$/.test(document.getElementById('firmware-hint').textContent)";
        browser.wait_until(left, SOON);
        assert!(!is_shown(browser, "firmware-install") && is_shown(browser, "firmware-progress"));
    }
    page.screenshot("firmware-sending-day");
    second.screenshot("firmware-sending-night");
    // A reload of a page that does not send changes nothing.
    second.goto(&url);
    second.wait_until("/% sent/.test(document.getElementById('firmware-hint')?.textContent)", SOON);
    for browser in [&page, &second] {
        reads(browser, "firmware-state", "The device restarts …", UPDATED);
        assert!(!is_shown(browser, "firmware-progress") && !is_shown(browser, "firmware-file"));
    }
    page.screenshot("firmware-restarting-day");
    for browser in [&page, &second] {
        reads(browser, "firmware-state", "Version 0.3.0 runs.", UPDATED);
        assert!(is_shown(browser, "firmware-file") && !is_shown(browser, "firmware-install"));
        assert_eq!(browser.text("firmware-problem"), "");
    }
    page.goto(&url);
    reads(&page, "firmware-state", "Version 0.3.0 runs.", SOON);
    let refused = |entry: &String| entry.contains("Content Security Policy");
    assert_eq!(page.console().into_iter().find(refused), None, "the page violated its policy");
}

#[test]
fn person_signs_in_again_after_restart() {
    let device = Setup { password: Some(PASSWORD), is_open: false, ..setup() }.start();
    let folder = Folder::new("browser-firmware-password");
    let page = Browser::with().language("de-DE,de").open(&format!("http://{}/", device.addr));
    page.type_into("password", PASSWORD);
    page.click("log-in");
    open(&page);
    reads(&page, "firmware-state", "Version 0.2.0 läuft.", SOON);
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    let says = "Das Gerät hat neu gestartet. Melden Sie sich an, um zu sehen, welche Version läuft.";
    reads(&page, "firmware-state", says, UPDATED);
    page.screenshot("firmware-sign-in-day");
    page.wait_until("!document.getElementById('in').hidden", SOON);
    page.click("in");
    page.wait_until("document.getElementById('password') !== null", SOON);
    page.type_into("password", PASSWORD);
    page.click("log-in");
    open(&page);
    reads(&page, "firmware-state", "Version 0.3.0 läuft.", SOON);
}
