//! One simulated device.

use instep::{Access, App, Device, Inbox, Limits};
use instep_tokio::{Broker, Server, SocketLimits};
use std::future::pending;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

instep::thing! {
    /// The Thing of a simulated device.
    Simulated: "Simulated device", commands Command {
        led => Led: switch { title: "Light" },
        level => Level: number { title: "Level", min: 0, max: 100, step: 1, unit: "%" },
        mode => Mode: select { title: "Mode", options: ["auto", "day", "night"] },
        label => Label: text { title: "Label", max: 32 },
        temperature: sensor { title: "Temperature", unit: "°C", precision: 1 },
        humidity: sensor { title: "Humidity", unit: "%", precision: 0 },
        pressure: sensor { title: "Pressure", unit: "hPa", precision: 1 },
        power: sensor { title: "Power", unit: "W", precision: 0 },
        door: binary_sensor { title: "Door", on: "open", off: "closed" },
        motion: binary_sensor { title: "Motion" },
        blink => Blink: button { title: "Blink" },
        blinked: event { title: "Blinked" },
    }
}

static APP: App =
    App::new("simulated", "A simulated device").version(env!("CARGO_PKG_VERSION")).thing(&Simulated::THING);
static ACCESS: Access = Access::new("simulated");

/// Number of values that change by themselves.
const CHANGING: u32 = 6;

/// Starts a device that publishes at this broker until the runtime ends.
pub(super) fn spawn(number: u32, broker: &'static Broker, interval: Duration) {
    let limits = Limits::DEVICE.with_clients(1);
    let server = Server::new(&APP, &ACCESS, limits, SocketLimits::default().with_http_slots(1), 1);
    let server = server.with_broker(broker);
    let mut inbox = server.inbox().expect("nobody has taken it");
    spawn_local(async move { live(server.device(), &mut inbox, number, interval).await });
    spawn_local(async move { server.publish(pending()).await });
}

/// Runs the application.
async fn live(device: &'static Device, inbox: &mut Inbox<'static>, number: u32, interval: Duration) {
    let thing = Simulated::new(device);
    thing.led(false);
    thing.level(50);
    thing.mode("auto");
    thing.label("");
    (0..CHANGING).for_each(|which| change(&thing, which, number));
    // The devices are spread over the interval.
    let phase = interval.mul_f64(f64::from(number % 1_000) / 1_000.0);
    let mut timer = interval_at(Instant::now() + phase, interval);
    timer.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut step = number;
    loop {
        tokio::select! {
            (command, _) = thing.recv(inbox) => obey(&thing, command),
            _ = timer.tick() => {
                step = step.wrapping_add(1);
                change(&thing, step % CHANGING, step);
            }
        }
    }
}

fn obey(thing: &Simulated<'_>, command: Command<'_>) {
    match command {
        Command::Led(on) => thing.led(on),
        Command::Level(level) => thing.level(level),
        Command::Mode(mode) => thing.mode(mode),
        Command::Label(label) => thing.label(label),
        Command::Blink => thing.blinked("once"),
    }
}

/// Publishes another value.
fn change(thing: &Simulated<'_>, which: u32, step: u32) {
    let part = f64::from(step / CHANGING * 37 % 100);
    match which {
        0 => thing.temperature(15.0 + part / 10.0),
        1 => thing.humidity(part),
        2 => thing.pressure(1_000.0 + part / 2.0),
        3 => thing.power(part * 20.0),
        4 => thing.door(part < 50.0),
        _ => thing.motion(part < 20.0),
    }
}
