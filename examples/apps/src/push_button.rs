//! A lamp that a push button and every page switch, in step.

use crate::{Debounced, Led};
use embassy_futures::select::{Either::First, Either::Second, select};
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal_async::digital::Wait;
use instep::{App, Device, Inbox};
use instep_panel::PANEL;

instep::thing! {
    /// A lamp with a push button.
    pub Lamp: "Lamp with a push button", commands Command {
        led => Led: switch { title: "Light" },
        presses: sensor { title: "Presses", precision: 0 },
        pressed: event { title: "Pressed" },
    }
}

/// The application's declaration.
pub const APP: App = App::new("push-button", "A lamp that a push button and every page switch")
    .thing(&Lamp::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Runs the application. The button's pin is high while the button is pressed.
pub async fn run(
    device: &Device,
    inbox: &mut Inbox<'_>,
    mut led: Led<'_, impl OutputPin>,
    button: impl InputPin + Wait,
) {
    let lamp = Lamp::new(device);
    let (mut on, mut presses) = (led.begin(), 0_u32);
    let mut button = Debounced::new(button);
    lamp.led(on);
    lamp.presses(presses);
    loop {
        match select(lamp.recv(inbox), button.rises()).await {
            First((Command::Led(new), _)) => on = new,
            Second(()) => {
                on = !on;
                presses = presses.wrapping_add(1);
                lamp.presses(presses);
                lamp.pressed(if on { "Switched on" } else { "Switched off" });
            }
        }
        led.switch(on); // the hardware first,
        lamp.led(on); // then every page
    }
}
