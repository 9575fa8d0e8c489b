//! An option is given twice.

use instep::{App, Device, Inbox};

instep::thing! {
    pub Pump: "A pump", commands Command {
        power => Power: switch { title: "Power", title: "Pump" },
    }
}

pub const APP: App = App::new("pump", "A pump").thing(&Pump::THING);

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let pump = Pump::new(device);
    loop {
        match pump.recv(inbox).await {
            (Command::Power(on), _) => pump.power(on),
        }
    }
}

fn main() {}
