//! The kind is that of another system.

use instep::{App, Device, Inbox};

instep::thing! {
    pub Pump: "A pump", commands Command {
        level => Level: slider { title: "Level" },
    }
}

pub const APP: App = App::new("pump", "A pump").thing(&Pump::THING);

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let pump = Pump::new(device);
    loop {
        match pump.recv(inbox).await {
            _ => {}
        }
    }
}

fn main() {}
