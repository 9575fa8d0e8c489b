//! The least value is above the greatest, and both are constants.

use instep::{App, Device, Inbox};

const EMPTY: f64 = 100.0;
const FULL: f64 = 0.0;

instep::thing! {
    pub Pump: "A pump", commands Command {
        level => Level: number { title: "Level", min: EMPTY, max: FULL, step: 1 },
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
