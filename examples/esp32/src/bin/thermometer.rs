//! The application `thermometer` with a DS18B20.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp_hal::delay::Delay;
use esp_hal::gpio::{DriveMode, Flex, OutputConfig};
use esp32_examples::{BOARD, app, chip_config, parts, pin};
use instep_apps::thermometer::{self, Ds18b20};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let mut wire = Flex::new(pin!(chip, wire));
    wire.apply_output_config(&OutputConfig::default().with_drive_mode(DriveMode::OpenDrain));
    wire.set_high();
    wire.set_input_enable(true);
    wire.set_output_enable(true);
    let mut board = instep_esp::start!(app!(thermometer::APP), BOARD, spawner, parts!(chip)).await;
    thermometer::run(board.device, &mut board.inbox, Ds18b20::new(wire, Delay::new())).await;
}
