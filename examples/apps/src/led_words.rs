//! An LED with commands in words, which every client gets as events.
//!
//! The application is written with a callback.

use crate::Led;
use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Device, Inbox, Message};
use instep_panel::INSTEP_JS;

/// The application's declaration.
///
/// The WebSocket is also at `/`, for clients that do not send a path.
pub const APP: App = App::new("led-words", "An LED told ON and OFF in words, with a callback")
    .page("/", Asset::template(include_str!("../pages/led-words.html")))
    .page("/instep.js", INSTEP_JS)
    .endpoint("/ws")
    .endpoint("/");

/// Runs the application. An event goes to every client, even if nothing changed.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut led: Led<'_, impl OutputPin>) {
    led.begin();
    inbox
        .on_message(|message| match message {
            Message::Text { text: "LED ON", .. } => {
                led.switch(true);
                device.emit("LED is now ON");
            }
            Message::Text { text: "LED OFF", .. } => {
                led.switch(false);
                device.emit("LED is now OFF");
            }
            _ => {}
        })
        .await;
}
