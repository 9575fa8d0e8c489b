//! Choice of an image, and whether it may be sent.

use crate::garden::*;
use browser_tests::Browser;
use instep::update::{LastUpdate, LastUpdateOutcome};
use test_support::{Folder, SOON};
use updatable_device::{Sample, Setup};

#[test]
fn image_is_checked_before_it_is_sent() {
    let device = setup().start();
    let folder = Folder::new("browser-firmware-checks");
    let page = Browser::open(&format!("http://{}/", device.addr));
    open(&page);
    let new = || Sample::new("0.3.0");
    let mut without_names = new().make();
    let at = without_names.windows(6).position(|bytes| bytes == b"instep").unwrap();
    without_names[at] = b'x';
    for (bytes, says) in [
        (b"<html>".repeat(100), "This file is not a firmware image."),
        (b"\x7fELF".repeat(100), "This file is not a firmware image."),
        (Vec::new(), "This file is not a firmware image."),
        (without_names, "This image does not say which board it is for."),
        (Sample { chip: instep_update::Chip::ESP32C6, ..new() }.make(), "This image is for another chip."),
        (
            Sample { board: "esp32c3-devkit", ..new() }.make(),
            "This image is for the board esp32c3-devkit, and this device is devkit.",
        ),
        (
            Sample { length: 300_000, ..new() }.make(),
            "This image has 300464 bytes, and there is room for 262144.",
        ),
    ] {
        choose(&page, &folder, &bytes);
        reads(&page, "firmware-about", says, SOON);
        assert!(!is_shown(&page, "firmware-install"), "{says}");
    }
    page.screenshot("firmware-wrong-day");
    // Versions are ordered as the device orders them.
    for (version, is_lower) in [
        ("0.1.10", true),
        ("0.2.0-rc.1", true),
        ("0.2.0", false),
        ("0.2.0+build", false),
        ("0.2.1-alpha", false),
        ("0.10.0", false),
        ("nightly", true),
    ] {
        choose(&page, &folder, &Sample::new(version).make());
        reads(&page, "firmware-install", &format!("Install {version}"), SOON);
        assert_eq!(is_shown(&page, "firmware-lower"), is_lower, "{version}");
        assert_eq!(page.eval("document.getElementById('firmware-install').disabled"), is_lower, "{version}");
    }
}

#[test]
fn lower_version_and_other_application_need_a_tick() {
    let device = setup().start();
    let folder = Folder::new("browser-firmware-ticks");
    let page = Browser::with().phone().dark().open(&format!("http://{}/", device.addr));
    open(&page);
    for (sample, tick, text) in [
        (Sample::new("0.1.0"), "firmware-lower", "Install 0.1.0, although it is lower than 0.2.0"),
        (
            Sample { application: "lamp", ..Sample::new("0.0.9") },
            "firmware-other",
            "Replace garden with another application: lamp",
        ),
    ] {
        choose(&page, &folder, &sample.make());
        page.wait_until(&format!("document.getElementById('{tick}').checkVisibility()"), SOON);
        assert_eq!(page.eval(&format!("document.getElementById('{tick}').parentElement.textContent")), text);
        assert_eq!(page.eval("document.getElementById('firmware-install').disabled"), true);
        page.screenshot(&format!("{tick}-night"));
        page.click(tick);
        assert_eq!(page.eval("document.getElementById('firmware-install').disabled"), false);
        install(&page);
        reads(&page, "firmware-state", &format!("Version {} runs.", sample.version), UPDATED);
    }
}

#[test]
fn section_is_for_devices_that_can_be_updated() {
    let device = Setup { capacity: None, ..setup() }.start();
    let page = Browser::open(&format!("http://{}/", device.addr));
    page.wait_until(LIVE, SOON);
    page.wait_until(
        "performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/firmware'))",
        SOON,
    );
    assert_eq!(page.eval("document.getElementById('firmware')"), serde_json::Value::Null);

    // Nobody may update a device without a password.
    let last = LastUpdate::new(LastUpdateOutcome::Confirmed, "0.2.0", "a client received an answer");
    let device = Setup { is_open: false, last: Some(last), app: &OTHER, ..setup() }.start();
    page.goto(&format!("http://{}/", device.addr));
    open(&page);
    reads(&page, "firmware-hint", "Updates need a password, and this device has none.", SOON);
    assert!(!is_shown(&page, "firmware-file"));
}

/// As a proxy answers while the device restarts.
#[test]
fn section_returns_after_a_404() {
    let device = setup().start();
    let page = Browser::open(&format!("http://{}/", device.addr));
    open(&page);
    page.run(
        "window.real = fetch;
         window.fetch = (...of) => of[0] === 'firmware' ? Promise.resolve(new Response('', { status: 404 })) : real(...of);",
    );
    page.wait_until("document.getElementById('firmware') === null", UPDATED);
    page.run("window.fetch = real");
    reads(&page, "firmware-state", "Version 0.2.0 runs.", UPDATED);
}

#[test]
fn section_fits_phone_and_passes_axe() {
    let last = LastUpdate::new(LastUpdateOutcome::Returned, "0.3.0", "the new firmware panicked");
    let device = Setup { last: Some(last), ..setup() }.start();
    let folder = Folder::new("browser-firmware-axe");
    let script = std::env::var("AXE_CORE")
        .expect("AXE_CORE is not set; run `cargo xtask browser`, which fetches axe-core");
    let script = std::fs::read_to_string(script).expect("cannot read axe-core");
    let url = format!("http://{}/", device.addr);
    for (browser, name) in
        [(Browser::with().phone().dark().open(&url), "night"), (Browser::with().open(&url), "day")]
    {
        open(&browser);
        choose(&browser, &folder, &Sample::new("0.1.0").make());
        browser.wait_until("document.getElementById('firmware-lower').checkVisibility()", SOON);
        browser.screenshot(&format!("firmware-all-{name}"));
        assert_eq!(
            browser.eval("document.documentElement.scrollWidth <= innerWidth"),
            true,
            "it scrolls sideways"
        );
        browser.run(&script);
        browser.run(
            "window.found = null;
             axe.run(document).then((result) => {
               window.found = result.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target).join(', ')}`);
             });",
        );
        browser.wait_until("window.found !== null", 3 * SOON);
        assert_eq!(browser.eval("window.found"), serde_json::json!([]), "{name}");
    }
}
