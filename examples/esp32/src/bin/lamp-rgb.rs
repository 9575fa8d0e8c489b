//! The application `lamp-rgb`: a lamp on a WS2812, the coloured LED of most boards.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, Rgb, app, chip_config, parts, pin};
use instep_apps::{Dimmed, LED, Led, lamp};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let light = Dimmed::new(Rgb::new(chip.RMT, pin!(chip, rgb)));
    let mut board = instep_esp::start!(app!(lamp::RGB), BOARD, spawner, parts!(chip)).await;
    let led = Led::kept(&light, board.kept_switch(LED));
    lamp::run(board.device, &mut board.inbox, led, &light).await;
}
