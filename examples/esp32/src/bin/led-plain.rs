//! The application `led-plain` on the board's LED.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, BoardLed, app, chip_config, led_pin, parts};
use instep_apps::{LED, Led, led_plain};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let pin = BoardLed::new(led_pin!(chip));
    let mut board = instep_esp::start!(app!(led_plain::APP), BOARD, spawner, parts!(chip)).await;
    let led = Led::kept(pin, board.kept_switch(LED));
    led_plain::run(board.device, &mut board.inbox, led).await;
}
