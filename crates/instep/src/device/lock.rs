//! Lock of the device's state.

use core::cell::RefCell;

#[cfg(feature = "std")]
type Inner<T> = parking_lot::ReentrantMutex<RefCell<T>>;
#[cfg(not(feature = "std"))]
type Inner<T> = embassy_sync::blocking_mutex::Mutex<
    embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex,
    RefCell<T>,
>;

/// Lock of a value, which is held for short calls.
///
/// With the feature `std` each is a lock of its own. On a microcontroller it is a critical section, in which no interrupt is
/// served. A call within a call panics with both.
pub(super) struct Lock<T>(Inner<T>);

impl<T> Lock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(Inner::new(RefCell::new(value)))
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(feature = "std")]
        let result = act(&mut self.0.lock().borrow_mut());
        #[cfg(not(feature = "std"))]
        let result = self.0.lock(|value| act(&mut value.borrow_mut()));
        result
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "already borrowed")]
    fn call_within_call_panics() {
        let lock = Lock::new(1);
        lock.with(|_| lock.with(|value| *value));
    }
}
