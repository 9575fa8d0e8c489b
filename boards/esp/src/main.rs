//! Firmware for chips of the ESP32 family.
//!
//! `cargo xtask firmware BOARD` builds it; see docs/guide/esp32.md.

#![no_std]
#![no_main]

mod application;
mod build_config;
mod disconnect;
mod light;
mod log;
mod memory;
mod network;
mod pin;
mod queues;
mod radio;
mod settings;
mod watchdog;

use crate::light::{Light, Outputs};
use crate::memory::{AP_STACK, BYTES_PER_CLIENT, RESOURCES, Resources, STATION_STACK};
use crate::network::{AP_ADDRESS, AP_PAGE, PORT};
use crate::radio::Radio;
use ::log::{error, info, warn};
use build_config::{APP, BOARD, DIMS, FRAMES, HOSTS, ORIGINS, POWER_UP};
use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, Ipv4Cidr, Runner, StackResources, StaticConfigV4};
#[cfg(feature = "backtrace")]
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Input, InputConfig, Pull};
use esp_hal::rng::Rng;
use esp_hal::timer::timg::TimerGroup;
use esp_radio::wifi::{Interface, WifiController};
use instep::access::{AllowHints, OPEN_TO_EVERYONE, Origins};
use instep::{Access, App};
use instep_apps::{Hardware, LED, Led};
use instep_embassy::{Driver, LogInResources, Server, SynFilter};
use instep_settings::{Kept, KeptSwitch, Settings};
use instep_wifi::name::Name;
use instep_wifi::setup::{SetUp, kept_password, tell_join_string};
use static_cell::StaticCell;

esp_bootloader_esp_idf::esp_app_desc!();

static SETTINGS: Settings = Settings::new();
static KEPT: Kept = Kept::by(&SETTINGS);
static NAME: StaticCell<Name> = StaticCell::new();
static ACCESS: StaticCell<Access> = StaticCell::new();
static AP_ACCESS: StaticCell<Access> = StaticCell::new();
static LOG_IN: LogInResources = LogInResources::new();
static SET_UP: StaticCell<SetUp> = StaticCell::new();

