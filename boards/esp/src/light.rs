//! The LED: a level, or, for the application that dims it, a pulse width. Only the one that is needed is linked.

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

/// Of the pulses: nobody sees or hears them.
const FREQUENCY: Rate = Rate::from_khz(5);
/// On all the time, in the parts of a pulse: 8 bits of them.
const FULL: u16 = 256;

/// The LED's output and what dims it, by whether the application dims it.
pub struct Light<const DIMS: bool>;

/// What a board has for it.
pub trait Outputs {
    /// What switches it.
    type Pin: OutputPin;
    /// What dims it.
    type Dimmer: SetDutyCycle;

    /// Both, and the LED off.
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

/// Its pin: low and high are off and on, however it is connected.
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

/// Its pin by pulse width: whoever switches it and whoever dims it have the same.
pub struct Dimmed {
    channel: Channel<'static, LowSpeed>,
    on: Cell<bool>,
    /// How bright it is while it is on, in parts of [`FULL`].
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
        timer.configure(wanted).expect("every chip's clock can be divided to that");
        let mut channel = pulses.channel(channel::Number::Channel0, pin(BOARD.led));
        let off = channel::config::Config {
            timer,
            duty_pct: if BOARD.led_inverted { 100 } else { 0 },
            drive_mode: DriveMode::PushPull,
        };
        channel.configure(off).expect("its timer is configured");
        Self { channel, on: Cell::new(false), brightness: Cell::new(FULL) }
    }

    fn show(&self) {
        self.channel.set_duty_hw(high(self.on.get(), self.brightness.get(), BOARD.led_inverted).into());
    }
}

/// How long the pin is high, in parts of [`FULL`].
const fn high(on: bool, brightness: u16, inverted: bool) -> u16 {
    let lit = match (on, brightness > FULL) {
        (false, _) => 0,
        (true, true) => FULL,
        (true, false) => brightness,
    };
    if inverted { FULL - lit } else { lit }
}

// Tested where it is compiled.
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
