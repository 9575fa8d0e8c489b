//! The application `lamp` on a WS2812, the coloured LED of most boards.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, Rgb, chip_config, parts, pin, with_page};
use instep_apps::{Dimmed, LED, Led, lamp};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let light = Dimmed::new(Rgb::new(chip.RMT, pin!(chip, rgb)));
    let mut board = instep_esp::start!(with_page(lamp::APP), BOARD, spawner, parts!(chip)).await;
    let led = Led::kept(&light, board.kept_switch(LED));
    lamp::run(board.device, &mut board.inbox, led, &light).await;
}
