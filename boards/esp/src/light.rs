//! The LED: a level, or pulse-width modulation for an application that dims it.
//!
//! Only one of them is linked.

use crate::build_config::BOARD;
use crate::pin::pin;
use core::cell::Cell;
use core::convert::Infallible;
use embedded_hal::digital::{ErrorType, OutputPin};
use embedded_hal::pwm::{self, SetDutyCycle};
use esp_hal::gpio::{DriveMode, Level, Output, OutputConfig};
use esp_hal::ledc::channel::{self, Channel, ChannelHW as _, ChannelIFace as _};
use esp_hal::ledc::timer::{self, LSClockSource, Timer, TimerIFace as _};
use esp_hal::ledc::{LSGlobalClkSource, Ledc, LowSpeed};
use esp_hal::peripherals::LEDC;
use esp_hal::time::Rate;
use instep_apps::NoDimmer;
use static_cell::StaticCell;

/// Frequency of the pulses, which is neither visible nor audible.
const FREQUENCY: Rate = Rate::from_khz(5);
/// Maximum duty, in 1/256 of a pulse.
const FULL: u16 = 256;

/// Type of the LED's output. `DIMS` is whether the application dims the LED.
pub struct Light<const DIMS: bool>;

/// Pin and dimmer of the LED.
pub trait Outputs {
    /// Pin that switches the LED.
    type Pin: OutputPin;
    /// Dimmer of the LED.
    type Dimmer: SetDutyCycle;

    /// Returns both, with the LED off.
    fn new(pulses: LEDC<'static>) -> (Self::Pin, Self::Dimmer);
}

impl Outputs for Light<false> {
    type Pin = Switched;
    type Dimmer = NoDimmer;

    fn new(_: LEDC<'static>) -> (Switched, NoDimmer) {
        let pin = Output::new(pin(BOARD.led), Switched::level(false), OutputConfig::default());
        (Switched(pin), NoDimmer)
    }
}

impl Outputs for Light<true> {
    type Pin = &'static Dimmed;
    type Dimmer = &'static Dimmed;

    fn new(pulses: LEDC<'static>) -> (&'static Dimmed, &'static Dimmed) {
        static DIMMED: StaticCell<Dimmed> = StaticCell::new();
        let dimmed: &Dimmed = DIMMED.init(Dimmed::new(pulses));
        (dimmed, dimmed)
    }
}

/// Pin of the LED. Low is off and high is on, even if the LED is inverted.
pub struct Switched(Output<'static>);

impl Switched {
    fn level(on: bool) -> Level {
        Level::from(on != BOARD.led_inverted)
    }
}

impl ErrorType for Switched {
    type Error = Infallible;
}

impl OutputPin for Switched {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set_level(Self::level(false));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set_level(Self::level(true));
        Ok(())
    }
}

/// Pulse-width modulated pin of the LED, which is both its pin and its dimmer.
pub struct Dimmed {
    channel: Channel<'static, LowSpeed>,
    on: Cell<bool>,
    /// Brightness while the LED is on, in parts of [`FULL`].
    brightness: Cell<u16>,
}

impl Dimmed {
    fn new(pulses: LEDC<'static>) -> Self {
        static TIMER: StaticCell<Timer<'static, LowSpeed>> = StaticCell::new();
        let mut pulses = Ledc::new(pulses);
        pulses.set_global_slow_clock(LSGlobalClkSource::APBClk);
        let timer = TIMER.init(pulses.timer(timer::Number::Timer0));
        let wanted = timer::config::Config {
            duty: timer::config::Duty::Duty8Bit,
            clock_source: LSClockSource::APBClk,
            frequency: FREQUENCY,
        };
        timer.configure(wanted).expect("LEDC timer frequency out of range");
        let mut channel = pulses.channel(channel::Number::Channel0, pin(BOARD.led));
        let off = channel::config::Config {
            timer,
            duty_pct: if BOARD.led_inverted { 100 } else { 0 },
            drive_mode: DriveMode::PushPull,
        };
        channel.configure(off).expect("LEDC timer not configured");
        Self { channel, on: Cell::new(false), brightness: Cell::new(FULL) }
    }

    fn show(&self) {
        self.channel.set_duty_hw(high(self.on.get(), self.brightness.get(), BOARD.led_inverted).into());
    }
}

/// Returns the duty of the pin, in parts of [`FULL`].
const fn high(on: bool, brightness: u16, inverted: bool) -> u16 {
    let lit = match (on, brightness > FULL) {
        (false, _) => 0,
        (true, true) => FULL,
        (true, false) => brightness,
    };
    if inverted { FULL - lit } else { lit }
}

// These are tests at compile time.
const _: () = {
    assert!(high(false, FULL, false) == 0 && high(true, FULL, false) == FULL && high(true, 64, false) == 64);
    assert!(high(false, FULL, true) == FULL && high(true, FULL, true) == 0 && high(true, 64, true) == 192);
    assert!(high(true, u16::MAX, false) == FULL && high(true, u16::MAX, true) == 0);
};

impl ErrorType for &Dimmed {
    type Error = Infallible;
}

impl OutputPin for &Dimmed {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.on.set(false);
        self.show();
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.on.set(true);
        self.show();
        Ok(())
    }
}

impl pwm::ErrorType for &Dimmed {
    type Error = Infallible;
}

impl SetDutyCycle for &Dimmed {
    fn max_duty_cycle(&self) -> u16 {
        FULL
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Infallible> {
        self.brightness.set(duty);
        self.show();
        Ok(())
    }
}
