//! Starts the network, the server and the application.

#[cfg(feature = "mqtt")]
use crate::broker::{self, BrokerBuild};
use crate::io::Io;
use crate::settings::{self, Build};
#[cfg(feature = "update")]
use crate::{
    fault::{Fault, starts},
    update::{UpdateBuild, Updates},
};
use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;
use embassy_executor::Spawner;
use embassy_net::{Runner, Stack, StackResources};
use instep::access::OPEN_TO_EVERYONE;
use instep::login::Password;
use instep::{Access, App, Device, Inbox};
use instep_embassy::{Driver, LogInResources, ROUNDS, Server, SynFilter};
use log::{info, warn};
use qemu_machine::{Boot, Executor, Network, random, random_array, user_network};
use static_cell::StaticCell;

/// Size of the log-in's memory, in bytes.
pub const LOG_IN_SIZE: usize = size_of::<LogInResources>();

/// Without the feature `update`, every image does.
#[cfg(not(feature = "update"))]
pub trait UpdateBuild {}

/// Without the feature `mqtt`, every image does.
#[cfg(not(feature = "mqtt"))]
pub trait BrokerBuild {}
/// Number of sockets of a broker's client, which needs the feature `mqtt`.
#[cfg(not(feature = "mqtt"))]
pub const BROKER_SOCKETS: usize = 0;

static LOG_IN: LogInResources = LogInResources::new();

/// The machine, before its network is up.
pub struct Machine {
    spawner: Spawner,
    boot: Boot,
    network: Network,
}

/// Memory of the server, which the expansion of [`main!`](crate::main) declares for its application.
pub trait Memory: UpdateBuild + BrokerBuild + 'static {
    /// Size, in bytes.
    const BYTES: usize;
    /// Settings of the build.
    const BUILD: Build;

    /// Returns a network stack on the network device.
    fn network_stack(
        &'static self,
        network: Network,
    ) -> (Stack<'static>, Runner<'static, SynFilter<Network>>);

    /// Starts the server.
    fn server(&'static self, app: &'static App, access: &'static Access) -> (Server, Inbox<'static>);

    /// Returns the driver that serves clients on the network stack.
    fn driver(&'static self, server: Server, stack: Stack<'static>) -> &'static mut Driver;
}

/// Starts the machine and its executor. `begin` spawns the first task.
///
/// # Safety
/// Call it once, first of all, with the argument from QEMU.
#[expect(unsafe_code, reason = "it passes on what its caller upholds")]
pub unsafe fn boot(description: usize, begin: impl FnOnce(Spawner, Machine)) -> ! {
    // SAFETY: the caller upholds it.
    let (boot, network) = unsafe { qemu_machine::start(description) };
    Executor::run(|spawner| begin(spawner, Machine { spawner, boot, network }))
}

/// Returns a network stack with the addresses that QEMU's user network expects of its guest.
pub fn network_stack<const SOCKETS: usize>(
    device: SynFilter<Network>,
    sockets: &'static mut StackResources<SOCKETS>,
) -> (Stack<'static>, Runner<'static, SynFilter<Network>>) {
    embassy_net::new(device, user_network(), sockets, u64::from_le_bytes(random_array()))
}

/// Returns the function that runs the only application.
pub fn of_one<F: Future<Output = ()>>(
    run: impl FnOnce(&'static Device, &'static mut Inbox<'static>, Io) -> F,
) -> impl FnOnce(&'static App, &'static Device, &'static mut Inbox<'static>, Io) -> F {
    |_, device, inbox, io| run(device, inbox, io)
}

/// Starts everything, and returns the future of the application that `choose` returns, and the driver.
///
/// [`run`] runs them. The driver is missing if a test leaves it out.
pub fn start<M: Memory, F: Future<Output = ()>>(
    machine: Machine,
    memory: &'static M,
    choose: impl FnOnce(Boot) -> &'static App,
    run: impl FnOnce(&'static App, &'static Device, &'static mut Inbox<'static>, Io) -> F,
) -> (F, Option<&'static mut Driver>, Boot) {
    static INBOX: StaticCell<Inbox<'static>> = StaticCell::new();
    let Machine { spawner, boot, network } = machine;
    // Before all else, because this counts the start of an image that is on trial.
    #[cfg(feature = "update")]
    let updates = Updates::start::<M>(boot);
    #[cfg(feature = "mqtt")]
    let mac = network.mac();
    let (stack, runner) = memory.network_stack(network);
    let app = choose(boot);
    #[cfg_attr(not(feature = "update"), expect(unused_mut, reason = "only an update changes it"))]
    let (server, mut inbox) = memory.server(app, settings::access(boot, &M::BUILD));
    #[cfg(feature = "update")]
    let server = updates.as_ref().map_or(server, |updates| updates.add_to(server, &mut inbox));
    server.device.set_boot_id(u32::from_le_bytes(random_array()));
    let server = guard(server, settings::password(boot, &M::BUILD));
    let driver = memory.driver(server, stack);
    #[cfg(feature = "mqtt")]
    let broker = broker::start::<M>(boot, &M::BUILD, server, mac);
    announce(app, boot, M::BYTES);
    let application = run(app, server.device, INBOX.init(inbox), Io::new());
    // They run once the application is pending, after it has set its outputs and published its state.
    #[cfg(feature = "update")]
    let (runs_network, serves) = (starts(Fault::Network), starts(Fault::Driver));
    #[cfg(not(feature = "update"))]
    let (runs_network, serves) = (true, true);
    if runs_network {
        spawner.spawn(run_network(runner).expect("task pool exhausted"));
    } else {
        // The machine cannot take its network device back.
        core::mem::forget(runner);
    }
    #[cfg(feature = "update")]
    if let Some(updates) = updates {
        updates.run(spawner, server.device, stack);
    }
    #[cfg(feature = "mqtt")]
    if let Some(client) = broker {
        broker::run(client, spawner, stack);
    }
    spawner.spawn(check_passwords(server).expect("task pool exhausted"));
    (application, serves.then_some(driver), boot)
}

/// Runs the application and the driver, and logs the address once the application has asked for its inputs and outputs.
pub async fn run<F: Future<Output = ()>>(
    mut application: Pin<&mut F>,
    driver: Option<&'static mut Driver>,
    boot: Boot,
) {
    let ended = poll_fn(|context| Poll::Ready(application.as_mut().poll(context).is_ready())).await;
    info!("Open {}", boot.url());
    let rest = async {
        if !ended {
            application.await;
        }
    };
    match driver {
        Some(driver) => driver.run_with(rest).await,
        None => rest.await,
    }
}

/// Adds the log-in if there is a password; else logs that the device is open to everyone.
fn guard(server: Server, password: Option<settings::Secret>) -> Server {
    let guarded = match password {
        Some(password) => {
            let password = Password::new(&password, random_array(), ROUNDS)
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

fn announce(app: &App, boot: Boot, server_bytes: usize) {
    info!("instep {}, application {}: {}", env!("CARGO_PKG_VERSION"), app.name(), app.about());
    if let Some(slot) = boot.slot() {
        info!("Slot {slot} was started, after the reset reason {}", boot.reset_reason());
    }
    let (used, left) = qemu_machine::memory();
    let server = server_bytes + LOG_IN_SIZE;
    info!("Memory: {server} bytes for the server, {used} in all; {left} are left for the stack");
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, SynFilter<Network>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn check_passwords(server: Server) -> ! {
    server.check_passwords().await
}
