//! A knob that sets a level, which every page shows and sets, too.

mod encoder;
mod quadrature;

pub use encoder::Encoder;
pub use quadrature::Quadrature;

use embassy_futures::select::{Either::First, Either::Second, select};
use instep::{App, Device, Inbox};
use instep_panel::PANEL;

instep::thing! {
    /// A knob.
    pub Knob: "Knob", commands Command {
        level => Level: number { title: "Level", min: 0, max: 100, step: 1, unit: "%", kept },
    }
}

/// The application's declaration.
pub const APP: App = App::new("knob", "A level that a rotary encoder and every page set")
    .thing(&Knob::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Change of the level by one detent, in percent. An encoder with 20 detents passes the whole range in 2.5 turns.
const DETENT: f64 = 2.0;

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut encoder: impl Encoder) {
    let knob = Knob::new(device);
    let mut level = 0.0;
    knob.level(level);
    loop {
        level = match select(knob.recv(inbox), encoder.turned()).await {
            First((Command::Level(new), _)) => new,
            // The end of the range is no end of the knob: it turns on, and back from there at once.
            Second(detents) => (level + DETENT * f64::from(detents)).clamp(0.0, 100.0),
        };
        knob.level(level);
    }
}
