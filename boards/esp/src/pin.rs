//! The pins of a board, by number.

use esp_hal::gpio::AnyPin;

pub fn pin(number: u8) -> AnyPin<'static> {
    // SAFETY: the LED and the button are all that this firmware uses, each once.
    unsafe { AnyPin::steal(number) }
}
