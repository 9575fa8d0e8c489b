//! Code that the example applications share on boards with an ESP32 chip.
//!
//! A feature selects the board. Each file in `src/bin` is the firmware of one application.

#![no_std]

mod adc;
mod board;
mod board_led;
mod page;
mod pins;
#[cfg(not(feature = "esp32c3"))]
mod pulse_counter;
mod pulses;
mod rgb;

pub use adc::Voltage;
pub use board::{BOARD, LED_IS_INVERTED};
pub use board_led::BoardLed;
pub use page::app_of_binary;
#[cfg(not(feature = "esp32c3"))]
pub use pulse_counter::PulseCounter;
pub use pulses::pulses;
pub use rgb::Rgb;

use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Input, InputConfig, InputPin, Pull};

/// Returns the configuration of the chip: its fastest clock, of which the radio needs at least 80 MHz.
pub fn chip_config() -> esp_hal::Config {
    esp_hal::Config::default().with_cpu_clock(CpuClock::max())
}

/// Returns the input of the board's button, which is low while the button is held.
pub fn button(pin: impl InputPin + 'static) -> Input<'static> {
    Input::new(pin, InputConfig::default().with_pull(Pull::Up))
}

/// Takes the parts of the chip that the device needs.
#[macro_export]
macro_rules! parts {
    ($chip:ident) => {
        ::instep_esp::Parts {
            wifi: $chip.WIFI,
            flash: $chip.FLASH,
            timers: $chip.TIMG0,
            interrupt: $chip.FROM_CPU_INTR0,
            button: Some($crate::button($crate::button_pin!($chip))),
        }
    };
}

/// Panic handler for the stand-in compiler, which cannot compile esp-backtrace. It never runs.
#[cfg(not(feature = "backtrace"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
