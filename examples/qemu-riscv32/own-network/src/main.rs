//! A device with its own network, on `qemu-system-riscv32 -M virt`.
//!
//! DHCP, DNS, mDNS and provisioning are those of a chip. Only the radio is simulated. The network card of QEMU stands
//! for the device's own Wi-Fi network.
//!
//! `-append` has these options:
//!
//! * `instep.name=` is the name of the device.
//! * `instep.address=` is the address of the device in its own network; by default 192.168.4.1.
//! * `instep.dhcp=off` switches the DHCP server off.
//! * `instep.network=NAME:PASSWORD:ADDRESS` is a network that the radio finds. It may be repeated. `ADDRESS` is the address
//!   that the device gets there; without it, the network gives no address.
//! * `instep.flash=instant` lets the flash take no time.
//! * `instep.app=lamp` runs `lamp`, which persists its brightness, instead of `led-json`.

#![no_std]
#![no_main]

mod radio;

use core::fmt::Write as _;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use heapless::String;
use instep::access::OPEN_TO_EVERYONE;
use instep::{Access, App, Limits};
use instep_apps::{Led, NoDimmer, lamp, led_json};
use instep_embassy::{ACCEPTING, Driver, LogInResources, Server, SynFilter};
use instep_qemu::Output;
use instep_settings::{FlashStorage, Kept, Saver, Settings};
use instep_wifi::dhcp;
use instep_wifi::embassy::{DhcpMemory, DnsMemory, MdnsMemory, serve_dhcp, serve_dns, serve_mdns};
use instep_wifi::name::Name;
use instep_wifi::setup::{SetUp, kept_password, protection, run, store, tell_join_string};
use log::{info, warn};
use qemu_machine::{Boot, Executor, Flash, Network, SETTINGS as SETTINGS_IN_FLASH, random, random_array};
use radio::Simulated;
use static_cell::StaticCell;

qemu_machine::app_descriptor!();

const PORT: u16 = 80;
const CLIENTS: usize = 4;
/// Maximum number of DHCP leases.
const LEASES: usize = 8;
/// Number of sockets: those of the server, and one each for DHCP, DNS and mDNS.
const SOCKETS: usize = CLIENTS + ACCEPTING + 3;

/// Applications for which the memory suffices.
const APPS: [&App; 2] = [&led_json::APP, &lamp::APP];

instep_embassy::resources! {
    /// All memory of the server.
    struct Resources { limits: Limits::DEVICE, apps: &APPS, access_point: CLIENTS }
}

static RESOURCES: Resources = Resources::new();
static LOG_IN: LogInResources = LogInResources::new();
static SETTINGS: Settings = Settings::new();
static KEPT: Kept = Kept::by(&SETTINGS);

/// Starts the device.
#[riscv_rt::entry]
fn start(_hart: usize, description: usize) -> ! {
    // SAFETY: this is the first call, with the argument from QEMU.
    let (boot, network) = unsafe { qemu_machine::start(description) };
    Executor::run(|spawner| {
        spawner.spawn(set_up(spawner, boot, network).expect("task pool exhausted"));
    })
}

