//! Text is published as a number.

use instep::Device;

instep::thing! {
    pub Pump: "A pump", commands Command {
        power => Power: switch { title: "Power" },
        level => Level: number { title: "Level", min: 0, max: 100, step: 1 },
        flow: sensor { title: "Flow", precision: 1 },
        valve: binary_sensor { title: "Valve" },
    }
}

pub fn show(device: &Device) {
    let pump = Pump::new(device);
    pump.flow("3.5");
}

fn main() {}
