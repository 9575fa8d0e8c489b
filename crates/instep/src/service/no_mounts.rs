//! The devices of a server without the feature `gateway`, which has only one.

use core::convert::Infallible;
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// Devices that have no value, so the compiler leaves out all code that has one.
#[derive(Clone, Copy, Debug)]
pub struct MountsRef<'a>(Infallible, PhantomData<&'a ()>);

impl MountsRef<'_> {
    pub(crate) fn session_in_use(self, _: NonZeroU32) -> bool {
        match self.0 {}
    }

    pub(crate) fn places_taken(self) -> Option<usize> {
        match self.0 {}
    }

    pub(crate) fn take_place(self) -> Result<(), usize> {
        match self.0 {}
    }

    pub(crate) fn leave_place(self) {
        match self.0 {}
    }

    pub(crate) fn revoke(self, _: Option<NonZeroU32>) {
        match self.0 {}
    }
}
