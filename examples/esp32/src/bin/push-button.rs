//! The application `push-button` with a button to ground.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp_hal::gpio::{Input, InputConfig, Pull};
use esp32_examples::{BOARD, BoardLed, app, chip_config, led_pin, parts, pin};
use instep_apps::{Inverted, LED, Led, push_button};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let pin = BoardLed::new(led_pin!(chip));
    let button = Input::new(pin!(chip, button), InputConfig::default().with_pull(Pull::Up));
    let mut board = instep_esp::start!(app!(push_button::APP), BOARD, spawner, parts!(chip)).await;
    let led = Led::kept(pin, board.kept_switch(LED));
    push_button::run(board.device, &mut board.inbox, led, Inverted(button)).await;
}
