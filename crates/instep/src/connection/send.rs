//! Sending half of an open WebSocket: the feed, replies and notices.

use super::websocket::Open;
use crate::service::Context;
use crate::time::Instant;
use instep_proto::delivery::{Feed, Outgoing};
use log::Level;

/// Silence after which a client of a Thing gets a keep-alive message, in ms.
///
/// Pings do not help, because scripts cannot see them.
const KEEPALIVE_INTERVAL_MS: u64 = 5_000;

impl Open {
    /// Returns the time of the next keep-alive of a client of a Thing.
    ///
    /// Returns [`Instant::NEVER`] for other clients.
    pub(super) fn keepalive_after(thing: bool, now: Instant) -> Instant {
        if thing { now.after(KEEPALIVE_INTERVAL_MS) } else { Instant::NEVER }
    }

    pub(super) fn speaks_thing(&self) -> bool {
        self.keepalive_at != Instant::NEVER
    }

    /// Notes that a frame has been sent, which postpones the keep-alive.
    pub(super) fn note_sent(&mut self, now: Instant) {
        self.keepalive_at = Self::keepalive_after(self.speaks_thing(), now);
    }

    /// Sends a keep-alive if it is due and the output is empty.
    ///
    /// A client that does not read gets none.
    pub(super) fn send_keepalive(&mut self, now: Instant, context: &Context<'_>, out: &mut Outgoing<'_>) {
        if now >= self.keepalive_at {
            if let Some(notices) = context.notices.filter(|_| out.is_empty()) {
                // There is room, because the output is empty.
                let _ = (notices.push_keepalive)(out);
            }
            self.note_sent(now);
        }
    }

    /// Pushes the number of missed events to a client of a Thing.
    ///
    /// The number comes before the events that follow. Returns `false` if the output has no room.
    pub(super) fn push_missed(&mut self, context: &Context<'_>, out: &mut Outgoing<'_>) -> bool {
        let feed = self.feed(context);
        let mut cursor = self.cursor;
        let Some(notices) = context.notices.filter(|_| self.follows && self.speaks_thing()) else {
            return true;
        };
        let missed = cursor.skip_lost(feed);
        if missed == 0 {
            return true;
        }
        let pushed = (notices.push_missed)(missed, out);
        if pushed {
            self.cursor = cursor;
            self.note_missed(missed, context);
        }
        pushed
    }

    /// Pushes replies, each after everything that was published before it.
    pub(super) fn fetch_replies(&mut self, now: Instant, context: &Context<'_>, out: &mut Outgoing<'_>) {
        let feed = self.feed(context);
        let (mut missed, kept) = (0, out.len());
        if !self.push_missed(context, out) {
            return;
        }
        if self.follows {
            // A frame that does not fit is pushed after the frames before it have been sent.
            while context.device.fetch_reply(self.slot, &mut |revision, frame| {
                revision <= context.feed.revision()
                    && out.push_frames(&mut self.cursor, feed, revision, &mut missed)
                    && out.push(frame)
            }) {}
        }
        if out.len() > kept {
            self.note_sent(now);
        }
        (self.replies, self.revoked) = context.device.has_reply(self.slot);
        self.note_missed(missed, context);
    }

    /// Writes all frames that are due. Returns whether the socket accepted all of them.
    pub(super) fn flush(
        &mut self,
        now: Instant,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let feed = self.feed(context);
        if !self.push_missed(context, out) {
            // Once the kept output is written, there is room.
            if !out.flush(None, &mut 0, write) {
                return false;
            }
            let _ = self.push_missed(context, out);
        }
        let (mut missed, before) = (0, self.cursor);
        let follower = self.follows.then_some((&mut self.cursor, feed));
        let all = out.flush(follower, &mut missed, write);
        if self.cursor != before {
            self.note_sent(now);
        }
        self.note_missed(missed, context);
        all && (self.feed(context).revision() < self.unsent_revision
            || self.push_revision(context, out, write))
    }

    /// Sends the revision up to which everything has been sent.
    ///
    /// Returns whether the socket accepted all of it.
    fn push_revision(
        &mut self,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let revision = self.feed(context).revision();
        let Some(notices) = context.notices else { return true };
        // Without room, it is sent when the socket accepts more.
        if !(notices.push_revision)(revision, out) {
            return false;
        }
        self.unsent_revision = revision + 1;
        out.flush(None, &mut 0, write)
    }

    /// Returns the feed of the client, compressed if compression was negotiated.
    pub(super) fn feed<'w>(&self, context: &Context<'w>) -> &'w Feed<'static> {
        context.compressed_feed.filter(|_| self.receiver.deflates()).unwrap_or(context.feed)
    }

    /// Counts and logs missed events.
    pub(super) fn note_missed(&self, missed: u64, context: &Context<'_>) {
        if missed > 0 {
            context.device.count_missed(missed);
            let client = self.slot.client;
            client.log(Level::Warn, format_args!("Missed {missed} events by reading too slowly"));
        }
    }
}
