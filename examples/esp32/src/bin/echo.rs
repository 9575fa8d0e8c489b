//! The application `echo`, which has no hardware.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, app, chip_config, parts};
use instep_apps::echo;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let _board = instep_esp::start!(app!(echo::APP), BOARD, spawner, parts!(chip)).await;
    echo::run().await;
}
