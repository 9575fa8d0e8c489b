//! The bytes of the application `led-plain` over bare TCP, without HTTP, WebSocket and delivery.
//!
//! It is the floor of `cargo xtask bench instructions`: the same machine, network stack, executor, sockets and lines in the
//! log as instep. It does not parse its input, and each socket serves one connection. All input after the head is a `toggle`.

#![no_std]
#![no_main]

use core::cell::{Cell, RefCell};
use core::future::Future as _;
use core::pin::pin;
use core::task::{Context, Waker};
use embassy_executor::Spawner;
use embassy_net::tcp::{Error, TcpSocket, TcpWriter};
use embassy_net::{Stack, StackResources};
use log::info;
use qemu_machine::{Boot, Executor, Network, random_array, run_network, user_network};
use static_cell::StaticCell;

/// Number of sockets, as with instep: 8 for clients, and 6 that listen.
const SOCKETS: usize = 14;
/// Size of a socket's buffer, in bytes, as with instep.
const SOCKET_BUFFER: usize = 1536;

/// Response to an opening handshake, for the key of RFC 6455 section 1.3.
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static STACK: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static CONNECTIONS: [StaticCell<TcpSocket<'static>>; SOCKETS] = [const { StaticCell::new() }; SOCKETS];
static BUFFERS: [StaticCell<[[u8; SOCKET_BUFFER]; 2]>; SOCKETS] = [const { StaticCell::new() }; SOCKETS];
static LED: StaticCell<Led> = StaticCell::new();

/// The LED, and the open connections.
struct Led {
    on: Cell<bool>,
    clients: RefCell<[Option<TcpWriter<'static>>; SOCKETS]>,
}

impl Led {
    /// Returns the frame with the state.
    fn frame(&self) -> [u8; 3] {
        [0x81, 1, if self.on.get() { b'1' } else { b'0' }]
    }

    /// Changes the state, and sends it to all clients.
    fn toggle(&self) {
        self.on.set(!self.on.get());
        info!("LED {}", if self.on.get() { "ON" } else { "OFF" });
        let frame = self.frame();
        for client in self.clients.borrow_mut().iter_mut().flatten() {
            // A socket without room would lose the frame, which a client that reads never causes.
            let _ = pin!(client.write(&frame)).poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

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
    let led = LED.init_with(|| Led { on: Cell::new(false), clients: RefCell::default() });
    spawner.spawn(run_network(runner).expect("task pool exhausted"));
    for index in 0..SOCKETS {
        spawner.spawn(serve(index, stack, led).expect("task pool exhausted"));
    }
    info!("Open {}", boot.url());
}

#[embassy_executor::task(pool_size = SOCKETS)]
async fn serve(index: usize, stack: Stack<'static>, led: &'static Led) {
    let [receive, send] = BUFFERS[index].init_with(|| [[0; SOCKET_BUFFER]; 2]);
    let socket = CONNECTIONS[index].init_with(|| TcpSocket::new(stack, receive, send));
    socket.set_nagle_enabled(false);
    if let Err(error) = talk(index, socket, led).await {
        log::error!("A connection failed: {error:?}");
    }
}

/// Answers the opening handshake, and toggles the LED for each input.
async fn talk(index: usize, socket: &'static mut TcpSocket<'static>, led: &'static Led) -> Result<(), Error> {
    let accepted = socket.accept(80).await;
    accepted.expect("the socket is not closed");
    let (mut head, mut length) = ([0; 1024], 0);
    while !head[..length].ends_with(b"\r\n\r\n") {
        length += socket.read(&mut head[length..]).await?;
    }
    socket.write(RESPONSE).await?;
    socket.write(&led.frame()).await?;
    let (mut reader, writer) = socket.split();
    led.clients.borrow_mut()[index] = Some(writer);
    let number = led.clients.borrow().iter().flatten().count();
    info!("[{number}] Connected");
    while reader.read(&mut head).await? > 0 {
        info!("[{number}] Received: toggle");
        led.toggle();
    }
    Ok(())
}
