//! Wakers of values in static memory, for firmware without a heap.
//!
//! ```
//! use static_waker::{StaticWake, waker};
//! use std::sync::atomic::{AtomicBool, Ordering};
//!
//! struct Flag(AtomicBool);
//!
//! impl StaticWake for Flag {
//!     fn wake(&'static self) {
//!         self.0.store(true, Ordering::Release);
//!     }
//! }
//!
//! static FLAG: Flag = Flag(AtomicBool::new(false));
//! waker(&FLAG).wake();
//! assert!(FLAG.0.load(Ordering::Acquire));
//! ```

#![no_std]

#[cfg(test)]
extern crate std;

use core::marker::PhantomData;
use core::task::{RawWaker, RawWakerVTable, Waker};

/// Value that a waker wakes.
pub trait StaticWake: Sync + 'static {
    /// Notes the wake-up. It may be called from any thread and from an interrupt.
    fn wake(&'static self);
}

/// Returns a waker of `target`. It takes no memory.
pub fn waker<T: StaticWake>(target: &'static T) -> Waker {
    // SAFETY: the functions of the table uphold the contract of `RawWakerVTable`. They are safe on any thread, because `T` is
    // `Sync`, and the pointer is valid for ever, because it comes from a static reference.
    unsafe { Waker::from_raw(raw(target)) }
}

fn raw<T: StaticWake>(target: &'static T) -> RawWaker {
    RawWaker::new(core::ptr::from_ref(target).cast(), &Table::<T>::TABLE)
}

struct Table<T>(PhantomData<T>);

impl<T: StaticWake> Table<T> {
    const TABLE: RawWakerVTable = RawWakerVTable::new(Self::clone, Self::wake, Self::wake, |_| ());

    fn clone(target: *const ()) -> RawWaker {
        raw(Self::target(target))
    }

    fn wake(target: *const ()) {
        Self::target(target).wake();
    }

    fn target(target: *const ()) -> &'static T {
        // SAFETY: only the functions of the table call this, and each pointer with this table comes from `raw`.
        unsafe { &*target.cast() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};

    struct Counter(AtomicUsize);

    impl StaticWake for Counter {
        fn wake(&'static self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn every_copy_wakes_its_own_target() {
        static COUNTERS: [Counter; 2] = [const { Counter(AtomicUsize::new(0)) }; 2];
        let [first, second] = [waker(&COUNTERS[0]), waker(&COUNTERS[1])];
        let copy = first.clone();
        assert!(copy.will_wake(&first) && !copy.will_wake(&second));
        drop(first);
        copy.wake_by_ref();
        std::thread::spawn(move || copy.wake()).join().unwrap();
        second.wake();
        let counts = COUNTERS.each_ref().map(|counter| counter.0.load(Ordering::Relaxed));
        assert_eq!(counts, [2, 1]);
    }
}
