//! What the section says of an image that does not stay.

use crate::garden::*;
use browser_tests::Browser;
use instep::update::{LastUpdate, LastUpdateOutcome};
use std::time::Duration;
use test_support::{Folder, SOON};
use updatable_device::{Device, Fate, Sample, Setup};

const BROKEN: &str = "The upload broke off. The device keeps its firmware.";
/// Length of an image that does not fit into the buffers of sockets, in bytes.
const LONG: u32 = 15 * 1024 * 1024;

#[test]
fn every_page_shows_why_device_came_back() {
    let device = Setup { fate: Fate::Returned("the new firmware panicked"), ..slow() }.start();
    let url = format!("http://{}/", device.addr);
    let folder = Folder::new("browser-firmware-returned");
    let page = Browser::open(&url);
    let second = Browser::with().phone().open(&url);
    open(&page);
    open(&second);
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    let why = "The update to 0.3.0 did not stay. The device came back with 0.2.0 because the new firmware panicked.";
    for browser in [&page, &second] {
        reads(browser, "firmware-problem", why, UPDATED);
        reads(browser, "firmware-state", "Version 0.2.0 runs.", SOON);
    }
    page.screenshot("firmware-returned-day");
    second.screenshot("firmware-returned-phone");
    page.goto(&url);
    reads(&page, "firmware-problem", why, SOON);
    // The next try begins.
    assert!(is_shown(&page, "firmware-file"));
}

#[test]
fn image_that_came_back_without_reason_is_told() {
    let device = Setup { fate: Fate::Forgotten, ..setup() }.start();
    let folder = Folder::new("browser-firmware-forgotten");
    let page = Browser::open(&format!("http://{}/", device.addr));
    open(&page);
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    reads(&page, "firmware-problem", "The update did not stay. The device came back with 0.2.0.", UPDATED);

    // The image cannot be read any more, so its version is not known.
    let reason = "the boot loader could not load the new firmware";
    let last = LastUpdate::new(LastUpdateOutcome::Returned, "", reason);
    let device = Setup { last: Some(last), ..setup() }.start();
    page.goto(&format!("http://{}/", device.addr));
    let why = format!("The update did not stay. The device came back with 0.2.0 because {reason}.");
    reads(&page, "firmware-problem", &why, SOON);
}

#[test]
fn every_page_shows_why_device_refused_image() {
    let folder = Folder::new("browser-firmware-refused");
    let key = instep_update::PublicKey::new([9; 32]);
    let device = Setup { key: Some(key), ..setup() }.start();
    let url = format!("http://{}/", device.addr);
    let page = Browser::open(&url);
    let second = Browser::with().phone().open(&url);
    open(&page);
    open(&second);
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    let says =
        "The device refused the image: This image is not signed; this device accepts signed images only.";
    for browser in [&page, &second] {
        reads(browser, "firmware-problem", says, UPDATED);
    }
    assert!(is_shown(&page, "firmware-install"));
    page.goto(&url);
    reads(&page, "firmware-problem", says, SOON);
    assert!(is_shown(&page, "firmware-file"));
}

/// Sends an image from the first page until the device loses its power, of which both pages tell.
fn lose_power_while_sending(device: &Device, pages: [&Browser; 2], folder: &Folder) {
    choose(pages[0], folder, &Sample { length: 150_000, ..Sample::new("0.3.0") }.make());
    install(pages[0]);
    for browser in pages {
        browser.wait_until("/% sent/.test(document.getElementById('firmware-hint').textContent)", SOON);
    }
    device.lose_power();
    for browser in pages {
        reads(browser, "firmware-problem", BROKEN, UPDATED);
        reads(browser, "firmware-state", "Version 0.2.0 runs.", SOON);
    }
}

