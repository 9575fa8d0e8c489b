//! Pulse-width modulation by the chip's LEDC.

use esp_hal::gpio::{DriveMode, OutputPin};
use esp_hal::ledc::channel::{self, Channel, ChannelIFace as _};
use esp_hal::ledc::timer::{self, LSClockSource, Timer, TimerIFace as _};
use esp_hal::ledc::{LSGlobalClkSource, Ledc, LowSpeed};
use esp_hal::peripherals::LEDC;
use esp_hal::time::Rate;
use static_cell::StaticCell;

/// Frequency of the pulses, which is neither visible nor audible enough to disturb.
const FREQUENCY: Rate = Rate::from_khz(5);

/// Starts pulses on a pin, which is low for the whole period, or high if it is inverted.
///
/// The duty cycle has 256 steps.
///
/// # Panics
/// If it is called twice.
pub fn pulses(
    ledc: LEDC<'static>,
    pin: impl OutputPin + 'static,
    is_inverted: bool,
) -> Channel<'static, LowSpeed> {
    static TIMER: StaticCell<Timer<'static, LowSpeed>> = StaticCell::new();
    let mut ledc = Ledc::new(ledc);
    ledc.set_global_slow_clock(LSGlobalClkSource::APBClk);
    let timer = TIMER.init(ledc.timer(timer::Number::Timer0));
    let wanted = timer::config::Config {
        duty: timer::config::Duty::Duty8Bit,
        clock_source: LSClockSource::APBClk,
        frequency: FREQUENCY,
    };
    timer.configure(wanted).expect("LEDC timer frequency out of range");
    let mut channel = ledc.channel(channel::Number::Channel0, pin);
    let off = channel::config::Config {
        timer,
        duty_pct: if is_inverted { 100 } else { 0 },
        drive_mode: DriveMode::PushPull,
    };
    channel.configure(off).expect("LEDC timer not configured");
    channel
}
