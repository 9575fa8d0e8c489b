//! The example applications of instep. Each is short, and builds for every board.
//!
//! An application is a `const APP`, which declares what it serves, and an `async fn run`. It is generic over its
//! hardware (`embedded-hal`), and names neither a chip nor a network stack.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

/// Documents whose examples are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/your-own-device.md")]
struct YourOwnDevice;

pub mod chat;
pub mod console;
pub mod echo;
mod hardware;
pub mod hello;
mod inverted;
pub mod lamp;
mod led;
pub mod led_json;
pub mod led_plain;
pub mod led_state;
pub mod led_words;
pub mod motor;
mod page;
pub mod soft_ap;
pub mod toggle;
pub mod weather;
pub mod workshop;

pub use hardware::{Hardware, NoDimmer};
pub use inverted::Inverted;
pub use led::{LED, Led};

use embedded_hal::digital::OutputPin;
use embedded_hal::pwm::SetDutyCycle;
use instep::{App, Device, Inbox};

/// All applications, in the order in which a newcomer should read them.
pub const ALL: [&App; 14] = [
    &workshop::APP,
    &lamp::APP,
    &weather::APP,
    &motor::APP,
    &chat::APP,
    &console::APP,
    &hello::APP,
    &toggle::APP,
    &led_plain::APP,
    &led_json::APP,
    &led_words::APP,
    &led_state::APP,
    &soft_ap::APP,
    &echo::APP,
];

/// Returns the application of that name.
pub fn find(name: &str) -> Option<&'static App> {
    ALL.into_iter().find(|app| app.name() == name)
}

/// Returns whether an application switches an LED.
pub fn has_led(app: &App) -> bool {
    !matches!(app.name(), "weather" | "motor" | "chat" | "console" | "hello" | "soft-ap" | "echo")
}

/// Runs the application of that name with an LED and simulated hardware.
///
/// The LED is off at power-up. The function never returns.
///
/// # Panics
/// If there is no application of that name; see [`find`].
pub async fn run(name: &str, device: &Device, inbox: &mut Inbox<'_>, led: impl OutputPin) {
    run_with(name, device, inbox, Hardware::new(Led::new(led))).await;
}

/// Runs the application of that name with the given hardware, and never returns.
///
/// # Panics
/// If there is no application of that name; see [`find`].
pub async fn run_with<P, D, S, M>(
    name: &str,
    device: &Device,
    inbox: &mut Inbox<'_>,
    hardware: Hardware<'_, P, D, S, M>,
) where
    P: OutputPin,
    D: SetDutyCycle,
    S: weather::Sensor,
    M: motor::Drive,
{
    let Hardware { led, dimmer, sensor, motor } = hardware;
    match name {
        "workshop" => workshop::run(device, inbox, led).await,
        "lamp" => lamp::run(device, inbox, led, dimmer).await,
        "weather" => weather::run(device, inbox, sensor).await,
        "motor" => motor::run(device, inbox, motor).await,
        "chat" => chat::run(device, inbox).await,
        "console" => console::run(device, inbox).await,
        "hello" => hello::run().await,
        "toggle" => toggle::run(inbox, led).await,
        "led-plain" => led_plain::run(device, inbox, led).await,
        "led-json" => led_json::run(device, inbox, led).await,
        "led-words" => led_words::run(device, inbox, led).await,
        "led-state" => led_state::run(device, inbox, led).await,
        "soft-ap" => soft_ap::run().await,
        "echo" => echo::run().await,
        other => panic!("unknown application {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_names_are_unique_and_described() {
        for app in ALL {
            assert_eq!(find(app.name()).unwrap().about(), app.about());
            assert!(!app.about().is_empty());
        }
        assert!(find("none").is_none());
    }
}
