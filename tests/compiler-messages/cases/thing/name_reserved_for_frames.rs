//! Frames have a field of this name.

use instep::{App, Device, Inbox};

instep::thing! {
    pub Pump: "A pump", commands Command {
        ok => Ok: switch { title: "Fine" },
    }
}

pub const APP: App = App::new("pump", "A pump").thing(&Pump::THING);

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let pump = Pump::new(device);
    loop {
        match pump.recv(inbox).await {
            (Command::Ok(on), _) => pump.ok(on),
        }
    }
}

fn main() {}
