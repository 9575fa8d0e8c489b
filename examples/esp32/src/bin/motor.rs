//! The application `motor` with an H-bridge: pulses for the speed, and two pins for the direction.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp32_examples::{BOARD, app, chip_config, parts, pin, pulses};
use instep_apps::motor::{self, Bridge};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let bridge = Bridge::new(
        pulses(chip.LEDC, pin!(chip, speed), false),
        Output::new(pin!(chip, forward), Level::Low, OutputConfig::default()),
        Output::new(pin!(chip, backward), Level::Low, OutputConfig::default()),
    );
    let mut board = instep_esp::start!(app!(motor::APP), BOARD, spawner, parts!(chip)).await;
    motor::run(board.device, &mut board.inbox, bridge).await;
}
