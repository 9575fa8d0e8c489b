//! A button that toggles the LED. The page does not show the state; the log does.

use crate::Led;
use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Inbox, Message};
use instep_panel::INSTEP_JS;

/// The application's declaration.
pub const APP: App = App::new("toggle", "A button that toggles the LED")
    .page("/", Asset::template(include_str!("../pages/toggle.html")))
    .page("/instep.js", INSTEP_JS)
    .endpoint("/ws");

/// Runs the application.
pub async fn run(inbox: &mut Inbox<'_>, mut led: Led<'_, impl OutputPin>) {
    let mut on = led.begin();
    loop {
        if let Message::Text { text: "toggle", .. } = inbox.recv().await {
            on = !on;
            led.switch(on);
        }
    }
}
