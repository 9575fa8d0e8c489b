//! The application `console`, which shows the log of the firmware.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, app, chip_config, parts};
use instep_apps::console;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    instep_esp::log_also_to(console::note);
    let mut board = instep_esp::start!(app!(console::APP), BOARD, spawner, parts!(chip)).await;
    console::run(board.device, &mut board.inbox).await;
}
