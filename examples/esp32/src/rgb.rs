//! The coloured LED of a board, a WS2812, by the chip's RMT.

use esp_hal::Blocking;
use esp_hal::gpio::OutputPin;
use esp_hal::peripherals::RMT;
use esp_hal::rmt::Rmt;
use esp_hal::time::Rate;
use esp_hal_smartled::color_order::Grb;
use esp_hal_smartled::{AdapterError, RmtSmartLeds, WS2812B_TIMING, buffer_size};
use instep_apps::Light;
use smart_leds_trait::{RGB8, SmartLedsWrite as _};

/// Clock of the RMT, of which a pulse is a multiple.
const CLOCK: Rate = Rate::from_mhz(80);

type Leds = RmtSmartLeds<'static, { buffer_size::<RGB8>(1) }, Blocking, RGB8, Grb>;

/// One WS2812, which shows a level as white.
///
/// The level is that of the pulses, so the eye sees the lower half of the range change most.
pub struct Rgb(Leds);

impl Rgb {
    /// Returns the LED on that pin.
    ///
    /// # Panics
    /// If the RMT does not take its configuration, which does not depend on the board.
    pub fn new(rmt: RMT<'static>, pin: impl OutputPin + 'static) -> Self {
        let rmt = Rmt::new(rmt, CLOCK).expect("RMT frequency out of range");
        Self(Leds::new(WS2812B_TIMING, rmt.channel0, pin, CLOCK).expect("RMT channel not configured"))
    }
}

impl Light for Rgb {
    type Error = AdapterError;

    fn show(&mut self, level: u8) -> Result<(), AdapterError> {
        self.0.write([RGB8::new(level, level, level)])
    }
}
