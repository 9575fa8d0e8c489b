//! A device with a panel, and what a person does there.

use browser_tests::Browser;
use instep::{App, Device};
use instep_panel::PANEL;
use std::path::PathBuf;
use std::time::Duration;
use test_support::{Folder, SOON};
use updatable_device::Setup;

instep::thing! {
    /// A pump in a garden.
    pub Garden: "Garden", commands GardenCommand {
        pump => Pump: switch { title: "Pump", group: "Water" },
        moisture: sensor { title: "Moisture", unit: "%", precision: 0, group: "Water" },
    }
}

pub(crate) static APP: App = App::new("garden", "for tests").thing(&Garden::THING).pages(&PANEL);
pub(crate) static OTHER: App = App::new("garden", "for tests").thing(&Garden::THING).pages(&PANEL);

pub(crate) const PASSWORD: &str = "open sesame";
pub(crate) const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-pump') !== null";
/// Time in which an update of a device of the test is done.
pub(crate) const UPDATED: Duration = Duration::from_secs(30);

pub(crate) fn publish(device: &'static Device) {
    let garden = Garden::new(device);
    garden.pump(false);
    garden.moisture(41.0);
}

pub(crate) fn setup() -> Setup {
    Setup { publish, ..Setup::new(&APP) }
}

/// Returns a device that takes several seconds for an image.
pub(crate) fn slow() -> Setup {
    Setup { sector_time: Duration::from_millis(300), restart_time: Duration::from_secs(2), ..setup() }
}

/// Writes an image to a file, and chooses it.
pub(crate) fn choose(browser: &Browser, folder: &Folder, bytes: &[u8]) {
    let file = PathBuf::from(folder.file("image.bin"));
    std::fs::write(&file, bytes).expect("cannot write the image");
    let path = std::fs::canonicalize(file).expect("the file is not there");
    browser.run("document.getElementById('firmware-file').value = ''");
    browser.type_into("firmware-file", path.to_str().expect("the path is not UTF-8"));
}

/// Sends the chosen image.
pub(crate) fn install(browser: &Browser) {
    browser.wait_until("document.getElementById('firmware-install').checkVisibility()", SOON);
    browser.click("firmware-install");
}

/// Opens the panel, and waits for the section.
pub(crate) fn open(browser: &Browser) {
    browser.wait_until(LIVE, SOON);
    browser.wait_until("document.getElementById('firmware-state')?.textContent !== ''", SOON);
}

#[track_caller]
pub(crate) fn reads(browser: &Browser, id: &str, text: &str, within: Duration) {
    browser.wait_until(&format!("document.getElementById('{id}')?.textContent === {text:?}"), within);
}

#[track_caller]
pub(crate) fn is_shown(browser: &Browser, id: &str) -> bool {
    browser.eval(&format!("document.getElementById('{id}')?.checkVisibility() === true")) == true
}
