//! A topic is published that the application does not have.

use instep::{App, Device};

instep::topics! { const TOPICS = [LED]; }

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws").topics(TOPICS);

pub fn show(device: &Device) {
    device.publish(LED, "1");
    device.publish(COUNT, "1");
}

fn main() {}
