//! Limits of the server, and the numbers of sockets and of bytes that follow from them.

use crate::config::{CLIENTS, HEAD_BYTES, MESSAGE_BYTES};
use instep::Limits;
use instep::driver::HeadLimits;
use instep_embassy::ACCEPTING;

/// Whether the chip has little memory for statics: at most 192 KiB.
pub(crate) const LOW_MEMORY: bool = cfg!(any(feature = "esp32", feature = "esp32s2"));

/// Maximum number of clients in the joined network.
pub const STATION_CLIENTS: usize = unwrap_or(CLIENTS, if LOW_MEMORY { 4 } else { 8 });
/// Maximum number of clients in the device's own network.
pub const AP_CLIENTS: usize = STATION_CLIENTS.div_ceil(2);

/// Limits of the server.
pub const LIMITS: Limits = Limits::DEVICE
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
pub(crate) const STATION_SOCKETS: usize = STATION_CLIENTS + ACCEPTING + 2;
/// Number of sockets in the device's own network.
///
/// They are those of the server, of the DHCP server, of the captive DNS and of mDNS.
pub(crate) const AP_SOCKETS: usize = AP_CLIENTS + ACCEPTING + 3;

/// Number of sockets of a broker's client in the joined network.
///
/// The radio's queues have no frame for it, because a lost one of it delays no page.
pub(crate) const BROKER_SOCKETS: usize = if cfg!(feature = "mqtt") { 1 } else { 0 };

/// Whether the build sets the size of a message, which each client's memory includes.
pub const HAS_OWN_MESSAGE_SIZE: bool = MESSAGE_BYTES.is_some();

const fn unwrap_or(value: Option<usize>, default: usize) -> usize {
    match value {
        Some(value) => value,
        None => default,
    }
}

/// Returns the unused part of the stack, in bytes.
pub(crate) fn stack_left() -> usize {
    #[expect(unsafe_code, reason = "the linker's script names the end of the stack")]
    unsafe extern "C" {
        static _stack_end: u8;
    }
    let here = 0_u8;
    (&raw const here as usize) - (&raw const _stack_end as usize)
}
