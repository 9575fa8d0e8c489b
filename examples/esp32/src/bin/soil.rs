//! The application `soil` with a sensor whose output is a voltage.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, Voltage, app, chip_config, parts, pin};
use instep_apps::soil;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let sensor = Voltage::new(chip.ADC1, pin!(chip, soil));
    let mut board = instep_esp::start!(app!(soil::APP), BOARD, spawner, parts!(chip)).await;
    soil::run(board.device, &mut board.inbox, sensor).await;
}
