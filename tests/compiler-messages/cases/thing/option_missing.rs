//! A number has no greatest value.

use instep::{App, Device, Inbox};

instep::thing! {
    pub Pump: "A pump", commands Command {
        level => Level: number { title: "Level", min: 0, step: 1 },
    }
}

pub const APP: App = App::new("pump", "A pump").thing(&Pump::THING);

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let pump = Pump::new(device);
    loop {
        match pump.recv(inbox).await {
            (Command::Level(level), _) => pump.level(level),
        }
    }
}

fn main() {}
