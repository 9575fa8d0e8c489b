//! The application `chat`, which has no hardware.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, app, chip_config, parts};
use instep_apps::chat;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let mut board = instep_esp::start!(app!(chat::APP), BOARD, spawner, parts!(chip)).await;
    chat::run(board.device, &mut board.inbox).await;
}