/// Starts everything, and runs the application.
#[embassy_executor::task]
async fn set_up(spawner: Spawner, boot: Boot, network: Network) {
    static STACK: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static ACCESS: StaticCell<Access> = StaticCell::new();
    static NAME: StaticCell<Name> = StaticCell::new();
    static PAGE: StaticCell<String<40>> = StaticCell::new();
    static SET_UP: StaticCell<SetUp> = StaticCell::new();

    let flash = BlockingAsync::new(Flash::take(boot));
    let storage = FlashStorage::new(flash, SETTINGS_IN_FLASH).expect("the flash has too few pages");
    let (saver, opened) = Saver::open(&SETTINGS, storage).await;
    if opened.is_warning() {
        warn!("{opened}");
    }
    let address: Ipv4Address = boot
        .value("instep.address=")
        .unwrap_or("192.168.4.1")
        .parse()
        .expect("instep.address= must be an IPv4 address");
    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(address, 24),
        gateway: None,
        dns_servers: Default::default(),
    });
    let mac = network.mac();
    let (stack, runner) = embassy_net::new(
        RESOURCES.access_point.filter(network, PORT),
        config,
        STACK.init_with(StackResources::new),
        u64::from_le_bytes(random_array()),
    );
    let name: &Name = NAME.init(name(boot, mac));
    let page = PAGE.init(String::new());
    write!(page, "http://{address}/network").expect("the URL has more than 40 bytes");
    let access = ACCESS.init(Access::new(name.as_str()).with_ports(&[PORT]).with_portal(page));

    let wanted = boot.value("instep.app=").unwrap_or(APPS[0].name());
    let app =
        APPS.into_iter().find(|app| app.name() == wanted).expect("instep.app= must be led-json or lamp");
    let (server, mut inbox) = RESOURCES.start(app, access);
    inbox.keep_in(&KEPT);
    let log_in = match kept_password(&SETTINGS) {
        Some(password) => LOG_IN.start(password, random),
        None => LOG_IN.start_without_password(random),
    };
    let set_up: &SetUp = SET_UP.init(SetUp::new(&SETTINGS, *name, log_in));
    let server = server.with_log_in(log_in).with_board(set_up);
    let driver = RESOURCES.access_point.driver(server, stack, PORT);

    info!("instep {}, application {}: {}", env!("CARGO_PKG_VERSION"), app.name(), app.about());
    if let Some(slot) = boot.slot() {
        info!("Slot {slot} was started, after the reset reason {}", boot.reset_reason());
    }
    let (used, left) = qemu_machine::memory();
    info!("Memory: {} bytes for the server, {used} in all; {left} are left for the stack", Resources::SIZE);
    let access = if log_in.is_on() { "" } else { OPEN_TO_EVERYONE };
    server.device.set_page_value("ACCESS", access);
    if !access.is_empty() {
        warn!("There is no password: this device is {access}");
    }
    tell_join_string(name, protection(&SETTINGS, None, || u32::from_le_bytes(random_array())));

    let serves_addresses = boot.value("instep.dhcp=") != Some("off");
    spawner.spawn(run_network(runner).expect("task pool exhausted"));
    spawner.spawn(serve(driver).expect("task pool exhausted"));
    spawner.spawn(check_passwords(server).expect("task pool exhausted"));
    spawner.spawn(set_passwords(set_up, server).expect("task pool exhausted"));
    spawner.spawn(keep(set_up, saver).expect("task pool exhausted"));
    spawner.spawn(run_radio(set_up, Simulated::new(boot)).expect("task pool exhausted"));
    if serves_addresses {
        spawner.spawn(give_addresses(stack, address, page).expect("task pool exhausted"));
        spawner.spawn(answer_names(stack, address).expect("task pool exhausted"));
    }
    spawner.spawn(run_mdns(stack, name, set_up).expect("task pool exhausted"));
    info!("Open {page}");
    let led = Led::new(Output::simulated());
    if app.name() == lamp::APP.name() {
        lamp::run(server.device, &mut inbox, led, NoDimmer).await;
    } else {
        led_json::run(server.device, &mut inbox, led).await;
    }
}

/// Returns the name from the settings, or from QEMU, or else the default name.
fn name(boot: Boot, mac: [u8; 6]) -> Name {
    let set = SETTINGS.device_name();
    let set = set.as_ref().map(|name| name.as_str()).or(boot.value("instep.name="));
    set.and_then(|name| name.parse().ok()).unwrap_or_else(|| Name::from_mac(mac))
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, SynFilter<Network>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn serve(driver: &'static mut Driver) -> ! {
    driver.run().await
}

#[embassy_executor::task]
async fn check_passwords(server: Server) -> ! {
    server.check_passwords().await
}

#[embassy_executor::task]
async fn set_passwords(set_up: &'static SetUp, server: Server) -> ! {
    set_up.set_passwords(server.device, random).await
}

#[embassy_executor::task]
async fn keep(set_up: &'static SetUp, saver: Saver<'static, FlashStorage<BlockingAsync<Flash>>>) -> ! {
    store(set_up, Some(saver)).await
}

#[embassy_executor::task]
async fn run_radio(set_up: &'static SetUp, radio: Simulated) -> ! {
    run(set_up, radio).await
}

#[embassy_executor::task]
async fn give_addresses(stack: Stack<'static>, address: Ipv4Address, page: &'static str) -> ! {
    static SERVER: StaticCell<dhcp::Server<LEASES>> = StaticCell::new();
    static MEMORY: StaticCell<DhcpMemory> = StaticCell::new();
    let server = SERVER.init(dhcp::Server::new(address, page));
    serve_dhcp(stack, server, MEMORY.init_with(DhcpMemory::new)).await
}

#[embassy_executor::task]
async fn answer_names(stack: Stack<'static>, address: Ipv4Address) -> ! {
    static MEMORY: StaticCell<DnsMemory> = StaticCell::new();
    serve_dns(stack, address, MEMORY.init_with(DnsMemory::new)).await
}

#[embassy_executor::task]
async fn run_mdns(stack: Stack<'static>, name: &'static Name, set_up: &'static SetUp) -> ! {
    static MEMORY: StaticCell<MdnsMemory> = StaticCell::new();
    let memory = MEMORY.init_with(MdnsMemory::new);
    // Both networks are the same one here, because the radio is simulated.
    let named = |name: &Name| {
        info!("This device is http://{name}.local/");
        set_up.found_as(name);
    };
    let seed = u32::from_le_bytes(random_array());
    serve_mdns(stack, *name, PORT, seed, memory, named).await
}
