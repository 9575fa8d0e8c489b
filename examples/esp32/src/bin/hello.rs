//! The application `hello`, which has no hardware.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, app, chip_config, parts};
use instep_apps::hello;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let _board = instep_esp::start!(app!(hello::APP), BOARD, spawner, parts!(chip)).await;
    hello::run().await;
}
