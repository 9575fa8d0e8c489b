//! Options in any order, and constants for values: nothing is wrong here.

use instep::{App, Device, Inbox, Limits, Severity};

const NAME: &str = "A pump";
const TITLE: &str = "Flow";
const UNIT: &str = "l/min";
const PRECISION: u8 = 1;
const POINTS: usize = 300;
const INTERVAL_MS: u32 = 1_000;
const LIMITS: [i32; 2] = [-100, 100];
const STEP: f64 = 0.5;
const MODES: [&str; 2] = ["eco", "boost"];
const TEXT_MAX: usize = 16;

const fn double(number: usize) -> usize {
    2 * number
}

instep::thing! {
    /// A pump.
    pub Pump: NAME, commands Command {
        /// Turns it on.
        power => Power: switch { kept, group: concat!("Mo", "tor"), title: "Power" },
        level => Level: number { unit: "%", kept, step: STEP, max: LIMITS[1], min: LIMITS[0] + 10, title: "Level" },
        mode => Mode: select { kept, options: MODES, title: "Mode" },
        name => Name: text { max: TEXT_MAX, kept, title: "Name", },
        say => Say: message { max: double(TEXT_MAX), title: "Say" },
        next => Next: button { group: "Motor", title: if cfg!(debug_assertions) { "Next" } else { "Go on" } },
        flow: sensor { history: POINTS every INTERVAL_MS, precision: PRECISION, unit: UNIT, title: TITLE },
        r#type: sensor { history: double(POINTS) every 2 * INTERVAL_MS, group: "Motor", precision: 0, title: "Type" },
        valve: binary_sensor { off: "closed", title: "Valve", on: "open" },
        said: event { group: "Talk", title: "Said" },
        lines: log { title: "Log" }
    }
}

pub const APP: App = App::new("pump", "A pump").thing(&Pump::THING);

pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let pump = Pump::new(device);
    pump.flow(3);
    pump.flow(3.5);
    pump.flow(3.5_f32);
    pump.flow(MODES.len());
    pump.flow(None);
    pump.flow(Some(2.0));
    pump.r#type(1_u8);
    pump.valve(None);
    pump.valve(Some(true));
    Pump::THING.publish(device, "flow", 3);
    Pump::THING.publish(device, "flow", Some(3));
    Pump::THING.publish(device, "flow", 3.5);
    loop {
        match pump.recv(inbox).await {
            (Command::Power(on), _) => pump.power(on),
            (Command::Level(level), _) => pump.level(level),
            (Command::Mode(mode), _) => pump.mode(mode),
            (Command::Name(name), responder) if name.is_empty() => responder.refuse(format_args!("{name:?} is no name")),
            (Command::Name(name), _) => pump.name(name),
            (Command::Say(text), _) => pump.said(text),
            (Command::Next, _) => pump.lines(Severity::Info, "next"),
        }
    }
}

instep_embassy::resources! {
    struct Resources { access_point: 2, buffers: (640, 1040), app: APP, station: double(2), limits: Limits::DEVICE }
}

static RESOURCES: Resources = Resources::new();

fn main() {
    let _ = (&RESOURCES.station, &RESOURCES.access_point);
}
