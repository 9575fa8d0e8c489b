//! Wakers to be called after the device's lock is released.
//!
//! The woken tasks take that lock first.

use core::task::Waker;

/// Number of wakers in a set, enough for the application and a few drivers.
const CAPACITY: usize = 4;

/// Registers a waker, which is copied only if it differs from the registered one.
#[inline]
pub(crate) fn register(registered: &mut Option<Waker>, waker: &Waker) {
    if !registered.as_ref().is_some_and(|registered| registered.will_wake(waker)) {
        replace(registered, waker);
    }
}

#[inline(never)]
fn replace(registered: &mut Option<Waker>, waker: &Waker) {
    *registered = Some(waker.clone());
}

/// Set of wakers to be called.
#[derive(Debug, Default)]
pub(crate) struct WakerSet {
    wakers: [Option<Waker>; CAPACITY],
    count: usize,
}

impl WakerSet {
    /// Adds a waker, or calls it at once if the set is full.
    pub(crate) fn add(&mut self, waker: Waker) {
        match self.wakers.get_mut(self.count) {
            Some(room) => {
                *room = Some(waker);
                self.count += 1;
            }
            None => waker.wake(),
        }
    }

    /// Returns whether there is no waker.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Calls all wakers.
    pub(crate) fn call(self) {
        self.wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_waker_is_called_once() {
        let counter = Arc::new(Counter::default());
        let mut wakes = WakerSet::default();
        assert!(wakes.is_empty());
        for _ in 0..CAPACITY + 2 {
            wakes.add(counter.clone().into());
        }
        assert_eq!(
            counter.0.load(Ordering::Relaxed),
            2,
            "the two wakers without room were not called at once"
        );
        assert!(!wakes.is_empty());
        wakes.call();
        assert_eq!(counter.0.load(Ordering::Relaxed), CAPACITY + 2);
    }
}
