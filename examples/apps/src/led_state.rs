//! The LED of `led_plain`, with a page that shows `HIGH` or `LOW`.
//!
//! The page sends a greeting when it connects.

use crate::Led;
use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Device, Inbox, Message};
use instep_panel::INSTEP_JS;

instep::topics! { const TOPICS = [LED]; }

/// The application's declaration.
pub const APP: App = App::new("led-state", "An LED in step, as HIGH and LOW")
    .page("/", Asset::template(include_str!("../pages/led-state.html")))
    .page("/instep.js", INSTEP_JS)
    .endpoint("/ws")
    .topics(TOPICS);

/// Runs the application.
///
/// Messages other than `toggle`, such as the greeting, are only logged.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut led: Led<'_, impl OutputPin>) {
    let mut on = led.begin();
    show(device, on);
    loop {
        if let Message::Text { text: "toggle", .. } = inbox.recv().await {
            on = !on;
            led.switch(on);
            show(device, on);
        }
    }
}

fn show(device: &Device, on: bool) {
    device.set_page_value("STATE", if on { "HIGH" } else { "LOW" });
    device.publish(LED, if on { "1" } else { "0" });
}
