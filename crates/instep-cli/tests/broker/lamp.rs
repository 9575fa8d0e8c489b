//! The device of these tests.

use crate::served::with;
use std::time::Duration;
use test_support::mosquitto::Mosquitto;
use test_support::{Builder, SOON, Server, WebSocket};

/// Time in which a device is back after its broker is: the waiting times before its first retries, and some more.
pub const BACK: Duration = Duration::from_secs(20);
pub const LED: &str = "instep/lamp-1/led";
pub const SET: &str = "instep/lamp-1/led/set";

/// Returns the application `workshop` as the device `lamp-1` at this broker.
pub fn device(url: &str) -> Builder {
    with(&["--app", "workshop", "--mqtt", url, "--mqtt-id", "lamp-1"])
}

pub fn start(broker: &Mosquitto) -> Server {
    let server = device(&broker.url()).start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    server
}

pub fn led(on: bool) -> String {
    format!(r#"{{"label":"led","value":{on}}}"#)
}

/// Reads a page's frames until this one comes.
#[track_caller]
pub fn expect_frame(page: &mut WebSocket, frame: &str) {
    page.read_text_until(|text| text == frame);
}
