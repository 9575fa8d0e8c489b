//! The start of the device.

use crate::config::{self, FRAMES, HOSTS, ORIGINS, POWER_UP};
use crate::limits::{RECEIVE, SEND, stack_left};
use crate::lines;
use crate::log;
use crate::memory::ServerMemory;
use crate::networks::{self, Networks};
use crate::servers::{AP_PAGE, PORT};
#[cfg(feature = "update")]
use crate::update;
use crate::{flash, queues, settings, watchdog};
use embassy_executor::Spawner;
use esp_hal::gpio::Input;
use esp_hal::peripherals::{FLASH, FROM_CPU_INTR0, TIMG0, WIFI};
use esp_hal::timer::timg::TimerGroup;
use esp_radio::wifi::Interface;
use instep::access::{AllowHints, Origins};
use instep::{Access, Device, Inbox};
use instep_settings::{Kept, KeptName, KeptSwitch, Settings};
use instep_wifi::name::Name;
use static_cell::StaticCell;

static SETTINGS: Settings = Settings::new();
static KEPT: Kept = Kept::by(&SETTINGS);
static NAME: StaticCell<Name> = StaticCell::new();
static ACCESS: StaticCell<Access> = StaticCell::new();
static AP_ACCESS: StaticCell<Access> = StaticCell::new();

/// Peripherals of the chip that the device needs. All others remain the application's.
#[derive(Debug)]
pub struct Parts {
    /// The radio.
    pub wifi: WIFI<'static>,
    /// The flash, for the settings.
    pub flash: FLASH<'static>,
    /// Timers, for the scheduler and the watchdog.
    pub timers: TIMG0<'static>,
    /// An interrupt, for the scheduler.
    pub interrupt: FROM_CPU_INTR0<'static>,
    /// Input of a button to ground, such as BOOT, with a pull-up. If it is held for 10 s, the settings are cleared.
    pub button: Option<Input<'static>>,
}

/// A device that has started.
#[derive(Debug)]
pub struct Board {
    /// The device, to which the application publishes.
    pub device: &'static Device,
    /// The messages of the clients.
    pub inbox: Inbox<'static>,
}

impl Board {
    /// Returns the stored state of a switch. `INSTEP_POWER_UP` decides whether it is on at power-up.
    pub const fn kept_switch(&self, name: KeptName) -> KeptSwitch<'static> {
        KeptSwitch::new(Kept::by(&SETTINGS), name, POWER_UP)
    }
}

/// Starts the device for [`start!`](crate::start!).
pub async fn start<M: ServerMemory>(spawner: Spawner, board: &'static str, parts: Parts) -> Board {
    log::start();
    lines::info(format_args!("\ninstep {} on {board} ({})", env!("CARGO_PKG_VERSION"), esp_hal::chip!()));
    match esp_hal::system::reset_reason() {
        Some(reason) => lines::info(format_args!("Reset reason: {reason:?}")),
        None => lines::info(format_args!("Reset reason: unknown")),
    }
    queues::init_heap();
    let timers = TimerGroup::new(parts.timers);
    let feeding = watchdog::start(timers.wdt);
    esp_rtos::start(timers.timer0, parts.interrupt);

    let opened = flash::open(parts.flash);
    // Before all else, because this counts the start of an image that is on trial.
    #[cfg(feature = "update")]
    let firmware = update::start(opened.images, opened.slots, M::identity());
    let keeper = settings::open(&SETTINGS, opened.flash, opened.settings).await;
    SETTINGS.take_build(config::settings());

    let station = Interface::station();
    let name = config::name(SETTINGS.device_name(), station.mac_address());
    let app = M::app();
    let access = Access::new(NAME.init(name).as_str())
        .with_hosts(HOSTS)
        .with_origins(const { Origins::of(ORIGINS) })
        .with_frames(FRAMES)
        .with_ports(&[PORT])
        .with_hints(AllowHints::BUILD);
    let ap_access = AP_ACCESS.init(access.with_portal(AP_PAGE));
    let (server, mut inbox) = M::start(ACCESS.init(access));
    #[cfg(feature = "update")]
    let server = firmware.as_ref().map_or(server, |firmware| server.with_update(firmware.upload()));
    if M::KEEPS_PROPERTIES {
        inbox.keep_in(&KEPT);
    }
    lines::info(format_args!("Application {}: {}", app.name(), app.about()));
    lines::info(format_args!(
        "Memory: {} bytes for the server, including {} for each client and {} for the TCP buffers of each socket; {} are left for the stack",
        M::SIZE,
        M::BYTES_PER_CLIENT,
        RECEIVE + SEND,
        stack_left()
    ));
    spawner.spawn(feeding.expect("task pool exhausted"));
    #[cfg(feature = "mqtt")]
    let mac = station.mac_address();
    let networks = Networks {
        settings: &SETTINGS,
        keeper,
        name,
        server,
        ap_access,
        wifi: parts.wifi,
        button: parts.button,
        interfaces: M::filter(station, Interface::access_point()),
        drivers: M::drivers,
        #[cfg(feature = "mqtt")]
        mac,
        #[cfg(feature = "update")]
        firmware,
    };
    spawner.spawn(networks::run(spawner, networks).expect("task pool exhausted"));
    Board { device: server.device, inbox }
}
