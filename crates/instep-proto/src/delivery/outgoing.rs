//! What one turn sends to one client: gathered, so that it leaves in one write.

use super::{Cursor, Feed, Storage};

/// Bytes on their way to one client. They lie in a scratch buffer that all clients share, because a turn is
/// one synchronous call; what the socket did not take is saved to the client's own storage at its end.
///
/// Two kinds of bytes are gathered. What is *kept* must go out and cannot be made again: replies, control
/// frames, responses, the rest of a frame that has begun. After it come frames read from the feed, which
/// cost nothing to read again: those that have not begun when the socket is full are forgotten, and the
/// client gets newer ones in their place.
#[derive(Debug)]
pub struct Outgoing<'a> {
    scratch: &'a mut [u8],
    kept: usize,
    limit: usize,
}

impl<'a> Outgoing<'a> {
    /// Takes up what an earlier turn left over. At most `limit` bytes are ever kept; `scratch` is longer by
    /// at least one frame.
    pub fn load(scratch: &'a mut [u8], unsent: &mut impl Storage, limit: usize) -> Self {
        let kept = unsent.bytes().len();
        scratch[..kept].copy_from_slice(unsent.bytes());
        // Shorter always fits.
        let _ = unsent.resize(0);
        Self { scratch, kept, limit }
    }

    /// Saves what is left over.
    ///
    /// # Panics
    /// If `unsent` has less room than the limit given to [`Outgoing::load`].
    pub fn save(self, unsent: &mut impl Storage) {
        if self.kept > 0 {
            assert!(unsent.resize(self.kept), "what a turn leaves over has room");
            unsent.bytes_mut().copy_from_slice(&self.scratch[..self.kept]);
        }
    }

