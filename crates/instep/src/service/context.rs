//! What a request or an open client is answered from.

use crate::access::Access;
use crate::device::{Device, SlotHandle};
use crate::model::{Manifest, Thing};
use crate::time::Instant;
use core::cell::Cell;
use instep_proto::delivery::{Feed, Outgoing};
use instep_proto::http::RequestHead;

/// The device, what clients follow, and what the application says of itself.
pub struct Context<'a> {
    /// Who may come in.
    pub(crate) access: &'a Access,
    pub(crate) device: &'a Device,
    pub(crate) manifest: &'a Manifest,
    /// What clients of a Thing are told, if it is one.
    pub(crate) notices: Option<&'static Notices>,
    /// What the clients of this driver follow.
    pub(crate) feed: &'a Feed<'static>,
    /// The same feed with its long frames compressed, if it is up to date.
    pub(crate) compressed_feed: Option<&'a Feed<'static>>,
    /// Which of the device's followers this driver is.
    pub(crate) follower: usize,
    /// Messages that this turn took whole.
    pub(crate) messages: Cell<u32>,
}

/// What an open WebSocket of a Thing is told beside frames of the feed, and which writes may be passed over.
#[derive(Debug)]
pub struct Notices {
    /// Says that the device is there.
    pub(crate) push_keepalive: fn(&mut Outgoing<'_>) -> bool,
    /// Whether a request for a WebSocket asks to be told of revisions.
    pub(crate) asks_for_revisions: fn(&RequestHead<'_>) -> bool,
    /// Says up to which revision everything was told.
    pub(crate) push_revision: fn(revision: u64, &mut Outgoing<'_>) -> bool,
    /// Says how many events were missed.
    pub(crate) push_missed: fn(missed: u64, &mut Outgoing<'_>) -> bool,
    /// A write takes the place of one of the same property that still waits for the application.
    pub(crate) replace_write: fn(&Device, SlotHandle, &'static Thing, &str) -> bool,
}

impl Context<'_> {
    pub(crate) fn count_message(&self, whole: bool) {
        self.messages.set(self.messages.get() + u32::from(whole));
    }

    /// Whether the log may tell of a refusal; it has been told then of how many it was not.
    pub(crate) fn allow_log(&self, now: Instant) -> bool {
        let left_out = self.device.allow_log(now);
        if let Some(left_out @ 1..) = left_out {
            log::warn!("{left_out} more refusals were left out here");
        }
        left_out.is_some()
    }
}
