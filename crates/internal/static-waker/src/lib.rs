//! Wakers of values in static memory, for firmware without a heap.
//!
//! ```
//! use static_waker::{StaticWake, waker};
//! use std::sync::atomic::{AtomicBool, Ordering};
//!
//! #[repr(align(4))]
//! struct Flags([AtomicBool; 4]);
//!
//! impl StaticWake for Flags {
//!     fn wake(&'static self, index: usize) {
//!         self.0[index].store(true, Ordering::Release);
//!     }
//! }
//!
//! static FLAGS: Flags = Flags([const { AtomicBool::new(false) }; 4]);
//! waker(&FLAGS, 2).wake();
//! assert!(FLAGS.0[2].load(Ordering::Acquire));
//! ```

#![no_std]

#[cfg(test)]
extern crate std;

use core::marker::PhantomData;
use core::task::{RawWaker, RawWakerVTable, Waker};

/// Value with as many wakers as its alignment in bytes.
pub trait StaticWake: Sync + 'static {
    /// Notes the wake-up by the waker of this index. It may be called from any thread and from an interrupt.
    fn wake(&'static self, index: usize);
}

/// Returns a waker of `target`. It takes no memory, because its pointer has the index in its low bits.
///
/// # Panics
/// If `index` is not less than the alignment of `target` in bytes.
pub fn waker<T: StaticWake>(target: &'static T, index: usize) -> Waker {
    assert!(index < align_of::<T>() && index < size_of::<T>(), "the value has fewer wakers");
    let data = core::ptr::from_ref(target).cast::<u8>().wrapping_add(index);
    // SAFETY: the functions of the table uphold the contract of `RawWakerVTable`. They are safe on any thread, because `T` is
    // `Sync`, and the pointer is valid for ever, because it comes from a static reference.
    unsafe { Waker::from_raw(RawWaker::new(data.cast(), &Table::<T>::TABLE)) }
}

struct Table<T>(PhantomData<T>);

impl<T: StaticWake> Table<T> {
    const TABLE: RawWakerVTable = RawWakerVTable::new(Self::clone, Self::wake, Self::wake, |_| ());

    fn clone(data: *const ()) -> RawWaker {
        RawWaker::new(data, &Self::TABLE)
    }

    fn wake(data: *const ()) {
        let index = data.addr() % align_of::<T>();
        let target = data.cast::<u8>().wrapping_sub(index).cast::<T>();
        // SAFETY: only the functions of the table get here, so `waker` made the pointer of a static reference and the index.
        unsafe { &*target }.wake(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};

    #[repr(align(8))]
    struct Counters([AtomicUsize; 8]);

    impl StaticWake for Counters {
        fn wake(&'static self, index: usize) {
            self.0[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    static COUNTERS: Counters = Counters([const { AtomicUsize::new(0) }; 8]);

    #[test]
    fn every_copy_wakes_its_own_index() {
        let wakers: [Waker; 8] = core::array::from_fn(|index| waker(&COUNTERS, index));
        for (index, waker) in wakers.iter().enumerate() {
            assert!(waker.will_wake(&waker.clone()) && !waker.will_wake(&wakers[(index + 1) % 8]));
            let copy = waker.clone();
            (0..index).for_each(|_| copy.wake_by_ref());
        }
        let last = wakers[7].clone();
        drop(wakers);
        std::thread::spawn(move || last.wake_by_ref()).join().unwrap();
        let counts = COUNTERS.0.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        assert_eq!(counts, [0, 1, 2, 3, 4, 5, 6, 8]);
    }

    #[test]
    #[should_panic = "fewer wakers"]
    fn index_beyond_alignment_is_refused() {
        let _ = waker(&COUNTERS, 8);
    }
}
