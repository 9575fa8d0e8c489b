//! Who is to be woken once the device's lock is free: whoever is woken asks for that lock first.

use core::task::Waker;

/// As many as there usually are: the application, and a few drivers.
const ROOM: usize = 4;

/// Wakers that are to be called.
#[derive(Debug, Default)]
pub(crate) struct WakerSet {
    wakers: [Option<Waker>; ROOM],
    count: usize,
}

impl WakerSet {
    /// One more. Without room for it, it is called at once.
    pub(crate) fn add(&mut self, waker: Waker) {
        match self.wakers.get_mut(self.count) {
            Some(room) => {
                *room = Some(waker);
                self.count += 1;
            }
            None => waker.wake(),
        }
    }

    /// All of them, if there are any.
    pub(crate) fn take(&mut self) -> Option<Self> {
        (self.count > 0).then(|| core::mem::take(self))
    }

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
    fn everybody_is_woken_once() {
        let counter = Arc::new(Counter::default());
        let mut wakes = WakerSet::default();
        assert!(wakes.take().is_none());
        for _ in 0..ROOM + 2 {
            wakes.add(counter.clone().into());
        }
        assert_eq!(counter.0.load(Ordering::Relaxed), 2, "for two there was no room");
        wakes.take().unwrap().call();
        assert_eq!(counter.0.load(Ordering::Relaxed), ROOM + 2);
        assert!(wakes.take().is_none());
    }
}
