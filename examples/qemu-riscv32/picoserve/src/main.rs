//! The application `led-plain` with picoserve.
//!
//! It has the same machine, network stack and executor as instep, and `cargo xtask bench instructions` measures both.
//! It follows picoserve's examples, with as many sockets as instep, the same buffers, and the same lines in the log.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::watch::Watch;
use log::info;
use picoserve::Router;
use picoserve::futures::Either;
use picoserve::io::{Read, Write};
use picoserve::response::File;
use picoserve::response::ws::{Message, SocketRx, SocketTx, WebSocketCallback, WebSocketUpgrade};
use picoserve::routing::{get, get_service};
use portable_atomic::{AtomicU32, Ordering};
use qemu_machine::{Boot, Executor, Network, random_array, run_network, user_network};
use static_cell::StaticCell;

/// Number of sockets, as with instep: 8 for clients, and 6 that listen.
const SOCKETS: usize = 14;
/// Size of a socket's buffer, in bytes, as with instep.
const SOCKET_BUFFER: usize = 1536;
/// Maximum length of a message, in bytes.
const MESSAGE: usize = 512;

static SERVER: picoserve::Config = picoserve::Config::const_default().keep_connection_alive();
static STACK: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
/// Whether the LED is on.
static LED: Watch<CriticalSectionRawMutex, bool, SOCKETS> = Watch::new_with(false);
static CLIENTS: AtomicU32 = AtomicU32::new(0);

/// Starts the server.
#[riscv_rt::entry]
fn start(_hart: usize, description: usize) -> ! {
    // SAFETY: this is the first call, with the argument from QEMU.
    let (boot, network) = unsafe { qemu_machine::start(description) };
    Executor::run(|spawner| begin(spawner, boot, network))
}

fn begin(spawner: Spawner, boot: Boot, network: Network) {
    let resources = STACK.init_with(StackResources::new);
    let seed = u64::from_le_bytes(random_array());
    let (stack, runner) = embassy_net::new(network, user_network(), resources, seed);
    spawner.spawn(run_network(runner).expect("task pool exhausted"));
    for _ in 0..SOCKETS {
        spawner.spawn(serve(stack).expect("task pool exhausted"));
    }
    let (used, left) = qemu_machine::memory();
    info!("Memory: {used} bytes in all; {left} are left for the stack");
    info!("Open {}", boot.url());
}

/// Serves connections, one at a time.
#[embassy_executor::task(pool_size = SOCKETS)]
async fn serve(stack: Stack<'static>) {
    let app = Router::new()
        .route("/", get_service(File::html("<!doctype html><title>led-plain</title>")))
        .route("/ws", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(Client)));
    let (mut receive, mut send, mut request) = ([0; SOCKET_BUFFER], [0; SOCKET_BUFFER], [0; 2048]);
    let server = picoserve::Server::new(&app, &SERVER, &mut request);
    server.listen_and_serve("socket", stack, 80, &mut receive, &mut send).await;
}

struct Client;

impl WebSocketCallback for Client {
    async fn run<R: Read, W: Write<Error = R::Error>>(
        self,
        mut rx: SocketRx<R>,
        mut tx: SocketTx<W>,
    ) -> Result<(), W::Error> {
        let number = CLIENTS.fetch_add(1, Ordering::Relaxed) + 1;
        info!("[{number}] Connected");
        let mut led = LED.receiver().expect("no receiver left for this socket");
        let mut buffer = [0; MESSAGE];
        let reason = loop {
            match rx.next_message(&mut buffer, led.changed()).await? {
                Either::First(Ok(Message::Text("toggle"))) => {
                    info!("[{number}] Received: toggle");
                    let now = !LED.try_get().unwrap_or(false);
                    LED.sender().send(now);
                    info!("LED {}", if now { "ON" } else { "OFF" });
                }
                Either::First(Ok(Message::Ping(bytes))) => tx.send_pong(bytes).await?,
                Either::First(Ok(Message::Text(_) | Message::Binary(_) | Message::Pong(_))) => {}
                Either::First(Ok(Message::Close(_))) => break None,
                Either::First(Err(error)) => break Some((error.code(), "")),
                Either::Second(on) => tx.send_text(if on { "1" } else { "0" }).await?,
            }
        };
        info!("[{number}] Disconnected");
        tx.close(reason).await
    }
}
