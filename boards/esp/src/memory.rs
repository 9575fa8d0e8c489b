//! All memory of the server, and the memory for each client.

use crate::build_config::{APP, CLIENTS, HEAD_BYTES, MESSAGE_BYTES};
use embassy_net::StackResources;
use instep::Limits;
use instep::driver::HeadLimits;
use instep_embassy::ACCEPTING;
use static_cell::StaticCell;

/// Whether the chip has little memory for statics: at most 192 KiB.
pub const LOW_MEMORY: bool = cfg!(any(feature = "esp32", feature = "esp32s2"));

/// Maximum number of clients in the joined network.
pub const STATION_CLIENTS: usize = unwrap_or(CLIENTS, if LOW_MEMORY { 4 } else { 8 });
/// Maximum number of clients in the device's own network.
pub const AP_CLIENTS: usize = STATION_CLIENTS.div_ceil(2);

/// Limits of the server.
const LIMITS: Limits = Limits::DEVICE
    .with_head(HeadLimits {
        bytes: unwrap_or(HEAD_BYTES, if LOW_MEMORY { 1024 } else { Limits::DEVICE.head.bytes }),
        ..Limits::DEVICE.head
    })
    .with_message(unwrap_or(MESSAGE_BYTES, Limits::DEVICE.message));

/// Size of each socket's receive buffer, in bytes.
///
/// Most requests of browsers fit, and commands are short.
pub const RECEIVE: usize = if LOW_MEMORY { 512 } else { 640 };
/// Size of each socket's send buffer, in bytes: the maximum output of one turn.
pub const SEND: usize = 1040;

/// Number of sockets in the joined network: those of the server, DHCP and mDNS.
pub const STATION_SOCKETS: usize = STATION_CLIENTS + ACCEPTING + 2;
/// Number of sockets in the device's own network.
///
/// They are those of the server, of the DHCP server, of the captive DNS and of mDNS.
pub const AP_SOCKETS: usize = AP_CLIENTS + ACCEPTING + 3;

instep_embassy::resources! {
    /// All memory of the server.
    ///
    /// The joined network and the device's own network are two shards of one device.
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

/// Memory for one more client, in bytes.
///
/// It includes the connection and the slot, with a message and the outbox. It does not include the client's TCP socket
/// and the two buffers of the socket.
pub const BYTES_PER_CLIENT: usize = (each_client::Nine::SIZE - each_client::One::SIZE).div_ceil(8);

const _: () =
    assert!(BYTES_PER_CLIENT <= 1024 || MESSAGE_BYTES.is_some(), "each client takes more than 1 KiB");

/// [`BYTES_PER_CLIENT`] for `cargo xtask size`, in a section that is not loaded.
// SAFETY: nothing else has this name, by which readers find the value.
#[used]
#[unsafe(export_name = "instep.BYTES_PER_CLIENT")]
#[unsafe(link_section = ".espressif.metadata")]
static REPORTED: u32 = BYTES_PER_CLIENT as u32;

const fn unwrap_or(value: Option<usize>, default: usize) -> usize {
    match value {
        Some(value) => value,
        None => default,
    }
}

/// Returns the unused part of the stack, in bytes.
pub fn stack_left() -> usize {
    unsafe extern "C" {
        static _stack_end: u8;
    }
    let here = 0_u8;
    (&raw const here as usize) - (&raw const _stack_end as usize)
}
