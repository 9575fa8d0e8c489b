//! An LED whose state is `1` or `0` in every open page.

use crate::Led;
use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Device, Inbox, Message};
use instep_panel::INSTEP_JS;

instep::topics! { const TOPICS = [LED]; }

/// The application's declaration.
///
/// It has a page with the state, and an endpoint that sends changes of the state.
pub const APP: App = App::new("led-plain", "An LED in step, as 1 and 0")
    .page("/", Asset::template(include_str!("../pages/led-plain.html")))
    .page("/instep.js", INSTEP_JS)
    .endpoint("/ws")
    .topics(TOPICS);

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut led: Led<'_, impl OutputPin>) {
    let mut on = led.begin();
    show(device, on);
    loop {
        if let Message::Text { text: "toggle", .. } = inbox.recv().await {
            on = !on;
            led.switch(on); // the hardware first,
            show(device, on); // then every page
        }
    }
}

fn show(device: &Device, on: bool) {
    device.set_page_value("STATE", if on { "ON" } else { "OFF" });
    device.set_page_value("CHECK", if on { "checked" } else { "" });
    device.publish(LED, if on { "1" } else { "0" });
}
