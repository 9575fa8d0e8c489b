//! instep on a machine without an operating system: `qemu-system-riscv32 -M virt`. `cargo xtask qemu` boots it.

#![no_std]
#![no_main]

mod clock;
mod dma;
mod log;
mod machine;
mod network;
mod settings;

use ::log::{info, warn};
use embassy_executor::{Executor, Spawner};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, StackResources, StaticConfigV4};
use embedded_hal::digital::{ErrorType, OutputPin};
use instep::Access;
use instep::embassy::{ACCEPTING, Driver};
use network::Network;
use settings::{CLIENTS, HOSTS, LIMITS};
use static_cell::StaticCell;

const PORT: u16 = 80;

/// What QEMU's user network expects of its guest.
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const GATEWAY: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

static ACCESS: Access = Access { hosts: HOSTS, ports: &[PORT], ..Access::new("instep") };

instep::resources! {
    /// All memory of the server.
    struct Resources { limits: LIMITS, apps: &instep_apps::ALL, network: CLIENTS }
}

static RESOURCES: Resources = Resources::new();
static SOCKETS: StaticCell<StackResources<{ CLIENTS + ACCEPTING }>> = StaticCell::new();

// The rest of the 200 KiB is for the stack and the network's own.
const _: () = assert!(
    Resources::SIZE <= 150 * 1024,
    "INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES together take more memory than there is"
);

static EXECUTOR: StaticCell<Executor> = StaticCell::new();

#[riscv_rt::entry]
fn start(_hart: usize, description: usize) -> ! {
    log::start();
    // SAFETY: this is what QEMU started the machine with.
    let description = unsafe { machine::description(description) };
    EXECUTOR.init(Executor::new()).run(|spawner| {
        spawner.spawn(run(spawner, description).expect("the first task"));
    })
}

/// Sets everything up, and runs the application.
#[embassy_executor::task]
async fn run(spawner: Spawner, description: &'static [u8]) {
    // SAFETY: the handlers are those of `clock` and `network`.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::register::mie::set_mext();
        riscv::interrupt::enable();
    }
    let network = network::find().expect("QEMU was started without -device virtio-net-device");
    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(ADDRESS, 24),
        gateway: Some(GATEWAY),
        dns_servers: Default::default(),
    });
    let sockets = SOCKETS.init_with(StackResources::new);
    // It makes TCP's numbers harder to guess; behind QEMU's user network nobody tries.
    let seed = machine::time();
    let (stack, runner) = embassy_net::new(network, config, sockets, seed);
    let app = settings::app(description);
    let (server, mut inbox) = RESOURCES.start(app, &ACCESS);
    let driver = RESOURCES.network.driver(server, stack, PORT);

    info!("instep {}, application {}: {}", env!("CARGO_PKG_VERSION"), app.name(), app.about());
    let (used, left) = machine::memory();
    info!("Memory: {} bytes for the server, {used} in all; {left} are left for the stack", Resources::SIZE);
    // Both begin when the application waits for the first time: it has set its outputs and published its state.
    spawner.spawn(run_network(runner).expect("a task of its own"));
    spawner.spawn(serve(driver).expect("a task of its own"));
    warn!("There is no password: everybody who reaches this device can use it");
    info!("Open {}", settings::url(description));
    instep_apps::run(app.name(), server.device, &mut inbox, Led).await;
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, Network>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn serve(driver: &'static mut Driver) -> ! {
    driver.run().await
}

/// The machine has no LED: the log tells.
struct Led;

impl ErrorType for Led {
    type Error = core::convert::Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
