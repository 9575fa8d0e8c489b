//! The application `knob` with a rotary encoder: by the pulse counter, or by interrupts on a C3, which has none.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
#[cfg(not(feature = "esp32c3"))]
use esp32_examples::PulseCounter;
use esp32_examples::{BOARD, app, chip_config, parts, pin};
use instep_apps::knob;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    #[cfg(feature = "esp32c3")]
    let encoder = {
        use esp_hal::gpio::{Input, InputConfig, Pull};
        use instep_apps::Inverted;
        let pull_up = InputConfig::default().with_pull(Pull::Up);
        let contacts = (Input::new(pin!(chip, a), pull_up), Input::new(pin!(chip, b), pull_up));
        knob::Quadrature::new(Inverted(contacts.0), Inverted(contacts.1))
    };
    #[cfg(not(feature = "esp32c3"))]
    let encoder = PulseCounter::new(chip.PCNT, pin!(chip, a), pin!(chip, b));
    let mut board = instep_esp::start!(app!(knob::APP), BOARD, spawner, parts!(chip)).await;
    knob::run(board.device, &mut board.inbox, encoder).await;
}
