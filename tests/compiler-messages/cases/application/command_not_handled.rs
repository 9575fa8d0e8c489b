//! A command is not handled.

use instep::{Device, Inbox};

instep::thing! {
    pub Pump: "A pump", commands Command {
        power => Power: switch { title: "Power" },
        level => Level: number { title: "Level", min: 0, max: 100, step: 1 },
        flow: sensor { title: "Flow", precision: 1 },
        valve: binary_sensor { title: "Valve" },
    }
}

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let pump = Pump::new(device);
    loop {
        match pump.recv(inbox).await {
            (Command::Power(on), _) => pump.power(on),
        }
    }
}

fn main() {}
