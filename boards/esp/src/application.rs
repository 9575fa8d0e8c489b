//! The application of this build. Other applications are not linked.

use crate::build_config::{APP_NUMBER, app_number};
use embedded_hal::digital::OutputPin;
use embedded_hal::pwm::SetDutyCycle;
use instep::{Device, Inbox};
// The import is a glob, so that another application needs only one line below.
use instep_apps::*;

/// Runs the application, and never returns.
pub async fn run(
    device: &Device,
    inbox: &mut Inbox<'_>,
    hardware: Hardware<'_, impl OutputPin, impl SetDutyCycle>,
) {
    Number::<APP_NUMBER>::run(device, inbox, hardware).await;
}

/// An application by its index in [`instep_apps::ALL`].
///
/// Each application has its own type, so that only one is linked.
struct Number<const NUMBER: usize>;

#[diagnostic::on_unimplemented(message = "boards/esp/src/application.rs has no line for this application")]
trait Application {
    async fn run(
        device: &Device,
        inbox: &mut Inbox<'_>,
        hardware: Hardware<'_, impl OutputPin, impl SetDutyCycle>,
    );
}

macro_rules! applications {
    ($($name:literal: |$device:pat_param, $inbox:pat_param, $hardware:pat_param| $run:expr;)+) => {
        $(impl Application for Number<{ app_number($name) }> {
            async fn run(
                $device: &Device,
                $inbox: &mut Inbox<'_>,
                $hardware: Hardware<'_, impl OutputPin, impl SetDutyCycle>,
            ) {
                $run.await;
            }
        })+

        // Two lines for one application do not compile, and a line without an application does not either.
        const _: () = assert!([$($name),+].len() == ALL.len(), "every application of `instep_apps::ALL` has a line here");
    };
}

applications! {
    "workshop": |device, inbox, board| workshop::run(device, inbox, board.led);
    "lamp": |device, inbox, board| lamp::run(device, inbox, board.led, board.dimmer);
    "weather": |device, inbox, board| weather::run(device, inbox, board.sensor);
    "motor": |device, inbox, board| motor::run(device, inbox, board.motor);
    "soil": |device, inbox, _| soil::run(device, inbox, soil::Simulated::default());
    "thermometer": |device, inbox, _| thermometer::run(device, inbox, weather::Simulated::default());
    "push-button": |device, inbox, board| push_button::run(device, inbox, board.led, Unconnected);
    "knob": |device, inbox, _| knob::run(device, inbox, knob::Quadrature::new(Unconnected, Unconnected));
    "chat": |device, inbox, _| chat::run(device, inbox);
    "console": |device, inbox, _| console::run(device, inbox);
    "hello": |_, _, _| hello::run();
    "toggle": |_, inbox, board| toggle::run(inbox, board.led);
    "led-plain": |device, inbox, board| led_plain::run(device, inbox, board.led);
    "led-json": |device, inbox, board| led_json::run(device, inbox, board.led);
    "led-words": |device, inbox, board| led_words::run(device, inbox, board.led);
    "led-state": |device, inbox, board| led_state::run(device, inbox, board.led);
    "soft-ap": |_, _, _| soft_ap::run();
    "echo": |_, _, _| echo::run();
}