    /// Bytes that are kept.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// How many more bytes may be kept.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.kept)
    }

    /// The room, to write what is to be kept into; [`Outgoing::keep`] follows.
    pub fn space(&mut self) -> &mut [u8] {
        let end = self.limit.max(self.kept);
        &mut self.scratch[self.kept..end]
    }

    /// Keeps the first `length` bytes of [`Outgoing::space`].
    pub fn keep(&mut self, length: usize) {
        debug_assert!(length <= self.room());
        self.kept += length;
    }

    /// Keeps `bytes`, or nothing and says `false` if there is no room.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let Some(space) = self.space().get_mut(..bytes.len()) else { return false };
        space.copy_from_slice(bytes);
        self.kept += bytes.len();
        true
    }

    /// Keeps the frames that the follower needs up to `revision`, because a reply is to follow them.
    /// `false`: there was no room for all.
    #[must_use]
    pub fn keep_frames(
        &mut self,
        cursor: &mut Cursor,
        feed: &Feed<'_>,
        revision: u64,
        missed: &mut u64,
    ) -> bool {
        while let Some(next) = cursor.next(feed).filter(|next| next.revision <= revision) {
            if !self.push(next.frame) {
                return false;
            }
            *missed += cursor.advance(&next, feed);
        }
        true
    }

    /// Hands everything to `write`, which says how many bytes it accepted, together with the frames that
    /// the follower needs. Says whether all was accepted; `missed` grows by the events that were lost.
    pub fn flush(
        &mut self,
        follower: Option<(&mut Cursor, &Feed<'_>)>,
        missed: &mut u64,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let Some((cursor, feed)) = follower else { return self.flush_kept(write) };
        loop {
            let Some(first) = cursor.next(feed) else { return self.kept == 0 || self.flush_kept(write) };
            let mut probe = *cursor;
            probe.advance(&first, feed);
            let alone = probe.next(feed).is_none();
            if self.kept == 0 && (alone || first.frame.len() > self.scratch.len()) {
                // One frame and nothing else: it goes from the table to the socket without a copy.
                let accepted = write(first.frame);
                if accepted > 0 {
                    *missed += cursor.advance(&first, feed);
                }
                if accepted < first.frame.len() {
                    let rest = if accepted > 0 { &first.frame[accepted..] } else { &[] };
                    self.scratch[..rest.len()].copy_from_slice(rest);
                    self.kept = rest.len();
                    return false;
                }
                if alone {
                    return true;
                }
                continue;
            }
            let mut end = self.kept;
            probe = *cursor;
            while let Some(next) = probe.next(feed) {
                let Some(space) = self.scratch.get_mut(end..end + next.frame.len()) else { break };
                space.copy_from_slice(next.frame);
                end += next.frame.len();
                probe.advance(&next, feed);
            }
            let accepted = write(&self.scratch[..end]);
            // Frames that have begun are on their way; of the last one a part may be left.
            let mut begun = self.kept;
            while begun < accepted {
                let Some(next) = cursor.next(feed) else { break };
                begun += next.frame.len();
                *missed += cursor.advance(&next, feed);
            }
            self.scratch.copy_within(accepted..begun, 0);
            self.kept = begun - accepted;
            if accepted < end {
                return false;
            }
        }
    }

    fn flush_kept(&mut self, write: &mut dyn FnMut(&[u8]) -> usize) -> bool {
        if self.kept > 0 {
            let accepted = write(&self.scratch[..self.kept]);
            self.scratch.copy_within(accepted..self.kept, 0);
            self.kept -= accepted;
        }
        self.kept == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::dice::Dice;
    use crate::delivery::{FixedBuffer, Ring, RingEntry, Table, TableEntry};
    use crate::frame::Payload;
    use std::string::ToString;
    use std::vec::Vec;

    const LIMIT: usize = 70;

    fn feed() -> Feed<'static> {
        let table = Table::new(std::vec![TableEntry::default(); 3].leak(), std::vec![0; 64 * 4].leak());
        let ring = Ring::new(std::vec![RingEntry::default(); 4].leak(), std::vec![0; 64 * 5].leak());
        Feed::new(table, ring)
    }

    /// Twenty clients whose sockets take a random number of bytes: frames stay whole and in one order, and
    /// the latest values arrive.
    #[test]
    fn random_partial_writes_keep_frames_whole_and_in_order() {
        let mut dice = Dice::new(7);
        let mut feed = feed();
        let mut scratch = [0; LIMIT + 200];
        let mut clients: Vec<_> = (0..20)
            .map(|_| (FixedBuffer::new(std::vec![0; LIMIT].leak()), Cursor::new(&feed), Vec::new(), 0_u64))
            .collect();
        let mut number = 0;
        for round in 0..3000 {
            for _ in 0..dice.roll(4) {
                number += 1;
                let text = number.to_string() + &"x".repeat(dice.roll(40));
                match dice.roll(4) {
                    3 => feed.event(Payload::Text(&text)).unwrap(),
                    topic => feed.publish(topic, Payload::Text(&text)).unwrap(),
                }
            }
            let last = round >= 2990;
            for (unsent, cursor, received, missed) in &mut clients {
                let mut out = Outgoing::load(&mut scratch, unsent, LIMIT);
                if out.room() > 10 && dice.roll(5) == 0 {
                    assert!(out.push(b"\x81\x04pong"));
                }
                let mut most = if last { usize::MAX } else { dice.roll(120) };
                out.flush(Some((cursor, &feed)), missed, &mut |bytes| {
                    let accepted = bytes.len().min(most);
                    most -= accepted;
                    received.extend_from_slice(&bytes[..accepted]);
                    accepted
                });
                out.save(unsent);
            }
        }
        for (_, _, received, _) in &clients {
            let (mut rest, mut before, mut frames) = (&received[..], 0, 0);
            while !rest.is_empty() {
                assert_eq!(rest[0], 0x81, "a frame begins where the last one ended");
                let (frame, tail) = rest[2..].split_at(usize::from(rest[1]));
                rest = tail;
                if frame != b"pong" {
                    let text = core::str::from_utf8(frame).unwrap().trim_end_matches('x');
                    let revision: u64 = text.parse().unwrap();
                    assert!(revision > before, "{revision} came after {before}");
                    (before, frames) = (revision, frames + 1);
                }
            }
            assert_eq!(before, feed.revision(), "the latest value arrived");
            assert!(frames > 100);
        }
    }

    #[test]
    fn a_reply_comes_after_what_was_published_before_it() {
        let mut feed = feed();
        let mut scratch = [0; LIMIT + 200];
        let mut unsent = FixedBuffer::new(std::vec![0; LIMIT].leak());
        let mut cursor = Cursor::new(&feed);
        feed.publish(0, Payload::Text(&"a")).unwrap();
        let reply_follows = feed.revision();
        feed.publish(1, Payload::Text(&"b")).unwrap();
        let mut out = Outgoing::load(&mut scratch, &mut unsent, LIMIT);
        assert!(out.keep_frames(&mut cursor, &feed, reply_follows, &mut 0));
        assert!(out.push(b"\x81\x01r"));
        let mut sent = Vec::new();
        let mut writes = 0;
        assert!(out.flush(Some((&mut cursor, &feed)), &mut 0, &mut |bytes| {
            sent.extend_from_slice(bytes);
            writes += 1;
            bytes.len()
        }));
        assert_eq!((&sent[..], writes), (&b"\x81\x01a\x81\x01r\x81\x01b"[..], 1));
    }
}