/// Starts everything, and runs the application.
#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // This comes first, so that the output is off at once.
    let (pin, dimmer) = <Light<DIMS> as Outputs>::new(chip.LEDC);
    let led = Led::kept(pin, KeptSwitch::new(Kept::by(&SETTINGS), LED, POWER_UP));
    let mut board = Hardware::new(led).with_dimmer(dimmer);
    log::start();
    info!("\ninstep {} on {} ({})", env!("CARGO_PKG_VERSION"), BOARD.name, BOARD.chip);
    match esp_hal::system::reset_reason() {
        Some(reason) => info!("Reset reason: {reason:?}"),
        None => info!("Reset reason: unknown"),
    }
    queues::init_heap();
    let timers = TimerGroup::new(chip.TIMG0);
    esp_rtos::start(timers.timer0, chip.FROM_CPU_INTR0);
    let feeding = watchdog::start(timers.wdt);

    let keeper = settings::open(&SETTINGS, chip.FLASH).await;
    SETTINGS.take_build(build_config::settings());
    // The output is restored before the network starts.
    board.led.begin();

    let station = Interface::station();
    let name = build_config::name(SETTINGS.device_name(), station.mac_address());
    let app = app();
    let access = Access::new(NAME.init(name).as_str())
        .with_hosts(HOSTS)
        .with_origins(const { Origins::of(ORIGINS) })
        .with_frames(FRAMES)
        .with_ports(&[PORT])
        .with_hints(AllowHints::BUILD);
    let ap_access = AP_ACCESS.init(access.with_portal(AP_PAGE));
    let (server, mut inbox) = RESOURCES.start(app, ACCESS.init(access));
    if const { build_config::keeps_properties() } {
        inbox.keep_in(&KEPT);
    }
    info!("Application {}: {}", app.name(), app.about());
    info!(
        "Memory: {} bytes for the server, including {BYTES_PER_CLIENT} for each client and {} for the TCP buffers of each socket; {} are left for the stack",
        Resources::SIZE,
        memory::RECEIVE + memory::SEND,
        memory::stack_left()
    );
    info!("Starting WiFi...");
    let controller = WifiController::new(chip.WIFI, queues::controller_config());

    spawner.spawn(log::write().expect("task pool exhausted"));
    spawner.spawn(feeding.expect("task pool exhausted"));
    // The boot id comes after the start of the radio, which is the source of random numbers.
    server.device.set_boot_id(Rng::new().random());
    let log_in = match kept_password(&SETTINGS) {
        Some(password) => LOG_IN.start(password, random),
        None => LOG_IN.start_without_password(random),
    };
    let set_up = SET_UP.init_with(|| SetUp::new(&SETTINGS, name, log_in));
    spawner.spawn(settings::store(set_up, keeper).expect("task pool exhausted"));
    let button = Input::new(pin::pin(BOARD.button), InputConfig::default().with_pull(Pull::Up));
    spawner.spawn(settings::watch_button(button, set_up).expect("task pool exhausted"));

    let server = server.with_log_in(log_in).with_board(set_up);
    let access = if log_in.is_on() { "" } else { OPEN_TO_EVERYONE };
    server.device.set_page_value("ACCESS", access);
    match controller {
        // The application runs without a network.
        Err(problem) => error!("WiFi does not start: {problem}; the device runs without a network"),
        Ok(controller) => {
            if !access.is_empty() {
                warn!("There is no password: this device is {access}");
            }
            let mut dhcp = DhcpConfig::default();
            dhcp.hostname = name.as_str().try_into().ok();
            let resources = STATION_STACK.init_with(StackResources::new);
            let (station, runner) = embassy_net::new(
                RESOURCES.station.filter(station, PORT),
                Config::dhcpv4(dhcp),
                resources,
                seed(),
            );
            spawner.spawn(run_network(runner).expect("task pool exhausted"));

            let config = Config::ipv4_static(StaticConfigV4 {
                address: Ipv4Cidr::new(AP_ADDRESS, 24),
                gateway: None,
                dns_servers: Default::default(),
            });
            let resources = AP_STACK.init_with(StackResources::new);
            let (access_point, runner) = embassy_net::new(
                RESOURCES.access_point.filter(Interface::access_point(), PORT),
                config,
                resources,
                seed(),
            );
            spawner.spawn(run_network(runner).expect("task pool exhausted"));

            let driver = RESOURCES.station.driver(server, station, PORT);
            spawner.spawn(serve(driver).expect("task pool exhausted"));
            let driver =
                RESOURCES.access_point.driver(Server { access: ap_access, ..server }, access_point, PORT);
            spawner.spawn(serve(driver).expect("task pool exhausted"));
            network::serve(spawner, set_up, name, station, access_point);

            let protection = radio::protection(&SETTINGS);
            tell_join_string(&name, protection);
            let radio = Radio::new(controller, station, &name, protection);
            spawner.spawn(run_radio(set_up, radio).expect("task pool exhausted"));
            spawner.spawn(check_passwords(server).expect("task pool exhausted"));
            spawner.spawn(set_passwords(set_up, server).expect("task pool exhausted"));
        }
    }
    application::run(server.device, &mut inbox, board).await;
}

#[embassy_executor::task(pool_size = 2)]
async fn run_network(mut runner: Runner<'static, SynFilter<Interface>>) -> ! {
    runner.run().await
}

#[embassy_executor::task(pool_size = 2)]
async fn serve(driver: &'static mut Driver) -> ! {
    driver.run().await
}

#[embassy_executor::task]
async fn run_radio(set_up: &'static SetUp, radio: Radio) -> ! {
    instep_wifi::setup::run(set_up, radio).await
}

#[embassy_executor::task]
async fn check_passwords(server: Server) -> ! {
    server.check_passwords().await
}

#[embassy_executor::task]
async fn set_passwords(set_up: &'static SetUp, server: Server) -> ! {
    set_up.set_passwords(server.device, random).await
}

/// Returns the application, with the user's own page if there is one.
#[cfg(not(any(has_page, has_folder)))]
fn app() -> &'static App {
    APP
}

#[cfg(has_page)]
fn app() -> &'static App {
    static WITH_PAGE: StaticCell<App> = StaticCell::new();
    WITH_PAGE.init(APP.with_page("/", include!(concat!(env!("OUT_DIR"), "/page.rs"))))
}

/// Returns the application with a page from a folder.
#[cfg(has_folder)]
fn app() -> &'static App {
    static FILES: instep::folder::Files =
        instep::folder::Files(include!(concat!(env!("OUT_DIR"), "/pages.rs")));
    static WITH_FOLDER: App = APP.with_folder(&FILES);
    &WITH_FOLDER
}

fn random(bytes: &mut [u8]) {
    Rng::new().read(bytes);
}

/// Returns a random seed, which makes TCP's sequence numbers unpredictable.
fn seed() -> u64 {
    let random = Rng::new();
    u64::from(random.random()) << 32 | u64::from(random.random())
}
