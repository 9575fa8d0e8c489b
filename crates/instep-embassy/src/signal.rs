//! Signal of a socket, by which its driver knows which connections have work.

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use embassy_sync::waitqueue::AtomicWaker;
use static_waker::StaticWake;

/// Signal of one socket. Its waker is for that socket only.
///
/// A timer must have the waker of the task instead, because embassy's timers accept no other one.
pub(crate) struct Signal {
    is_set: AtomicBool,
    task: &'static AtomicWaker,
}

impl Signal {
    /// Creates a signal that wakes the driver whose task is registered with `task`.
    pub(crate) fn new(task: &'static AtomicWaker) -> Self {
        Self { is_set: AtomicBool::new(false), task }
    }

    /// Returns the waker that sets the signal.
    pub(crate) fn waker(&'static self) -> Waker {
        static_waker::waker(self)
    }

    /// Returns whether the signal is set, and clears it.
    pub(crate) fn take(&self) -> bool {
        // No atomic exchange is needed, because the socket is looked at after the signal is cleared.
        let is_set = self.is_set.load(Ordering::Acquire);
        if is_set {
            self.is_set.store(false, Ordering::Relaxed);
        }
        is_set
    }
}

impl StaticWake for Signal {
    fn wake(&'static self) {
        self.is_set.store(true, Ordering::Release);
        self.task.wake();
    }
}
