//! Lengths of the radio's queues, and the size of its heap.
//!
//! Both depend on the build-time number of clients.
//!
//! The radio's driver silently drops a frame if its queue is full, and the peer retransmits it after 1 s or more. So
//! the queues hold a burst: one update makes all clients acknowledge at the same moment.

use crate::limits::{AP_CLIENTS, AP_SOCKETS, LOW_MEMORY, STATION_CLIENTS, STATION_SOCKETS};
use esp_hal::ram;
use esp_radio::wifi::ControllerConfig;

/// Length of each network's receive queue, in frames.
///
/// It has one frame for each socket of the larger network, because the clients' acknowledgements arrive at once, followed
/// by requests for pages, DHCP replies and mDNS queries. The default of 5 drops frames of 8 clients. An entry has 12
/// bytes.
const RECEIVED: usize = max(STATION_SOCKETS, AP_SOCKETS);
/// Number of the driver's receive buffers for both queues, in frames.
const RECEIVE_BUFFERS: usize = 2 * RECEIVED;
/// Number of the hardware's receive buffers, in frames.
///
/// There is one for each client, at least the default of 10, and at most 25, which is the driver's maximum.
const HARDWARE_BUFFERS: usize = min(max(10, STATION_CLIENTS), 25);
/// Length of the send queue of both networks, in frames.
///
/// It has one frame for each client of the device's own network, and at least the default of 3. The frame for a
/// sleeping phone stays queued until the phone wakes. While the queue is full, nothing is sent to others or taken from
/// the receive queues. A short queue loses nothing, because bytes wait in the sockets.
const SENT: usize = max(3, AP_CLIENTS);
/// Window of the block acknowledgement, in frames.
const BLOCK: usize = 6;

const _: () = {
    // The two conditions in the driver's documentation.
    assert!(BLOCK < RECEIVE_BUFFERS, "a block does not fit into the driver's buffers");
    assert!(BLOCK < 2 * HARDWARE_BUFFERS, "a block is not less than twice the hardware's buffers");
    // The driver's limits.
    assert!(
        RECEIVE_BUFFERS <= 128 && RECEIVE_BUFFERS >= HARDWARE_BUFFERS,
        "INSTEP_CLIENTS is too large for the radio"
    );
};

/// Maximum size of a frame in the driver's buffers, in bytes.
const FRAME: usize = 1_600;
/// Heap for full queues of maximum frames, in bytes, with both networks open.
const QUEUES: usize = (HARDWARE_BUFFERS + RECEIVE_BUFFERS + SENT) * FRAME;
/// Heap for the rest of the driver, in bytes.
///
/// It holds the stacks of the driver's tasks and its state, also while it joins a network. The heap of 100 KiB in
/// esp-radio's own example leaves 30,400 bytes beside the default queues.
const DRIVER: usize = 28 * 1024;

/// Part of the heap that is in the former memory of the boot loader, in bytes.
const RECLAIMED: usize = if LOW_MEMORY { 96 * 1024 } else { 64 * 1024 };
/// Part of the heap that is in the memory of the firmware, in bytes.
///
/// It has 36 KiB, and more if the queues need more. Chips with low memory have none to spare.
const OURS: usize = if LOW_MEMORY {
    0
} else {
    max(36 * 1024, (QUEUES + DRIVER).saturating_sub(RECLAIMED).next_multiple_of(1024))
};

const _: () = assert!(
    QUEUES + DRIVER <= RECLAIMED + OURS,
    "INSTEP_CLIENTS is too large: the radio's heap cannot hold the frames of all clients"
);
// The network stack resolves one neighbour per second, and sends nothing to a neighbour that it has not resolved. So
// the cache must hold all clients.
const _: () = assert!(
    RECEIVED <= smoltcp::config::IFACE_NEIGHBOR_CACHE_COUNT,
    "INSTEP_CLIENTS is larger than the neighbor cache of the network stack; set SMOLTCP_IFACE_NEIGHBOR_CACHE_COUNT to 8 more than INSTEP_CLIENTS"
);

/// Initialises the heap, which only the radio's driver uses.
pub(crate) fn init_heap() {
    esp_alloc::heap_allocator!(#[ram(reclaimed)] size: RECLAIMED);
    #[cfg(not(any(feature = "esp32", feature = "esp32s2")))]
    esp_alloc::heap_allocator!(size: OURS);
}

/// Returns the configuration of the radio's driver.
pub(crate) fn controller_config() -> ControllerConfig {
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
