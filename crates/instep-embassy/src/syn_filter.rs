//! Filter of SYNs, with which new connections wait until a socket listens.
//!
//! A network stack processes all received frames before the server has its turn. Sockets that were just freed
//! do not listen by then, so the stack answers further connections with RST, which a browser shows as an error.
//! The filter drops the SYN instead, and the peer retransmits it after a second.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::Context;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken};
use embassy_sync::waitqueue::AtomicWaker;

/// Flag SYN in the header of TCP.
const SYN: u8 = 0x02;
/// Flag ACK in the header of TCP.
const ACK: u8 = 0x10;

/// Number of listening sockets that the network stack has not used yet.
pub(crate) struct Listeners {
    free: AtomicUsize,
    /// Whether the driver must count them again.
    is_stale: AtomicBool,
    /// Waker of the driver's task.
    pub(crate) driver: AtomicWaker,
}

impl Listeners {
    pub(crate) const fn new() -> Self {
        Self { free: AtomicUsize::new(0), is_stale: AtomicBool::new(false), driver: AtomicWaker::new() }
    }

    /// Returns whether the driver must count the listening sockets again.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Relaxed)
    }

    /// Sets the number of listening sockets.
    pub(crate) fn set(&self, free: usize) {
        self.is_stale.store(false, Ordering::Relaxed);
        self.free.store(free, Ordering::Relaxed);
    }

    /// Takes a listener for a SYN. Returns `false` if none is left.
    fn take(&self) -> bool {
        // The driver counts again, because the stack does not use the listener if the connection exists already.
        self.is_stale.store(true, Ordering::Relaxed);
        self.driver.wake();
        let free = self.free.load(Ordering::Relaxed);
        // No atomic exchange is needed, because all callers are tasks of one executor.
        self.free.store(free.saturating_sub(1), Ordering::Relaxed);
        free > 0
    }
}

/// Network device that passes at most one SYN for each listening socket.
pub struct SynFilter<D> {
    device: D,
    port: u16,
    listeners: &'static Listeners,
}

impl<D> SynFilter<D> {
    pub(crate) fn new(device: D, port: u16, listeners: &'static Listeners) -> Self {
        Self { device, port, listeners }
    }
}

impl<D: Driver> Driver for SynFilter<D> {
    type RxToken<'a>
        = Filtered<D::RxToken<'a>>
    where
        Self: 'a;
    type TxToken<'a>
        = D::TxToken<'a>
    where
        Self: 'a;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let (frame, send) = self.device.receive(context)?;
        Some((Filtered { frame, port: self.port, listeners: self.listeners }, send))
    }

    fn transmit(&mut self, context: &mut Context<'_>) -> Option<Self::TxToken<'_>> {
        self.device.transmit(context)
    }

    fn link_state(&mut self, context: &mut Context<'_>) -> LinkState {
        self.device.link_state(context)
    }

    fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }

    fn hardware_address(&self) -> HardwareAddress {
        self.device.hardware_address()
    }
}

/// Received frame that may be withheld.
pub struct Filtered<T> {
    frame: T,
    port: u16,
    listeners: &'static Listeners,
}

impl<T: RxToken> RxToken for Filtered<T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, look: F) -> R {
        let Self { frame, port, listeners } = self;
        frame.consume(|frame| {
            // The stack drops an empty frame.
            let withheld = is_syn(frame, port) && !listeners.take();
            look(if withheld { &mut [] } else { frame })
        })
    }
}

/// Returns whether an Ethernet frame opens a TCP connection to `port` over IPv4.
fn is_syn(frame: &[u8], port: u16) -> bool {
    // Most frames have a header of 20 bytes, and other flags at this place.
    let is_other = |headers: &[u8; 48]| headers[14] & 15 == 5 && headers[47] & (SYN | ACK) != SYN;
    if frame.first_chunk().is_some_and(is_other) {
        return false;
    }
    let Some((ethernet, ip)) = frame.split_at_checked(14) else { return false };
    if ethernet[12..] != [8, 0] || ip.get(9) != Some(&6) {
        return false;
    }
    let tcp = ip.get(usize::from(ip[0] & 15) * 4..).unwrap_or_default();
    let flags = tcp.get(13).map(|flags| flags & (SYN | ACK));
    flags == Some(SYN) && tcp[2..4] == port.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syn_is_distinguished_from_other_frames() {
        let mut frame = [0; 62];
        (frame[12], frame[14], frame[23]) = (8, 0x46, 6);
        (frame[41], frame[51]) = (80, SYN);
        assert!(is_syn(&frame, 80) && !is_syn(&frame, 81));
        for (i, other) in [(12, 0x86), (14, 0x45), (23, 17), (40, 1), (51, SYN | ACK), (51, ACK)] {
            let mut frame = frame;
            frame[i] = other;
            assert!(!is_syn(&frame, 80), "{other} at {i}");
        }
        let mut shorter = [0; 60];
        (shorter[12], shorter[14], shorter[23], shorter[37], shorter[47]) = (8, 0x45, 6, 80, SYN);
        assert!(is_syn(&shorter, 80) && !is_syn(&shorter, 81));
        shorter[47] |= ACK;
        assert!(!is_syn(&shorter, 80));
        for length in 0..52 {
            assert!(!is_syn(&frame[..length], 80), "{length} bytes");
        }
    }

    #[test]
    fn each_listener_is_taken_once() {
        let listeners = Listeners::new();
        assert!(!listeners.take());
        listeners.set(2);
        assert!(!listeners.is_stale());
        assert_eq!([(); 4].map(|()| listeners.take()), [true, true, false, false]);
        assert!(listeners.is_stale());
    }
}
