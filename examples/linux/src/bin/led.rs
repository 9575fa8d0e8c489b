//! An LED, a WebSocket, and a loop that handles its messages.
//!
//! `cargo run -p linux-examples --bin led -- --io led=gpiochip0:17`; without `--io` the LED is simulated.

use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Device, Inbox, Message};
use std::process::ExitCode;

instep::topics! { const TOPICS = [LED]; }

const APP: App = App::new("led", "An LED in step")
    .page("/", Asset::html(include_str!("../../pages/led.html")))
    .endpoint("/ws")
    .topics(TOPICS);

fn main() -> ExitCode {
    instep_linux::main(&APP, |device, inbox, io| run(device, inbox, io.output("led")))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>, mut led: impl OutputPin) {
    let mut on = false;
    device.publish(LED, "off"); // retained: a page that is opened later gets it first
    loop {
        if let Message::Text { text: "toggle", .. } = inbox.recv().await {
            on = !on;
            led.set_state(on.into()).ok(); // the hardware first,
            device.publish(LED, if on { "on" } else { "off" }); // then every page
        }
    }
}
