//! Pins of a board, by number.

use esp_hal::gpio::AnyPin;

/// Returns the pin with that number.
pub fn pin(number: u8) -> AnyPin<'static> {
    // SAFETY: this firmware uses only the pins of the LED and the button, each once.
    unsafe { AnyPin::steal(number) }
}
