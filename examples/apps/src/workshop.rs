//! All kinds of interactions in one Thing, which is simulated except for its LED.

use crate::Led;
use embassy_futures::select::{Either3::First, Either3::Second, Either3::Third, select3};
use embassy_time::{Duration, Ticker, Timer};
use embedded_hal::digital::OutputPin;
use instep::{App, Device, Inbox, Responder, Severity};
use instep_panel::PANEL;

instep::thing! {
    /// The workshop.
    pub Workshop: "Workshop", commands Command {
        led => Led: switch { title: "Lamp", group: "Light" },
        brightness => Brightness: number { title: "Brightness", min: 0, max: 100, step: 1, unit: "%", group: "Light" },
        blink => Blink: button { title: "Blink", group: "Light" },
        speed => Speed: number { title: "Speed", min: -100, max: 100, step: 5, unit: "%", group: "Motor" },
        turning: binary_sensor { title: "Turning", group: "Motor" },
        temperature: sensor { title: "Temperature", unit: "°C", precision: 1, history: 120 every 1_000, group: "Air" },
        door: binary_sensor { title: "Door", on: "open", off: "closed", group: "Air" },
        mode => Mode: select { title: "Mode", options: ["day", "night", "away"], group: "House", kept },
        name => Name: text { title: "Name", max: 32, group: "House", kept },
        say => Say: message { title: "Say", max: 120, group: "Talk" },
        said: event { title: "Said", group: "Talk" },
        lines: log { title: "Log", group: "Talk" },
    }
}

/// The application's declaration.
pub const APP: App = App::new("workshop", "All kinds of controls in one device, simulated")
    .thing_with_backlog(&Workshop::THING) // a page that opens later also gets the last lines
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Duration of blinking.
const BLINK: Duration = Duration::from_secs(1);
/// Interval between two changes of the door, in s.
const DOOR: u32 = 10;

/// Runs the application. The LED is real, and the rest is simulated.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut led: Led<'_, impl OutputPin>) {
    let workshop = Workshop::new(device);
    let (mut on, mut open, mut walk) = (led.begin(), false, Walk::new());
    workshop.led(on); // retained, so that a new client gets it first
    workshop.brightness(50.0);
    workshop.speed(0.0);
    workshop.turning(false);
    workshop.temperature(walk.degrees());
    workshop.door(open);
    workshop.mode("day");
    workshop.name("Workshop");
    let mut second = Ticker::every(Duration::from_secs(1));
    let mut seconds = 0_u32;
    let mut blinking: Option<(Timer, Responder<'_>)> = None;
    loop {
        let blinked = async {
            match &mut blinking {
                Some((timer, _)) => timer.await,
                None => core::future::pending().await,
            }
        };
        match select3(workshop.recv(inbox), second.next(), blinked).await {
            First((Command::Led(new), _)) => {
                on = new;
                led.switch(on); // the hardware first,
                workshop.led(on); // then every page, that of the sender, too
            }
            First((Command::Brightness(percent), _)) => workshop.brightness(percent),
            First((Command::Speed(percent), _)) => {
                workshop.speed(percent);
                workshop.turning(percent != 0.0);
            }
            First((Command::Mode(mode), _)) => {
                workshop.mode(mode);
                workshop.lines(Severity::Info, format_args!("It is {mode} now"));
            }
            First((Command::Name(""), responder)) => responder.refuse("the name must not be empty"),
            First((Command::Name(name), _)) => workshop.name(name),
            First((Command::Say(text), _)) => workshop.said(text),
            First((Command::Blink, responder)) if blinking.is_some() => responder.refuse("it blinks already"),
            First((Command::Blink, responder)) => {
                led.drive(!on);
                workshop.lines(Severity::Debug, "It blinks");
                blinking = Some((Timer::after(BLINK), responder.defer()));
            }
            Second(()) => {
                seconds = seconds.wrapping_add(1);
                walk.step();
                workshop.temperature(walk.degrees());
                if seconds.is_multiple_of(DOOR) {
                    open = !open;
                    workshop.door(open);
                    let severity = if open { Severity::Warning } else { Severity::Info };
                    workshop.lines(severity, if open { "The door is open" } else { "The door is closed" });
                }
            }
            Third(()) => {
                led.drive(on);
                // Blinking has ended.
                if let Some((_, responder)) = blinking.take() {
                    responder.done();
                }
            }
        }
    }
}

/// A temperature that follows the same random walk after each start.
struct Walk {
    tenths: i32,
    random: u32,
}

impl Walk {
    const fn new() -> Self {
        Self { tenths: 215, random: 0x9e37_79b9 }
    }

    fn degrees(&self) -> f64 {
        f64::from(self.tenths) / 10.0
    }

    /// Changes by up to 0.2 degrees, between 15 and 28.
    fn step(&mut self) {
        // xorshift32
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let by = i32::try_from(self.random % 5).unwrap_or_default() - 2;
        self.tenths = (self.tenths + by).clamp(150, 280);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_temperature_stays_in_its_range() {
        let mut walk = Walk::new();
        let (mut least, mut most) = (walk.degrees(), walk.degrees());
        for _ in 0..10_000 {
            let before = walk.degrees();
            walk.step();
            assert!((walk.degrees() - before).abs() < 0.21);
            (least, most) = (least.min(walk.degrees()), most.max(walk.degrees()));
        }
        assert!(least >= 15.0 && most <= 28.0 && most - least > 2.0, "{least} to {most}");
    }
}
