//! A rotary encoder by the chip's pulse counter (PCNT), which the C3 does not have.

use embassy_time::{Duration, Timer};
use esp_hal::gpio::{Input, InputConfig, InputPin, Pull};
use esp_hal::pcnt::Pcnt;
use esp_hal::pcnt::channel::{CtrlMode, EdgeMode};
use esp_hal::pcnt::unit::Unit;
use esp_hal::peripherals::PCNT;
use instep_apps::knob::Encoder;

/// Value at which the counter becomes 0 again, in either direction: a number of whole detents.
const LIMIT: i16 = 32_764;
/// Edges of a detent.
const DETENT: i32 = 4;
/// Minimum length of a pulse, in cycles of the APB clock, which is the maximum: 12.8 µs at 80 MHz, 25.6 µs at 40 MHz.
const FILTER: u16 = 1023;
/// Interval of reading the counter.
const INTERVAL: Duration = Duration::from_millis(20);

/// A rotary encoder with two contacts to ground. The hardware counts its edges, so that none is lost.
pub struct PulseCounter {
    unit: Unit<'static, 0>,
    /// Value that was read last.
    last: i16,
    /// Edges since the last whole detent, clockwise above 0.
    edges: i32,
}

impl PulseCounter {
    /// Returns the encoder on these pins. The contact of `a` closes first when the knob is turned clockwise.
    ///
    /// # Panics
    /// If the counter does not take its configuration, which does not depend on the board.
    pub fn new(counter: PCNT<'static>, a: impl InputPin + 'static, b: impl InputPin + 'static) -> Self {
        let pull_up = InputConfig::default().with_pull(Pull::Up);
        let (a, b) = (Input::new(a, pull_up).peripheral_input(), Input::new(b, pull_up).peripheral_input());
        let unit = Pcnt::new(counter).unit0;
        unit.set_low_limit(Some(-LIMIT)).expect("limit out of range");
        unit.set_high_limit(Some(LIMIT)).expect("limit out of range");
        unit.set_filter(Some(FILTER)).expect("filter out of range");
        // A falling edge of a while b is high is clockwise.
        let channel = &unit.channel0;
        channel.set_edge_signal(a.clone());
        channel.set_ctrl_signal(b.clone());
        channel.set_input_mode(EdgeMode::Increment, EdgeMode::Decrement);
        channel.set_ctrl_mode(CtrlMode::Reverse, CtrlMode::Keep);
        // A falling edge of b while a is low is clockwise.
        let channel = &unit.channel1;
        channel.set_edge_signal(b);
        channel.set_ctrl_signal(a);
        channel.set_input_mode(EdgeMode::Increment, EdgeMode::Decrement);
        channel.set_ctrl_mode(CtrlMode::Keep, CtrlMode::Reverse);
        unit.clear();
        unit.resume();
        Self { unit, last: 0, edges: 0 }
    }

    /// Returns the whole detents since the last call.
    fn detents(&mut self) -> i32 {
        let value = self.unit.value();
        self.edges += moved(self.last, value);
        self.last = value;
        let detents = self.edges / DETENT;
        self.edges %= DETENT;
        detents
    }
}

impl Encoder for PulseCounter {
    async fn turned(&mut self) -> i32 {
        loop {
            match self.detents() {
                0 => Timer::after(INTERVAL).await,
                detents => return detents,
            }
        }
    }
}

/// Returns the edges between two values of the counter, which may have become 0 at its limit.
const fn moved(last: i16, value: i16) -> i32 {
    let (limit, difference) = (LIMIT as i32, value as i32 - last as i32);
    if difference > limit / 2 {
        difference - limit
    } else if difference < -limit / 2 {
        difference + limit
    } else {
        difference
    }
}

// These are tests at compile time.
const _: () = {
    assert!(moved(0, 4) == 4 && moved(4, 0) == -4 && moved(-3, 2) == 5);
    assert!(moved(LIMIT - 1, 1) == 2 && moved(1 - LIMIT, -1) == -2);
    assert!(LIMIT as i32 % DETENT == 0);
};
