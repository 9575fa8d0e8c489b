//! Two topics have one name.

use instep::Device;

instep::topics! { const TOPICS = [LED, COUNT, LED]; }

pub fn show(device: &Device) {
    device.publish(LED, "1");
}

fn main() {
    let _ = (TOPICS, COUNT);
}
