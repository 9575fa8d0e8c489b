//! Membership of a client in its shard: its device and its slot there, and its stage, as the shard counts it.

use crate::mount::{Mount, Next};
use crate::shard_state::ShardState;
use instep::driver::Client;
use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

/// Number of a slot that is none.
const NO_SLOT: u32 = u32::MAX;

/// Membership of a client in its shard.
///
/// It fills 24 bytes without a gap, because the size of a connection counts.
pub(crate) struct Membership {
    /// Device behind the server that the client is connected to. It is boxed, because few connections have one.
    place: RefCell<Option<Box<Place>>>,
    /// Key of the connection within the shard.
    key: u32,
    /// Number of the client's slot, or [`NO_SLOT`].
    slot: Cell<u32>,
}

/// Device behind the server, and its part of the path.
pub(crate) struct Place {
    pub(crate) mount: Rc<Mount>,
    pub(crate) path: Box<str>,
}

/// Whether the client has an open WebSocket or a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    NotOpen,
    Open,
    /// It follows the compressed feed.
    Compressed,
}

impl Stage {
    /// Counts a client that was at this stage at its `next` one.
    pub(crate) fn count(self, next: Self, shard: &ShardState) {
        if (self == Self::NotOpen) != (next == Self::NotOpen) {
            shard.count_open(next != Self::NotOpen);
        }
        if (self == Self::Compressed) != (next == Self::Compressed) {
            shard.count_compressed(next == Self::Compressed);
        }
    }
}

impl Membership {
    pub(crate) fn new(key: u32) -> Self {
        Self { place: RefCell::new(None), key, slot: Cell::new(NO_SLOT) }
    }

    /// Returns the key of the connection within the shard.
    pub(crate) fn key(&self) -> usize {
        self.key as usize
    }

    /// Returns the device behind the server that the client is connected to.
    pub(crate) fn place(&self) -> Option<Ref<'_, Place>> {
        Ref::filter_map(self.place.borrow(), Option::as_deref).ok()
    }

    /// Changes to the context of the next request, which is another device behind the server, or the server itself.
    ///
    /// Returns `false` if the device cannot be shown here.
    pub(crate) fn change_device(&self, shard: &ShardState, next: Next) -> bool {
        self.leave_device(shard);
        if let Next::Device(shown, own) = next {
            let Some(mount) = shard.enter(&shown, self.key()) else { return false };
            self.place.replace(Some(Box::new(Place { mount, path: own })));
        }
        true
    }

    /// Leaves the device behind the server, if the client is connected to one.
    pub(crate) fn leave_device(&self, shard: &ShardState) {
        if let Some(place) = self.place.take() {
            shard.leave(&place.mount, self.key());
        }
    }

    /// Returns the stage of the client.
    pub(crate) fn stage_of(&self, client: &Client) -> Stage {
        if !client.is_open() {
            Stage::NotOpen
        } else if client.follows_compressed() && self.place.borrow().is_none() {
            Stage::Compressed
        } else {
            Stage::Open
        }
    }

    /// Records the slot of the client, at the device that it is connected to.
    pub(crate) fn record_slot(&self, shard: &ShardState, client: &Client) {
        let slot = client.slot().and_then(|slot| u32::try_from(slot).ok()).unwrap_or(NO_SLOT);
        let before = self.slot.replace(slot);
        if slot != before {
            let assign = |slot, key| match self.place() {
                Some(place) => place.mount.assign(slot, key),
                None => shard.assign(slot, key),
            };
            if slot != NO_SLOT {
                assign(slot, Some(self.key()));
            } else {
                assign(before, None);
            }
        }
    }
}
