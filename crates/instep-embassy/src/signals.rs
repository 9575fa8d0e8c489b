//! Signals of sockets, by which a driver knows which connections have work.

use core::cell::Cell;
use core::task::Waker;
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::waitqueue::AtomicWaker;
use static_waker::StaticWake;

/// Maximum number of sockets of an interface.
pub(crate) const SIGNALS: usize = 64;

/// Signals of the sockets of one interface, each with a waker.
///
/// A timer must have the waker of the task instead, because embassy's timers accept no other one.
// The alignment is the number of wakers.
#[repr(align(64))]
pub(crate) struct Signals {
    /// One bit for each socket. Bits are taken all at once, because most of them are not set.
    set: CriticalSectionMutex<Cell<u64>>,
    /// Waker of the driver's task.
    pub(crate) task: AtomicWaker,
}

impl Signals {
    /// Creates signals that are not set.
    pub(crate) const fn new() -> Self {
        Self { set: CriticalSectionMutex::new(Cell::new(0)), task: AtomicWaker::new() }
    }

    /// Returns the waker that sets the signal of a socket.
    pub(crate) fn waker(&'static self, socket: usize) -> Waker {
        static_waker::waker(self, socket)
    }

    /// Returns which signals are set, and clears them. The caller looks at their sockets after it.
    pub(crate) fn take(&self) -> u64 {
        self.set.lock(Cell::take)
    }
}

impl StaticWake for Signals {
    fn wake(&'static self, socket: usize) {
        self.set.lock(|set| set.set(set.get() | bit(socket)));
        self.task.wake();
    }
}

/// Returns the bit of a socket among those of all sockets.
pub(crate) fn bit(socket: usize) -> u64 {
    1 << socket
}
