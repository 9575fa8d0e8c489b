//! The same LED with a page that says `HIGH` or `LOW`, and greets the device when it connects.

use crate::Led;
use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Device, Inbox, Message};
use instep_panel::INSTEP_JS;

instep::topics! { const TOPICS = [LED]; }

/// What it serves.
pub const APP: App = App::new("led-state", "An LED in step, as HIGH and LOW")
    .page("/", Asset::template(include_str!("../pages/led-state.html")))
    .page("/instep.js", INSTEP_JS)
    .endpoint("/ws")
    .topics(TOPICS);

/// What it does. A greeting is a message like any other that is not `toggle`: the log shows it.
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
