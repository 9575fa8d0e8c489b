//! A lamp that can be switched, dimmed, and made to blink.

use crate::Led;
use embassy_futures::select::{Either::First, Either::Second, select};
use embassy_time::{Duration, Timer};
use embedded_hal::digital::OutputPin;
use embedded_hal::pwm::SetDutyCycle;
use instep::{App, Device, Inbox, Responder};
use instep_panel::PANEL;

instep::thing! {
    /// A lamp.
    pub Lamp: "Lamp", commands Command {
        led => Led: switch { title: "Light" },
        brightness => Brightness: number { title: "Brightness", min: 0, max: 100, step: 1, unit: "%", kept },
        blink => Blink: button { title: "Blink" },
    }
}

/// The application's declaration.
pub const APP: App = declared("lamp", "A lamp to switch, to dim and to blink");

/// The declaration of the same for a coloured LED.
///
/// It has a name of its own, because the two are different firmware: an update of one by the other is refused.
pub const RGB: App = declared("lamp-rgb", "A coloured LED to switch, to dim and to blink");

const fn declared(name: &'static str, about: &'static str) -> App {
    App::new(name, about).thing(&Lamp::THING).version(env!("CARGO_PKG_VERSION")).pages(&PANEL)
}

/// Interval between changes while the lamp blinks, and number of changes.
const BLINK: (Duration, u8) = (Duration::from_millis(250), 6);

/// Runs the application.
pub async fn run(
    device: &Device,
    inbox: &mut Inbox<'_>,
    mut led: Led<'_, impl OutputPin>,
    mut dimmer: impl SetDutyCycle,
) {
    let lamp = Lamp::new(device);
    let (mut on, mut percent) = (led.begin(), 100.0);
    dim(&mut dimmer, percent);
    lamp.led(on);
    lamp.brightness(percent);
    // The number of changes left and the responder of the action, while the lamp blinks.
    let mut blinking: Option<(u8, Responder<'_>)> = None;
    loop {
        let change = async {
            match blinking {
                Some(_) => Timer::after(BLINK.0).await,
                None => core::future::pending().await,
            }
        };
        match select(lamp.recv(inbox), change).await {
            First((Command::Led(new), _)) => {
                on = new;
                led.switch(on); // the hardware first,
                lamp.led(on); // then every page, that of the sender, too
            }
            First((Command::Brightness(new), _)) => {
                percent = new;
                dim(&mut dimmer, percent);
                lamp.brightness(percent);
            }
            First((Command::Blink, responder)) if blinking.is_some() => responder.refuse("it blinks already"),
            First((Command::Blink, responder)) => blinking = Some((BLINK.1, responder.defer())),
            Second(()) => {
                let Some((changes, responder)) = blinking.take() else { continue };
                if changes > 0 {
                    led.drive(on ^ (changes % 2 == 0));
                    blinking = Some((changes - 1, responder));
                } else {
                    led.drive(on);
                    responder.done();
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is 0 to 100")]
fn dim(dimmer: &mut impl SetDutyCycle, percent: f64) {
    if dimmer.set_duty_cycle_percent(percent as u8).is_err() {
        log::error!("The brightness cannot be set");
    }
}
