//! Image with instep, the application `led-json` and the networks of `baseline.rs`.
//!
//! It has no settings, no provisioning and no names. Its size minus that of `baseline.rs` is the size of instep, which
//! has a budget.

#![no_std]
#![no_main]

mod bare;

use embassy_executor::Spawner;
use esp_hal::gpio::{Level, Output, OutputConfig};
use instep::{Access, Limits};
use instep_apps::{Led, led_json};
use instep_embassy::Driver;

instep_embassy::resources! {
    struct Resources {
        limits: Limits::DEVICE, app: led_json::APP, buffers: (640, 1040),
        station: 8, access_point: 4
    }
}

static RESOURCES: Resources = Resources::new();
static ACCESS: Access = Access::new("device").with_ports(&[80]);

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let [access_point, station] = bare::start(spawner);
    let (server, mut inbox) = RESOURCES.start(&led_json::APP, &ACCESS);
    let drivers = [
        RESOURCES.access_point.driver(server, access_point, 80),
        RESOURCES.station.driver(server, station, 80),
    ];
    for driver in drivers {
        spawner.spawn(serve(driver).expect("task pool exhausted"));
    }
    // SAFETY: nothing else uses this pin.
    let pin = unsafe { esp_hal::gpio::AnyPin::steal(3) };
    let led = Led::new(Output::new(pin, Level::Low, OutputConfig::default()));
    led_json::run(server.device, &mut inbox, led).await;
}

#[embassy_executor::task(pool_size = 2)]
async fn serve(driver: &'static mut Driver) -> ! {
    driver.run().await
}
