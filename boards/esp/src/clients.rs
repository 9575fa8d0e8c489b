//! For how many clients the firmware is built, and what follows from that for its sockets.

use crate::given::CLIENTS;
use instep_embassy::ACCEPTING;

/// Chips with little memory for data that is there from the start: 192 KiB, less on the ESP32-S2.
pub const IS_SMALL: bool = cfg!(any(feature = "esp32", feature = "esp32s2"));

/// Clients of the network that the device has joined.
pub const STATION_CLIENTS: usize = or(CLIENTS, if IS_SMALL { 4 } else { 8 });
/// Clients of the device's own network.
pub const AP_CLIENTS: usize = STATION_CLIENTS.div_ceil(2);

/// Sockets beside those of the server: for an address of its own, and to be found by name.
pub const STATION_SOCKETS: usize = STATION_CLIENTS + ACCEPTING + 2;
/// Sockets beside those of the server: to give addresses, to answer for every name, and to be found by its own.
pub const AP_SOCKETS: usize = AP_CLIENTS + ACCEPTING + 3;

/// Bytes of the radio's heap that only the boot loader has used.
pub const RECLAIMED: usize = if IS_SMALL { 96 * 1024 } else { 64 * 1024 };
/// The number that was given when the firmware was built, or else the usual one.
pub const fn or(given: Option<usize>, default: usize) -> usize {
    match given {
        Some(given) => given,
        None => default,
    }
}
