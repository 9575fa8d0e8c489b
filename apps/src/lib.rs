//! The applications of instep: each is one file that a beginner can read, and runs on every board.
//!
//! An application is a `const APP`, which says what it serves, and an `async fn run`, which says what it does. It
//! is generic over its hardware (`embedded-hal`), and knows neither a chip nor a network stack.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod echo;
pub mod hello;
mod inverted;
mod led;
pub mod led_json;
pub mod led_plain;
pub mod led_state;
pub mod led_words;
pub mod soft_ap;
pub mod toggle;
pub mod workshop;

pub use inverted::Inverted;
pub use led::{LED, Led};

use embedded_hal::digital::OutputPin;
use instep::{App, Device, Inbox};

/// Every application, in the order in which a newcomer meets them.
pub const ALL: [&App; 9] = [
    &hello::APP,
    &toggle::APP,
    &led_plain::APP,
    &led_json::APP,
    &led_words::APP,
    &led_state::APP,
    &soft_ap::APP,
    &echo::APP,
    &workshop::APP,
];

/// The application of that name.
pub fn find(name: &str) -> Option<&'static App> {
    ALL.into_iter().find(|app| app.name() == name)
}

/// Runs the application of that name, for ever, with an LED that is off when power comes.
///
/// # Panics
/// If there is no application of that name: [`find`] tells.
pub async fn run(name: &str, device: &Device, inbox: &mut Inbox<'_>, led: impl OutputPin) {
    run_with(name, device, inbox, Led::new(led)).await;
}

/// Runs the application of that name, for ever.
///
/// # Panics
/// As [`run`].
pub async fn run_with(name: &str, device: &Device, inbox: &mut Inbox<'_>, led: Led<'_, impl OutputPin>) {
    match name {
        "hello" => hello::run().await,
        "toggle" => toggle::run(inbox, led).await,
        "led-plain" => led_plain::run(device, inbox, led).await,
        "led-json" => led_json::run(device, inbox, led).await,
        "led-words" => led_words::run(device, inbox, led).await,
        "led-state" => led_state::run(device, inbox, led).await,
        "soft-ap" => soft_ap::run().await,
        "echo" => echo::run().await,
        "workshop" => workshop::run(device, inbox, led).await,
        other => panic!("there is no application {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_application_has_a_name_of_its_own_and_says_what_it_is() {
        for app in ALL {
            assert_eq!(find(app.name()).unwrap().about(), app.about());
            assert!(!app.about().is_empty());
        }
        assert!(find("none").is_none());
    }
}
