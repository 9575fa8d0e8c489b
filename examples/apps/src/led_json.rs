//! An LED and a count of seconds, each as JSON, in step in every page.

use crate::Led;
use crate::page::unindented;
use core::fmt::Display;
use embassy_futures::select::{Either::First, Either::Second, select};
use embassy_time::{Duration, Ticker};
use embedded_hal::digital::OutputPin;
use instep::{App, Asset, Device, Inbox, Message};
use instep_panel::INSTEP_JS;

instep::topics! { const TOPICS = [LED, COUNT]; }

const SCRIPT: Asset = instep_panel::asset!("text/javascript; charset=utf-8", "led-json.js");

/// The application's declaration.
pub const APP: App = App::new("led-json", "An LED and a count of seconds in step, as JSON")
    .page("/", Asset::template(unindented!("../pages/led-json.html")))
    .page("/led-json.js", SCRIPT)
    .page("/instep.js", INSTEP_JS)
    .endpoint("/ws")
    .topics(TOPICS);

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut led: Led<'_, impl OutputPin>) {
    let (mut on, mut count) = (led.begin(), 0_u32);
    publish_led(device, on); // retained, so that a new client gets it first
    publish_count(device, count);
    let mut second = Ticker::every(Duration::from_secs(1));
    loop {
        match select(inbox.recv(), second.next()).await {
            First(Message::Text { text: "toggle", .. }) => {
                on = !on;
                led.switch(on); // the hardware first,
                publish_led(device, on); // then every page, that of the sender, too
            }
            First(_) => {}
            Second(()) => {
                count = count.wrapping_add(1);
                publish_count(device, count);
            }
        }
    }
}

fn publish_led(device: &Device, on: bool) {
    let state = if on { "LED ON" } else { "LED OFF" };
    device.publish(LED, format_args!(r#"{{"label":"ledStatus","value":"{state}"}}"#));
}

fn publish_count(device: &Device, count: impl Display) {
    device.publish(COUNT, format_args!(r#"{{"label":"count","value":{count}}}"#));
}
