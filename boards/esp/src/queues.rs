//! How many frames may wait in the radio, and its heap: both follow from the clients that the firmware is built for.
//!
//! The radio's driver drops a frame for which there is no room, and tells nobody. The peer sends it again after a second or
//! more. So there is room for the frames that come at once: one update makes all clients acknowledge at the same moment.

use crate::memory::{AP_CLIENTS, AP_SOCKETS, LOW_MEMORY, STATION_CLIENTS, STATION_SOCKETS};
use esp_hal::ram;
use esp_radio::wifi::ControllerConfig;

/// Frames that each network's receive queue holds: one for each socket of the larger network. The clients' acknowledgements
/// come at once, and behind them requests for pages, the answers of DHCP and questions for the device's name. The usual 5
/// lose what comes of 8 clients. A place in the queue is 12 bytes.
const RECEIVED: usize = max(STATION_SOCKETS, AP_SOCKETS);
/// Frames that the driver holds for both queues, in buffers of their own.
const RECEIVE_BUFFERS: usize = 2 * RECEIVED;
/// Frames into which the hardware receives, before the driver copies them: one for each client, and not fewer than the usual
/// 10. The driver takes 25 at most.
const HARDWARE_BUFFERS: usize = min(max(10, STATION_CLIENTS), 25);
/// Frames of both networks that are on their way out: one for each client of the device's own network, and not fewer than the
/// usual 3. A phone that sleeps has its frame kept until it wakes, and while as many as this wait, nothing is sent to
/// others, and nothing is taken from the receive queues. More would lose nothing, because bytes wait in the sockets.
const SENT: usize = max(3, AP_CLIENTS);
/// Frames that a peer may send before it waits for the radio's acknowledgement (block acknowledgement).
const BLOCK: usize = 6;

const _: () = {
    // The two conditions of the driver's documentation.
    assert!(BLOCK < RECEIVE_BUFFERS, "a block has to fit into the buffers of the driver");
    assert!(BLOCK < 2 * HARDWARE_BUFFERS, "a block is less than twice what the hardware receives into");
    // What the driver takes.
    assert!(
        RECEIVE_BUFFERS <= 128 && RECEIVE_BUFFERS >= HARDWARE_BUFFERS,
        "INSTEP_CLIENTS is too large for the radio"
    );
};

/// Bytes of a frame of the greatest length in the driver's buffers.
const FRAME: usize = 1_600;
/// Bytes of the heap with all queues full of the longest frames, both networks open.
const QUEUES: usize = (HARDWARE_BUFFERS + RECEIVE_BUFFERS + SENT) * FRAME;
/// Bytes of the heap for all else: the stacks of the driver's tasks, its state, and what joining a network takes. The heap of
/// esp-radio's own example, 100 KiB, leaves 30,400 beside its usual queues.
const DRIVER: usize = 28 * 1024;

/// Bytes of the heap that only the boot loader has used.
const RECLAIMED: usize = if LOW_MEMORY { 96 * 1024 } else { 64 * 1024 };
/// Bytes of the heap that are ours: 36 KiB, and more where the queues take more. The small chips have none to spare.
const OURS: usize = if LOW_MEMORY {
    0
} else {
    max(36 * 1024, (QUEUES + DRIVER).saturating_sub(RECLAIMED).next_multiple_of(1024))
};

const _: () = assert!(
    QUEUES + DRIVER <= RECLAIMED + OURS,
    "INSTEP_CLIENTS is too large: the radio's heap does not hold the frames of so many"
);
// The stack looks for one machine a second among those that it does not know, and sends it nothing before.
const _: () = assert!(
    RECEIVED <= smoltcp::config::IFACE_NEIGHBOR_CACHE_COUNT,
    "INSTEP_CLIENTS is more than the network stack knows neighbors: set SMOLTCP_IFACE_NEIGHBOR_CACHE_COUNT to 8 more than INSTEP_CLIENTS"
);

/// Gives the radio its heap. Nothing else is allocated.
pub fn init_heap() {
    esp_alloc::heap_allocator!(#[ram(reclaimed)] size: RECLAIMED);
    #[cfg(not(any(feature = "esp32", feature = "esp32s2")))]
    esp_alloc::heap_allocator!(size: OURS);
}

/// The radio's driver with these queues.
pub fn controller_config() -> ControllerConfig {
    ControllerConfig::default()
        .with_rx_queue_size(RECEIVED)
        .with_dynamic_rx_buf_num(RECEIVE_BUFFERS as u16)
        .with_static_rx_buf_num(HARDWARE_BUFFERS as u8)
        .with_tx_queue_size(SENT)
        .with_rx_ba_win(BLOCK as u8)
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}
