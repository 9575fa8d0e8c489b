//! The start of the networks, with everything that serves them.

use crate::limits::{AP_SOCKETS, BROKER_SOCKETS, STATION_SOCKETS};
use crate::lines;
use crate::radio::{self, Radio};
use crate::servers::{self, AP_ADDRESS};
use crate::settings::{self, Keeper};
use crate::{log, queues};
use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use esp_hal::gpio::Input;
use esp_hal::peripherals::WIFI;
use esp_hal::rng::Rng;
use esp_radio::wifi::{Interface, WifiController};
use instep::access::OPEN_TO_EVERYONE;
use instep::{Access, Device, Instant, LogIn};
use instep_embassy::{Driver, LogInResources, Server, SynFilter};
use instep_settings::Settings;
use instep_wifi::name::Name;
use instep_wifi::setup::{SetUp, kept_password, tell_join_string};
use static_cell::StaticCell;

static LOG_IN: LogInResources = LogInResources::new();
static SET_UP: StaticCell<SetUp> = StaticCell::new();
static STATION_STACK: StaticCell<StackResources<{ STATION_SOCKETS + BROKER_SOCKETS }>> = StaticCell::new();
static AP_STACK: StaticCell<StackResources<AP_SOCKETS>> = StaticCell::new();

/// Parts of the device that the networks need.
pub(crate) struct Networks {
    pub(crate) settings: &'static Settings,
    pub(crate) keeper: Keeper,
    pub(crate) name: Name,
    pub(crate) server: Server,
    /// Access rules of the device's own network.
    pub(crate) ap_access: &'static Access,
    pub(crate) wifi: WIFI<'static>,
    pub(crate) button: Option<Input<'static>>,
    /// Interfaces of the joined network and of the device's own network.
    pub(crate) interfaces: [SynFilter<Interface>; 2],
    /// Function that returns the drivers of both networks.
    pub(crate) drivers: fn([Server; 2], [Stack<'static>; 2]) -> [&'static mut Driver; 2],
    /// Hardware address of the joined network's interface.
    #[cfg(feature = "mqtt")]
    pub(crate) mac: [u8; 6],
    #[cfg(feature = "update")]
    pub(crate) firmware: Option<&'static mut instep_embassy::update::Firmware>,
}

/// Starts the networks, then runs the radio.
///
/// The task runs for the first time when the application waits, after it has set its outputs.
#[embassy_executor::task]
pub(crate) async fn run(spawner: Spawner, networks: Networks) {
    let Networks { settings, keeper, name, server, ap_access, wifi, button, interfaces, drivers, .. } =
        networks;
    #[cfg(feature = "mqtt")]
    let mac = networks.mac;
    #[cfg(feature = "update")]
    let firmware = networks.firmware;
    lines::info(format_args!("Starting WiFi..."));
    let controller = WifiController::new(wifi, queues::controller_config());

    spawner.spawn(log::write().expect("task pool exhausted"));
    // The boot id comes after the start of the radio, which is the source of random numbers.
    server.device.set_boot_id(Rng::new().random());
    let log_in = match kept_password(settings) {
        Some(password) => LOG_IN.start(password, random),
        None => LOG_IN.start_without_password(random),
    };
    let set_up: &SetUp = SET_UP.init_with(|| SetUp::new(settings, name, log_in));
    spawner.spawn(settings::store(set_up, keeper).expect("task pool exhausted"));
    if let Some(button) = button {
        spawner.spawn(settings::watch_button(button, set_up).expect("task pool exhausted"));
    }

    let server = server.with_log_in(log_in).with_board(set_up);
    let access = if log_in.is_on() { "" } else { OPEN_TO_EVERYONE };
    server.device.set_page_value("ACCESS", access);
    let controller = match controller {
        Ok(controller) => controller,
        // The application runs without a network.
        Err(problem) => {
            lines::error(format_args!("WiFi does not start: {problem}; the device runs without a network"));
            // An image on trial is given up without a network, too.
            #[cfg(feature = "update")]
            crate::update::spawn(spawner, firmware, None, server.device, set_up);
            return;
        }
    };
    if !access.is_empty() {
        lines::warn(format_args!("There is no password: this device is {access}"));
    }
    let [station, access_point] = interfaces;
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = name.as_str().try_into().ok();
    let resources = STATION_STACK.init_with(StackResources::new);
    let (station, runner) = embassy_net::new(station, Config::dhcpv4(dhcp), resources, seed());
    spawner.spawn(run_network(runner).expect("task pool exhausted"));

    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(AP_ADDRESS, 24),
        gateway: None,
        dns_servers: Default::default(),
    });
    let resources = AP_STACK.init_with(StackResources::new);
    let (access_point, runner) = embassy_net::new(access_point, config, resources, seed());
    spawner.spawn(run_network(runner).expect("task pool exhausted"));

    for driver in drivers([server, Server { access: ap_access, ..server }], [station, access_point]) {
        spawner.spawn(serve(driver).expect("task pool exhausted"));
    }
    servers::serve(spawner, set_up, name, station, access_point);
    #[cfg(feature = "mqtt")]
    crate::broker::start(spawner, settings, server, station, &name, mac);
    #[cfg(feature = "update")]
    crate::update::spawn(spawner, firmware, Some([station, access_point]), server.device, set_up);

    let protection = radio::protection(settings);
    tell_join_string(&name, protection);
    let radio = Radio::new(controller, station, &name, protection);
    spawner.spawn(check_passwords(log_in).expect("task pool exhausted"));
    spawner.spawn(set_passwords(set_up, server.device).expect("task pool exhausted"));
    instep_wifi::setup::run(set_up, radio).await
}

#[embassy_executor::task(pool_size = 2)]
async fn run_network(mut runner: Runner<'static, SynFilter<Interface>>) -> ! {
    runner.run().await
}

#[embassy_executor::task(pool_size = 2)]
async fn serve(driver: &'static mut Driver) -> ! {
    driver.run().await
}

// The tasks get parts of the server, because the future of a task has its arguments twice.
#[embassy_executor::task]
async fn check_passwords(log_in: &'static LogIn) -> ! {
    log_in.check_passwords(|| Instant::from_millis(embassy_time::Instant::now().as_millis())).await
}

#[embassy_executor::task]
async fn set_passwords(set_up: &'static SetUp, device: &'static Device) -> ! {
    set_up.set_passwords(device, random).await
}

fn random(bytes: &mut [u8]) {
    Rng::new().read(bytes);
}

/// Returns a random seed, which makes TCP's sequence numbers unpredictable.
fn seed() -> u64 {
    let random = Rng::new();
    u64::from(random.random()) << 32 | u64::from(random.random())
}
