//! The list of the applications, and the choice of one by its name.

use crate::{
    Machine, chat, console, echo, hello, knob, lamp, led_json, led_plain, led_state, led_words, motor,
    push_button, soft_ap, soil, thermometer, toggle, weather, workshop,
};
use instep::{App, Device, Inbox};

/// All applications, in the order in which a newcomer should read them.
pub const ALL: [&App; 18] = [
    &workshop::APP,
    &lamp::APP,
    &weather::APP,
    &motor::APP,
    &soil::APP,
    &thermometer::APP,
    &push_button::APP,
    &knob::APP,
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

/// Runs the application of that name with what it has of a machine's hardware, and never returns.
///
/// # Panics
/// If there is no application of that name; see [`find`].
pub async fn run(name: &str, device: &Device, inbox: &mut Inbox<'_>, machine: impl Machine) {
    match name {
        "workshop" => workshop::run(device, inbox, machine.led()).await,
        "lamp" => lamp::run(device, inbox, machine.led(), machine.dimmer()).await,
        "weather" => weather::run(device, inbox, machine.weather_sensor()).await,
        "motor" => motor::run(device, inbox, machine.motor_drive()).await,
        "soil" => soil::run(device, inbox, machine.soil_sensor()).await,
        "thermometer" => thermometer::run(device, inbox, machine.thermometer()).await,
        "push-button" => push_button::run(device, inbox, machine.led(), machine.push_button()).await,
        "knob" => knob::run(device, inbox, machine.encoder()).await,
        "chat" => chat::run(device, inbox).await,
        "console" => console::run(device, inbox).await,
        "hello" => hello::run().await,
        "toggle" => toggle::run(inbox, machine.led()).await,
        "led-plain" => led_plain::run(device, inbox, machine.led()).await,
        "led-json" => led_json::run(device, inbox, machine.led()).await,
        "led-words" => led_words::run(device, inbox, machine.led()).await,
        "led-state" => led_state::run(device, inbox, machine.led()).await,
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
        assert!(find(lamp::RGB.name()).is_none(), "the coloured lamp has the name of another application");
    }
}
