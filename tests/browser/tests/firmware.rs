//! The section of the panel that updates the firmware, with a device that is updated by the real HTTP.

use browser_tests::Browser;
use instep::update::{LastUpdate, LastUpdateOutcome};
use instep::{App, Device};
use instep_panel::PANEL;
use std::path::PathBuf;
use std::time::Duration;
use test_support::{Folder, SOON};
use updatable_device::{Fate, Sample, Setup};

instep::thing! {
    /// A pump in a garden.
    pub Garden: "Garden", commands GardenCommand {
        pump => Pump: switch { title: "Pump", group: "Water" },
        moisture: sensor { title: "Moisture", unit: "%", precision: 0, group: "Water" },
    }
}

static APP: App = App::new("garden", "for tests").thing(&Garden::THING).pages(&PANEL);
static OTHER: App = App::new("garden", "for tests").thing(&Garden::THING).pages(&PANEL);

const PASSWORD: &str = "open sesame";
const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-pump') !== null";
/// Time in which an update of a device of the test is done.
const UPDATED: Duration = Duration::from_secs(30);

fn publish(device: &'static Device) {
    let garden = Garden::new(device);
    garden.pump(false);
    garden.moisture(41.0);
}

fn setup() -> Setup {
    Setup { publish, ..Setup::new(&APP) }
}

/// Returns a device that takes several seconds for an image.
fn slow() -> Setup {
    Setup { sector_time: Duration::from_millis(300), restart_time: Duration::from_secs(2), ..setup() }
}

/// Writes an image to a file, and chooses it.
fn choose(browser: &Browser, folder: &Folder, bytes: &[u8]) {
    let file = PathBuf::from(folder.file("image.bin"));
    std::fs::write(&file, bytes).expect("cannot write the image");
    let path = std::fs::canonicalize(file).expect("the file is not there");
    browser.run("document.getElementById('firmware-file').value = ''");
    browser.type_into("firmware-file", path.to_str().expect("the path is not UTF-8"));
}

/// Sends the chosen image.
fn install(browser: &Browser) {
    browser.wait_until("document.getElementById('firmware-install').checkVisibility()", SOON);
    browser.click("firmware-install");
}

/// Opens the panel, and waits for the section.
fn open(browser: &Browser) {
    browser.wait_until(LIVE, SOON);
    browser.wait_until("document.getElementById('firmware-state')?.textContent !== ''", SOON);
}

#[track_caller]
fn reads(browser: &Browser, id: &str, text: &str, within: Duration) {
    browser.wait_until(&format!("document.getElementById('{id}')?.textContent === {text:?}"), within);
}

#[track_caller]
fn is_shown(browser: &Browser, id: &str) -> bool {
    browser.eval(&format!("document.getElementById('{id}')?.checkVisibility() === true")) == true
}

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
    // A reload changes nothing.
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
    let why = "The update to 0.3.0 did not stay. It came back with 0.2.0 because the new firmware panicked.";
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
    reads(&page, "firmware-problem", "The update did not stay. It came back with 0.2.0.", UPDATED);

    // The image cannot be read any more, so its version is not known.
    let reason = "the boot loader could not load the new firmware";
    let last = LastUpdate::new(LastUpdateOutcome::Returned, "", reason);
    let device = Setup { last: Some(last), ..setup() }.start();
    page.goto(&format!("http://{}/", device.addr));
    let why = format!("The update did not stay. It came back with 0.2.0 because {reason}.");
    reads(&page, "firmware-problem", &why, SOON);
}

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
            "Replace garden by another application, lamp",
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
fn refusal_of_device_and_broken_connection_are_told() {
    let folder = Folder::new("browser-firmware-refused");
    let key = instep_update::PublicKey::new([9; 32]);
    let device = Setup { key: Some(key), ..setup() }.start();
    let page = Browser::open(&format!("http://{}/", device.addr));
    open(&page);
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    let says = "This image is not signed; this device accepts signed images only.";
    reads(&page, "firmware-problem", says, UPDATED);
    assert!(is_shown(&page, "firmware-install"));

    let device = slow().start();
    page.goto(&format!("http://{}/", device.addr));
    open(&page);
    choose(&page, &folder, &Sample::new("0.3.0").make());
    install(&page);
    page.wait_until("/% sent/.test(document.getElementById('firmware-hint').textContent)", SOON);
    device.lose_power();
    reads(&page, "firmware-problem", "The connection broke. The device keeps its firmware.", UPDATED);
    reads(&page, "firmware-state", "Version 0.2.0 runs.", SOON);
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