#[test]
fn loss_of_power_during_upload_is_told() {
    let folder = Folder::new("browser-firmware-power");
    let device = slow().start();
    let url = format!("http://{}/", device.addr);
    let page = Browser::open(&url);
    let second = Browser::with().phone().open(&url);
    open(&page);
    open(&second);
    lose_power_while_sending(&device, [&page, &second], &folder);
    // The image is still chosen for the next try.
    install(&page);
    for browser in [&page, &second] {
        reads(browser, "firmware-state", "Version 0.3.0 runs.", UPDATED);
        reads(browser, "firmware-problem", "", SOON);
    }
}

#[test]
fn loss_of_power_is_not_told_as_the_try_before() {
    let folder = Folder::new("browser-firmware-power-again");
    let last = LastUpdate::new(LastUpdateOutcome::Returned, "0.2.9", "the new firmware panicked");
    let device = Setup { last: Some(last), ..slow() }.start();
    let url = format!("http://{}/", device.addr);
    let page = Browser::open(&url);
    let second = Browser::with().phone().open(&url);
    let why = "The update to 0.2.9 did not stay. The device came back with 0.2.0 because the new firmware panicked.";
    for browser in [&page, &second] {
        open(browser);
        reads(browser, "firmware-problem", why, SOON);
    }
    // The device still has the outcome of the try before, and knows nothing of this one.
    lose_power_while_sending(&device, [&page, &second], &folder);
}

#[test]
fn reload_of_sending_page_is_warned_of_and_told() {
    let folder = Folder::new("browser-firmware-reload");
    let sector_time = Duration::from_millis(2);
    let device = Setup { sector_time, capacity: Some(2 * LONG), ..setup() }.start();
    let url = format!("http://{}/", device.addr);
    let page = Browser::open(&url);
    let second = Browser::with().phone().dark().open(&url);
    open(&page);
    open(&second);
    let warns = "(() => {
        const event = new Event('beforeunload', { cancelable: true });
        return !dispatchEvent(event);
    })()";
    assert_eq!(page.eval(warns), false);
    choose(&page, &folder, &Sample { length: LONG as usize, ..Sample::new("0.3.0") }.make());
    install(&page);
    for browser in [&page, &second] {
        browser.wait_until("/% sent/.test(document.getElementById('firmware-hint').textContent)", SOON);
    }
    assert_eq!(page.eval(warns), true, "nothing keeps a person from breaking the upload off");
    assert_eq!(second.eval(warns), false);
    // The driver confirms the warning.
    page.goto(&url);
    for browser in [&page, &second] {
        // What is in the buffers of the sockets is received first.
        reads(browser, "firmware-problem", BROKEN, 2 * UPDATED);
        reads(browser, "firmware-state", "Version 0.2.0 runs.", SOON);
        assert!(is_shown(browser, "firmware-file") && !is_shown(browser, "firmware-progress"));
    }
    page.screenshot("firmware-broken-day");
    second.screenshot("firmware-broken-night");
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    for browser in [&page, &second] {
        reads(browser, "firmware-state", "Version 0.3.0 runs.", UPDATED);
        reads(browser, "firmware-problem", "", SOON);
    }
}

#[test]
fn image_that_browser_has_handed_over_survives_reload() {
    let folder = Folder::new("browser-firmware-handed-over");
    let device = Setup { sector_time: Duration::from_millis(500), ..slow() }.start();
    let url = format!("http://{}/", device.addr);
    let page = Browser::open(&url);
    open(&page);
    // It fits into the sockets' buffers.
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    let is_sent = "/% sent/.test(document.getElementById('firmware-hint')?.textContent)";
    page.wait_until(is_sent, SOON);
    page.goto(&url);
    page.wait_until(is_sent, SOON);
    assert!(is_shown(&page, "firmware-progress") && !is_shown(&page, "firmware-file"));
    reads(&page, "firmware-state", "The device restarts …", UPDATED);
    reads(&page, "firmware-state", "Version 0.3.0 runs.", UPDATED);
    assert_eq!(page.text("firmware-problem"), "");
}
