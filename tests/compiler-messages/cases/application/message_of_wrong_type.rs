//! Binary data is compared with text.

use instep::{Device, Inbox, Message};

instep::topics! { const TOPICS = [LED]; }

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    loop {
        if let Message::Binary { bytes: "toggle", .. } = inbox.recv().await {
            device.publish(LED, "1");
        }
    }
}

fn main() {
    let _ = TOPICS;
}
