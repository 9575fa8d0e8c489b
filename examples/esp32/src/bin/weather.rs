//! The application `weather` with a BME280 on I2C.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use esp_hal::i2c::master::{Config, I2c};
use esp32_examples::{BOARD, app, chip_config, parts, pin};
use instep_apps::weather::{self, Bme280};

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(chip_config());
    let i2c = I2c::new(chip.I2C0, Config::default()).expect("I2C frequency out of range");
    let i2c = i2c.with_sda(pin!(chip, sda)).with_scl(pin!(chip, scl)).into_async();
    let mut board = instep_esp::start!(app!(weather::APP), BOARD, spawner, parts!(chip)).await;
    weather::run(board.device, &mut board.inbox, Bme280::new(i2c, false)).await;
}
