//! A motor with a direction, a speed, and its actual speed.

mod drive;

pub use drive::{Bridge, BridgeError, Direction, Drive, Simulated};

use embassy_futures::select::{Either::First, Either::Second, select};
use embassy_time::{Duration, Timer};
use instep::{App, Device, Inbox, Severity};
use instep_panel::PANEL;

instep::thing! {
    /// A motor.
    pub Motor: "Motor", commands Command {
        direction => Direction: select { title: "Direction", options: ["forward", "backward"] },
        speed => Speed: number { title: "Speed", min: 0, max: 100, step: 1, unit: "%" },
        stop => Stop: button { title: "Stop" },
        turning: binary_sensor { title: "Turning", group: "Status" },
        actual: sensor { title: "Actual speed", unit: "%", precision: 0, history: 120 every 500, group: "Status" },
        events: log { title: "Log", group: "Status" },
    }
}

/// The application's declaration.
pub const APP: App = App::new("motor", "A motor with direction, speed and status")
    .thing(&Motor::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Interval of the ramp, and maximum change of speed in it, in percent.
///
/// The ramp protects the gears and the power supply.
const RAMP: (Duration, i16) = (Duration::from_millis(50), 4);

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut drive: impl Drive) {
    let motor = Motor::new(device);
    // Backward speeds are below 0.
    let (mut direction, mut speed, mut actual) = (Direction::Forward, 0_i16, 0_i16);
    turn(&mut drive, actual, &motor);
    motor.direction("forward");
    motor.speed(0.0);
    loop {
        let wanted = if direction == Direction::Backward { -speed } else { speed };
        let ramp = async {
            if actual == wanted { core::future::pending().await } else { Timer::after(RAMP.0).await }
        };
        match select(motor.recv(inbox), ramp).await {
            First((Command::Direction(new), _)) => {
                direction = if new == "backward" { Direction::Backward } else { Direction::Forward };
                motor.direction(new);
                motor.events(Severity::Info, format_args!("It is to turn {new}"));
            }
            First((Command::Speed(percent), _)) => {
                #[expect(clippy::cast_possible_truncation, reason = "the range is 0 to 100")]
                let new = percent as i16;
                speed = new;
                motor.speed(percent);
            }
            // A stop has no ramp, because it must be immediate.
            First((Command::Stop, _)) => {
                (speed, actual) = (0, 0);
                turn(&mut drive, actual, &motor);
                motor.speed(0.0);
                motor.events(Severity::Warning, "Stopped");
            }
            Second(()) => {
                // The speed passes 0 when the direction changes.
                actual += (wanted - actual).clamp(-RAMP.1, RAMP.1);
                turn(&mut drive, actual, &motor);
            }
        }
    }
}

/// Sets the hardware, then publishes the state.
fn turn(drive: &mut impl Drive, speed: i16, motor: &Motor<'_>) {
    let direction = if speed < 0 { Direction::Backward } else { Direction::Forward };
    let percent = u8::try_from(speed.unsigned_abs()).unwrap_or(100);
    match drive.turn(direction, percent) {
        Ok(()) => {
            motor.turning(percent > 0);
            motor.actual(f64::from(percent));
        }
        Err(error) => {
            log::error!("The motor cannot be set: {error:?}");
            motor.turning(None);
            motor.actual(None);
            motor.events(Severity::Error, "The motor cannot be set");
        }
    }
}
