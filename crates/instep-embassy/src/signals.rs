//! Signals of sockets, by which a driver knows which connections have work.

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
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
    are_set: [AtomicBool; SIGNALS],
    /// Waker of the driver's task.
    pub(crate) task: AtomicWaker,
}

impl Signals {
    /// Creates signals that are not set.
    pub(crate) const fn new() -> Self {
        Self { are_set: [const { AtomicBool::new(false) }; SIGNALS], task: AtomicWaker::new() }
    }

    /// Returns the waker that sets the signal of a socket.
    pub(crate) fn waker(&'static self, socket: usize) -> Waker {
        static_waker::waker(self, socket)
    }

    /// Returns whether the signal of a socket is set, and clears it.
    pub(crate) fn take(&self, socket: usize) -> bool {
        // No atomic exchange is needed, because the socket is looked at after the signal is cleared.
        let is_set = self.are_set[socket].load(Ordering::Acquire);
        if is_set {
            self.are_set[socket].store(false, Ordering::Relaxed);
        }
        is_set
    }
}

impl StaticWake for Signals {
    fn wake(&'static self, socket: usize) {
        self.are_set[socket].store(true, Ordering::Release);
        self.task.wake();
    }
}
