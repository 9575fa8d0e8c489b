//! The application `lamp` on the board's LED, which is dimmed by pulse width.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp32_examples::{BOARD, LED_IS_INVERTED, app, chip_config, led_pin, parts, pulses};
use instep_apps::{Dimmed, LED, Led, Light as _, Pulses, lamp};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let mut pulses = Pulses(pulses(chip.LEDC, led_pin!(chip), LED_IS_INVERTED));
    let light = Dimmed::new(|level| pulses.show(if LED_IS_INVERTED { u8::MAX - level } else { level }));
    let mut board = instep_esp::start!(app!(lamp::APP), BOARD, spawner, parts!(chip)).await;
    let led = Led::kept(&light, board.kept_switch(LED));
    lamp::run(board.device, &mut board.inbox, led, &light).await;
}
