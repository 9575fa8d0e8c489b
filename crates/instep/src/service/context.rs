//! The context in which a request is answered or an open client is served.

use super::mounts::MountsRef;
use crate::access::Access;
use crate::device::{Device, SlotHandle};
use crate::log::lines;
use crate::model::{Manifest, Thing};
use crate::time::Instant;
use core::cell::Cell;
use core::num::NonZeroU32;
use instep_proto::delivery::{Feed, Outgoing};
use instep_proto::http::RequestHead;

/// References to the device, its feeds and the application's declaration.
pub struct Context<'a> {
    /// The checks of Host and Origin.
    pub(crate) access: &'a Access,
    pub(crate) device: &'a Device,
    pub(crate) manifest: &'a Manifest,
    /// The notices to clients of a Thing, if the application declares one.
    pub(crate) notices: Option<&'static Notices>,
    /// The feed that the clients of this driver follow.
    pub(crate) feed: &'a Feed<'static>,
    /// The same feed with its long frames compressed, if it is up to date.
    pub(crate) compressed_feed: Option<&'a Feed<'static>>,
    /// The index of this driver in [`Memory::followers`](crate::driver::Memory::followers).
    pub(crate) follower: usize,
    /// The devices of the server, if it has several.
    pub(crate) mounts: Option<MountsRef<'a>>,
    /// The number of messages that this turn has received whole.
    pub(crate) messages: Cell<u32>,
}

/// Function table for an open WebSocket of a Thing.
///
/// The table has the notices beside the feed's frames, and the replacement of writes. A push returns `false` if the output has
/// no room.
#[derive(Debug)]
pub struct Notices {
    /// Pushes a keep-alive.
    pub(crate) push_keepalive: fn(&mut Outgoing<'_>) -> bool,
    /// Returns whether a request for a WebSocket asks for revisions.
    pub(crate) asks_for_revisions: fn(&RequestHead<'_>) -> bool,
    /// Pushes the revision up to which everything has been sent.
    pub(crate) push_revision: fn(revision: u64, &mut Outgoing<'_>) -> bool,
    /// Pushes the number of missed events.
    pub(crate) push_missed: fn(missed: u64, &mut Outgoing<'_>) -> bool,
    /// Replaces a waiting write of the same property, and returns whether a write was replaced.
    pub(crate) replace_write: fn(&Device, SlotHandle, &'static Thing, &str) -> bool,
}

impl Context<'_> {
    /// Counts a message, if it is whole.
    pub(crate) fn count_message(&self, whole: bool) {
        self.messages.set(self.messages.get() + u32::from(whole));
    }

    /// Returns whether a client with this session is connected, at any device of the server.
    pub(crate) fn session_in_use(&self, session: NonZeroU32) -> bool {
        match self.mounts {
            Some(mounts) => mounts.session_in_use(session),
            None => self.device.session_in_use(session),
        }
    }

    /// Returns how many clients all devices of the server together may have, if they have so many.
    pub(crate) fn places_taken(&self) -> Option<usize> {
        let mounts = self.mounts?;
        mounts.places_taken()
    }

    /// Takes one of these places, with a slot of the device by `admit`. Returns the number of places if there is none.
    pub(crate) fn take_place<T>(&self, admit: impl FnOnce() -> Option<T>) -> Result<T, Option<usize>> {
        let Some(mounts) = self.mounts else { return admit().ok_or(None) };
        mounts.take_place().map_err(Some)?;
        admit().ok_or_else(|| {
            mounts.leave_place();
            None
        })
    }

    /// Revokes the credential of all clients with this session, at all devices of the server.
    pub(crate) fn revoke(&self, session: Option<NonZeroU32>) {
        match self.mounts {
            Some(mounts) => mounts.revoke(session),
            None => self.device.revoke(session),
        }
    }

    /// Returns whether a refusal may be logged now.
    ///
    /// If so, logs first how many were left out before.
    pub(crate) fn allow_log(&self, now: Instant) -> bool {
        let left_out = self.device.allow_log(now);
        if let Some(left_out @ 1..) = left_out {
            lines::warn(format_args!("{left_out} more refusals were left out here"));
        }
        left_out.is_some()
    }
}
