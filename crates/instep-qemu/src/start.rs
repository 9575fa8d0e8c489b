//! Firmware for a machine without an operating system, `qemu-system-riscv32 -M virt`. `cargo xtask qemu` boots it.

#![no_std]
#![no_main]

mod settings;

use ::log::{info, warn};
use embassy_executor::Spawner;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, StackResources, StaticConfigV4};
use instep::App;
use instep::access::OPEN_TO_EVERYONE;
use instep::login::Password;
use instep_embassy::{ACCEPTING, Driver, LogInResources, ROUNDS, Server, SynFilter};
use qemu_machine::{Boot, Executor, FRAMES, Led, NEIGHBORS, Network, random};
use settings::{CLIENTS, LIMITS, PORT};
use static_cell::StaticCell;

/// Address that QEMU's user network expects of its guest.
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const GATEWAY: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

instep_embassy::resources! {
    /// All memory of the server.
    struct Resources { limits: LIMITS, apps: &instep_apps::ALL, network: CLIENTS }
}

static RESOURCES: Resources = Resources::new();
static LOG_IN: LogInResources = LogInResources::new();
static SOCKETS: StaticCell<StackResources<SERVED>> = StaticCell::new();

/// Number of the server's sockets. Each may have a connection with another machine.
const SERVED: usize = CLIENTS + ACCEPTING;

const _: () = assert!(
    SERVED <= FRAMES,
    "the network device's queue is shorter than the number of sockets, so a burst would lose frames"
);
// The network stack resolves one unknown neighbor a second, and sends it nothing before. The gateway is a neighbor, too.
const _: () = assert!(
    SERVED < NEIGHBORS,
    "INSTEP_CLIENTS is larger than the neighbor cache of the network stack; set SMOLTCP_IFACE_NEIGHBOR_CACHE_COUNT to 8 more than INSTEP_CLIENTS"
);

// The rest of the 200 KiB is for the stack and for the network stack.
const _: () = assert!(
    Resources::SIZE + size_of::<LogInResources>() <= 150 * 1024,
    "INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES together need too much memory"
);

#[riscv_rt::entry]
fn start(_hart: usize, description: usize) -> ! {
    // SAFETY: this is the first call, with the argument from QEMU.
    let (boot, network) = unsafe { qemu_machine::start(description) };
    Executor::run(|spawner| {
        spawner.spawn(run(spawner, boot, network).expect("task pool exhausted"));
    })
}

/// Starts everything, and runs the application.
#[embassy_executor::task]
async fn run(spawner: Spawner, boot: Boot, network: Network) {
    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(ADDRESS, 24),
        gateway: Some(GATEWAY),
        dns_servers: Default::default(),
    });
    let sockets = SOCKETS.init_with(StackResources::new);
    let mut seed = [0; 8];
    random(&mut seed);
    let (stack, runner) =
        embassy_net::new(RESOURCES.network.filter(network, PORT), config, sockets, u64::from_le_bytes(seed));
    let app = settings::app(boot);
    let (server, mut inbox) = RESOURCES.start(app, settings::access(boot));
    let mut start = [0; 4];
    random(&mut start);
    server.device.set_boot_id(u32::from_le_bytes(start));
    let server = guard(server, boot);
    let driver = RESOURCES.network.driver(server, stack, PORT);

    if app.name() == instep_apps::console::APP.name() {
        qemu_machine::log_also_to(instep_apps::console::note);
    }
    announce(app);
    // They run once the application is pending, after it has set its outputs and published its state.
    spawner.spawn(run_network(runner).expect("task pool exhausted"));
    spawner.spawn(serve(driver).expect("task pool exhausted"));
    spawner.spawn(check_passwords(server).expect("task pool exhausted"));
    info!("Open {}", settings::url(boot));
    instep_apps::run(app.name(), server.device, &mut inbox, Led).await;
}

/// Adds the log-in if there is a password; else logs that the device is open to everyone.
fn guard(server: Server, boot: Boot) -> Server {
    let guarded = match settings::password(boot) {
        Some(password) => {
            let mut salt = [0; 16];
            random(&mut salt);
            let password = Password::new(&password, salt, ROUNDS)
                .unwrap_or_else(|error| panic!("INSTEP_PASSWORD is invalid: {error}"));
            server.with_log_in(LOG_IN.start(password, random))
        }
        None => server,
    };
    let access = if guarded.log_in.is_some() { "" } else { OPEN_TO_EVERYONE };
    guarded.device.set_page_value("ACCESS", access);
    if !access.is_empty() {
        warn!("There is no password: this device is {access}");
    }
    guarded
}

fn announce(app: &App) {
    info!("instep {}, application {}: {}", env!("CARGO_PKG_VERSION"), app.name(), app.about());
    let (used, left) = qemu_machine::memory();
    let server = Resources::SIZE + size_of::<LogInResources>();
    info!("Memory: {server} bytes for the server, {used} in all; {left} are left for the stack");
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
