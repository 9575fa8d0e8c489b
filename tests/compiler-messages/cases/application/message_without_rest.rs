//! A pattern names some of the fields of a message.

use instep::{Device, Inbox, Message};

instep::topics! { const TOPICS = [LED]; }

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    loop {
        if let Message::Text { text: "toggle" } = inbox.recv().await {
            device.publish(LED, "1");
        }
    }
}

fn main() {
    let _ = TOPICS;
}
