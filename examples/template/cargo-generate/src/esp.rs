//! Firmware for the board {{board}}. A board of your own is another name and other pins in this file.

use crate::device;
use embassy_executor::Spawner;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Input, InputConfig, Level, Output, OutputConfig, Pull};
use instep_esp::Parts;

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    // The fastest clock; the radio needs at least 80 MHz.
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    {{led_note}}let pump = Output::new({{pump}}, Level::Low, OutputConfig::default());
    // If the button is held for 10 s, the settings are cleared.
    let button = Input::new({{button}}, InputConfig::default().with_pull(Pull::Up));
    let parts = Parts {
        wifi: chip.WIFI,
        flash: chip.FLASH,
        timers: chip.TIMG0,
        interrupt: chip.FROM_CPU_INTR0,
        button: Some(button),
    };
    let mut board = instep_esp::start!(device::APP, "{{board}}", spawner, parts).await;
    device::run(board.device, &mut board.inbox, pump).await
}
