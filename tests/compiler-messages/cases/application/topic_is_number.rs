//! A number is published under.

use instep::Device;

instep::topics! { const TOPICS = [LED]; }

pub fn show(device: &Device) {
    device.publish(0, "1");
}

fn main() {
    let _ = (TOPICS, LED);
}
