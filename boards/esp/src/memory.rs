//! All memory of the server, and what of it each client takes.

use crate::build_config::{APP, CLIENTS, HEAD_BYTES, MESSAGE_BYTES};
use embassy_net::StackResources;
use instep::Limits;
use instep::driver::HeadLimits;
use instep_embassy::ACCEPTING;
use static_cell::StaticCell;

/// Chips with little memory for data that is there from the start: 192 KiB, less on the ESP32-S2.
pub const LOW_MEMORY: bool = cfg!(any(feature = "esp32", feature = "esp32s2"));

/// Clients of the network that the device has joined.
pub const STATION_CLIENTS: usize = unwrap_or(CLIENTS, if LOW_MEMORY { 4 } else { 8 });
/// Clients of the device's own network.
pub const AP_CLIENTS: usize = STATION_CLIENTS.div_ceil(2);

/// The limits.
const LIMITS: Limits = Limits::DEVICE
    .with_head(HeadLimits {
        bytes: unwrap_or(HEAD_BYTES, if LOW_MEMORY { 1024 } else { Limits::DEVICE.head.bytes }),
        ..Limits::DEVICE.head
    })
    .with_message(unwrap_or(MESSAGE_BYTES, Limits::DEVICE.message));

/// Bytes of each socket's receive buffer: more than a browser's request mostly is, and commands are short.
pub const RECEIVE: usize = if LOW_MEMORY { 512 } else { 640 };
/// Bytes of each socket's send buffer: all that one turn has to say.
pub const SEND: usize = 1040;

/// Sockets beside those of the server: for an address of its own, and to be found by name.
pub const STATION_SOCKETS: usize = STATION_CLIENTS + ACCEPTING + 2;
/// Sockets beside those of the server: to give addresses, to answer for every name, and to be found by its own.
pub const AP_SOCKETS: usize = AP_CLIENTS + ACCEPTING + 3;

instep_embassy::resources! {
    /// All memory of the server: the network that it has joined and its own are two shards of one device.
    pub struct Resources {
        limits: LIMITS, app: APP, buffers: (RECEIVE, SEND),
        station: STATION_CLIENTS, access_point: AP_CLIENTS
    }
}

pub static RESOURCES: Resources = Resources::new();
pub static STATION_STACK: StaticCell<StackResources<STATION_SOCKETS>> = StaticCell::new();
pub static AP_STACK: StaticCell<StackResources<AP_SOCKETS>> = StaticCell::new();

mod each_client {
    use super::LIMITS;
    use crate::build_config::APP;

    instep_embassy::resources! {
        pub struct One { limits: LIMITS, app: APP, buffers: (0, 0), station: 1 }
    }
    instep_embassy::resources! {
        pub struct Nine { limits: LIMITS, app: APP, buffers: (0, 0), station: 9 }
    }
}

/// What one client more takes: its connection, its slot of the device with a message and its outbox. Not
/// the two buffers of its TCP socket, and not the socket itself, which are embassy-net's.
pub const BYTES_PER_CLIENT: usize = (each_client::Nine::SIZE - each_client::One::SIZE).div_ceil(8);

const _: () =
    assert!(BYTES_PER_CLIENT <= 1024 || MESSAGE_BYTES.is_some(), "each client takes more than 1 KiB");

/// The same for `cargo xtask size`, in a section that no chip gets.
// SAFETY: nothing else has the name, and whoever reads the section goes by names.
#[used]
#[unsafe(export_name = "instep.EACH_CLIENT")]
#[unsafe(link_section = ".espressif.metadata")]
static TOLD: u32 = BYTES_PER_CLIENT as u32;

const fn unwrap_or(given: Option<usize>, default: usize) -> usize {
    match given {
        Some(given) => given,
        None => default,
    }
}

/// Bytes between the stack as it is now and its end.
pub fn stack_left() -> usize {
    unsafe extern "C" {
        static _stack_end: u8;
    }
    let here = 0_u8;
    (&raw const here as usize) - (&raw const _stack_end as usize)
}
