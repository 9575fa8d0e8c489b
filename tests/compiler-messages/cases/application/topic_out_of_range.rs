//! A topic is made of a number.

use instep::{App, Device, Topic};

pub const APP: App = App::new("lamp", "A lamp").endpoint("/ws").topics(1);

pub fn show(device: &Device) {
    device.publish(Topic::new(3), "1");
}

fn main() {}
