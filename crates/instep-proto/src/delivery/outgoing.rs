//! Output of one turn to one client, gathered for one write.

use super::{Cursor, Feed, Storage};

/// Output buffer of one turn, in a scratch buffer that all clients share.
///
/// The buffer holds two kinds of bytes. Committed bytes must be sent and cannot be generated again: replies, control
/// frames, responses, and the rest of a started frame. Frames from the feed follow them, and can be read again. If
/// the socket is full before such a frame has started, the frame is dropped, and the client later gets a newer one.
///
/// Committed bytes that the socket does not accept are persisted to storage of the client ([`Outgoing::load`]).
/// For a client without storage ([`Outgoing::within`]), only whole frames are written, and no more than the socket
/// has free space for.
#[derive(Debug)]
pub struct Outgoing<'a> {
    scratch: &'a mut [u8],
    len: usize,
    /// Maximum committed bytes. Without storage: the free space of the socket.
    limit: usize,
    /// Without storage: the space of an empty socket, in bytes.
    capacity: Option<usize>,
    /// Whether a request for space was refused.
    blocked: bool,
}

/// Bytes that a socket is sure to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendWindow {
    /// Bytes that the socket accepts now.
    pub free: usize,
    /// Bytes that the socket accepts when it is empty.
    pub capacity: usize,
}

impl SendWindow {
    /// Placeholder for clients with storage, which ignore the window.
    pub const NONE: Self = Self { free: 0, capacity: 0 };
}

impl<'a> Outgoing<'a> {
    /// Creates a buffer that begins with the committed bytes of an earlier turn.
    ///
    /// At most `limit` bytes are committed. `scratch` must be longer than `limit` by at least one frame.
    pub fn load(scratch: &'a mut [u8], unsent: &mut impl Storage, limit: usize) -> Self {
        let len = unsent.bytes().len();
        scratch[..len].copy_from_slice(unsent.bytes());
        // Shrinking always succeeds.
        let _ = unsent.resize(0);
        Self { scratch, len, limit, capacity: None, blocked: false }
    }

    /// Creates a buffer for a client without storage.
    ///
    /// Only bytes within the window are written. The window of an empty socket must hold at least one frame.
    pub fn within(scratch: &'a mut [u8], room: SendWindow) -> Self {
        let max = scratch.len();
        let (limit, capacity) = (room.free.min(max), room.capacity.min(max));
        Self { scratch, len: 0, limit, capacity: Some(capacity), blocked: false }
    }

    /// Persists the committed bytes that were not sent.
    ///
    /// # Panics
    /// If `unsent` has less capacity than the limit given to [`Outgoing::load`].
    pub fn persist(self, unsent: &mut impl Storage) {
        if self.len > 0 {
            assert!(unsent.resize(self.len), "storage smaller than the limit of committed bytes");
            unsent.bytes_mut().copy_from_slice(&self.scratch[..self.len]);
        }
    }

    /// Returns the number of committed bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether no bytes are buffered.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns how many more bytes can be committed.
    pub fn remaining(&self) -> usize {
        self.limit.saturating_sub(self.len)
    }

    /// Returns whether `length` more bytes can be committed.
    ///
    /// If not, see [`Outgoing::is_blocked`].
    pub fn has_room(&mut self, length: usize) -> bool {
        let has = self.remaining() >= length;
        self.blocked |= !has;
        has
    }

    /// Returns whether no later turn can have more space than this one.
    pub fn is_clear(&self) -> bool {
        self.len == 0 && self.capacity.is_none_or(|capacity| self.limit == capacity)
    }

    /// Returns whether output of a client without storage waits for window.
    pub fn is_blocked(&self) -> bool {
        self.blocked && self.capacity.is_some()
    }

    /// Returns the free space, to be filled before [`Outgoing::commit`].
    pub fn spare_mut(&mut self) -> &mut [u8] {
        let end = self.limit.max(self.len);
        &mut self.scratch[self.len..end]
    }

    /// Commits the first `length` bytes of [`Outgoing::spare_mut`].
    pub fn commit(&mut self, length: usize) {
        debug_assert!(length <= self.remaining());
        self.len += length;
    }

    /// Commits `bytes`. Returns `false`, and commits none, if they do not fit.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        if !self.has_room(bytes.len()) {
            return false;
        }
        self.spare_mut()[..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
        true
    }

    /// Commits the client's frames up to `revision`, so that a reply can be sent after them.
    ///
    /// Returns `false` if the frames do not all fit.
    #[must_use]
    pub fn push_frames(
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

    /// Writes the committed bytes, then the client's new frames from the feed, if any.
    ///
    /// `write` returns how many bytes it accepted. Returns whether all bytes were accepted. `missed` grows by the
    /// number of lost events.
    pub fn flush(
        &mut self,
        source: Option<(&mut Cursor, &Feed<'_>)>,
        missed: &mut u64,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let Some((cursor, feed)) = source else { return self.flush_buffered(write) };
        loop {
            let Some(first) = cursor.next(feed) else { return self.len == 0 || self.flush_buffered(write) };
            let mut probe = *cursor;
            probe.advance(&first, feed);
            let alone = probe.next(feed).is_none();
            // Without storage, a frame starts only if its end fits, too.
            let reach = if self.capacity.is_some() { self.limit } else { self.scratch.len() };
            if self.capacity.is_some() && self.len + first.frame.len() > reach {
                self.blocked = true;
                let _ = self.flush_buffered(write);
                return false;
            }
            if self.len == 0 && (alone || first.frame.len() > reach) {
                // A single frame goes from the table to the socket without a copy.
                let accepted = write(first.frame);
                self.consume_window(accepted);
                if accepted > 0 {
                    *missed += cursor.advance(&first, feed);
                }
                if accepted < first.frame.len() {
                    let rest = if accepted > 0 { &first.frame[accepted..] } else { &[] };
                    self.scratch[..rest.len()].copy_from_slice(rest);
                    self.len = rest.len();
                    return false;
                }
                if alone {
                    return true;
                }
                continue;
            }
            let mut end = self.len;
            probe = *cursor;
            while let Some(next) = probe.next(feed) {
                let Some(space) = self.scratch[..reach].get_mut(end..end + next.frame.len()) else { break };
                space.copy_from_slice(next.frame);
                end += next.frame.len();
                probe.advance(&next, feed);
            }
            let accepted = write(&self.scratch[..end]);
            self.consume_window(accepted);
            // Started frames are on their way; the last of them may have an unsent rest.
            let mut started = self.len;
            while started < accepted {
                let Some(next) = cursor.next(feed) else { break };
                started += next.frame.len();
                *missed += cursor.advance(&next, feed);
            }
            self.scratch.copy_within(accepted..started, 0);
            self.len = started - accepted;
            if accepted < end {
                return false;
            }
        }
    }

    /// Reduces the window by accepted bytes.
    fn consume_window(&mut self, accepted: usize) {
        if self.capacity.is_some() {
            self.limit = self.limit.saturating_sub(accepted);
        }
    }

    fn flush_buffered(&mut self, write: &mut dyn FnMut(&[u8]) -> usize) -> bool {
        if self.len > 0 {
            let accepted = write(&self.scratch[..self.len]);
            self.consume_window(accepted);
            self.scratch.copy_within(accepted..self.len, 0);
            self.len -= accepted;
        }
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{FixedBuffer, Ring, RingEntry, Table, TableEntry};
    use crate::frame::Payload;
    use proptest::prelude::RngExt as _;
    use proptest::test_runner::{RngAlgorithm, TestRng};
    use std::string::ToString;
    use std::vec::Vec;

    const LIMIT: usize = 70;

    fn feed() -> Feed<'static> {
        let table = Table::new(std::vec![TableEntry::default(); 3].leak(), std::vec![0; 64 * 4].leak());
        let ring = Ring::new(std::vec![RingEntry::default(); 4].leak(), std::vec![0; 64 * 5].leak());
        Feed::new(table, ring)
    }

    /// Sockets of twenty clients accept random numbers of bytes.
    #[test]
    fn random_partial_writes_keep_frames_whole_and_in_order() {
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut feed = feed();
        let mut scratch = [0; LIMIT + 200];
        let mut clients: Vec<_> = (0..20)
            .map(|_| (FixedBuffer::new(std::vec![0; LIMIT].leak()), Cursor::new(&feed), Vec::new(), 0_u64))
            .collect();
        for round in 0..3000 {
            publish_some(&mut feed, &mut random);
            let last = round >= 2990;
            for (unsent, cursor, received, missed) in &mut clients {
                let mut out = Outgoing::load(&mut scratch, unsent, LIMIT);
                if out.remaining() > 10 && random.random_range(0..5) == 0 {
                    assert!(out.push(b"\x81\x04pong"));
                }
                let mut most = if last { usize::MAX } else { random.random_range(0..120) };
                out.flush(Some((cursor, &feed)), missed, &mut |bytes| {
                    let accepted = bytes.len().min(most);
                    most -= accepted;
                    received.extend_from_slice(&bytes[..accepted]);
                    accepted
                });
                out.persist(unsent);
            }
        }
        for (_, _, received, _) in &clients {
            assert_eq!(numbers(received).max(), Some(feed.revision()), "the latest value is missing");
        }
    }

    /// Publishes some frames and events, each with its revision as its text.
    fn publish_some(feed: &mut Feed<'_>, random: &mut TestRng) {
        for _ in 0..random.random_range(0..4) {
            let text = (feed.revision() + 1).to_string() + &"x".repeat(random.random_range(0..40));
            match random.random_range(0..4) {
                3 => feed.event(Payload::Text(&text)).unwrap(),
                topic => feed.publish(topic, Payload::Text(&text)).unwrap(),
            }
        }
    }

    /// Returns the revisions in frames, which must ascend and be many.
    fn numbers(mut rest: &[u8]) -> impl Iterator<Item = u64> + use<> {
        let (mut before, mut revisions) = (0, Vec::new());
        while !rest.is_empty() {
            assert_eq!(rest[0], 0x81, "no frame begins where the last one ended");
            let (frame, tail) = rest[2..].split_at(usize::from(rest[1]));
            rest = tail;
            if frame != b"pong" {
                let text = core::str::from_utf8(frame).unwrap().trim_end_matches('x');
                let revision: u64 = text.parse().unwrap();
                assert!(revision > before, "{revision} came after {before}");
                before = revision;
                revisions.push(revision);
            }
        }
        assert!(revisions.len() > 100);
        revisions.into_iter()
    }

    /// Sockets of twenty clients without storage announce random windows.
    #[test]
    fn without_storage_only_whole_frames_are_sent() {
        const CAPACITY: usize = 80;
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut feed = feed();
        let mut scratch = [0; 300];
        let mut clients: Vec<_> = (0..20).map(|_| (Cursor::new(&feed), Vec::new(), 0_usize, 0)).collect();
        let mut waited = 0;
        for round in 0..3000 {
            publish_some(&mut feed, &mut random);
            for (cursor, received, queued, missed) in &mut clients {
                // The peer reads some of the bytes in the socket.
                *queued -= if round >= 2990 { *queued } else { random.random_range(0..=*queued) };
                let room = SendWindow { free: CAPACITY - *queued, capacity: CAPACITY };
                let mut out = Outgoing::within(&mut scratch, room);
                assert_eq!(out.is_clear(), *queued == 0);
                if random.random_range(0..5) == 0 && !out.push(b"\x81\x04pong") {
                    assert!(out.is_blocked());
                }
                let all = out.flush(Some((cursor, &feed)), missed, &mut |bytes| {
                    *queued += bytes.len();
                    assert!(*queued <= CAPACITY, "more written than the window");
                    received.extend_from_slice(bytes);
                    bytes.len()
                });
                assert_eq!((out.len(), all), (0, cursor.next(&feed).is_none()));
                waited += usize::from(!all);
                assert!(all || out.is_blocked());
            }
        }
        assert!(waited > 1000, "sockets were full {waited} times");
        for (_, received, _, _) in &clients {
            let last = numbers(received).max();
            assert_eq!(last, Some(feed.revision()), "the latest value is missing");
        }
    }

    #[test]
    fn reply_follows_what_was_published_before_it() {
        let mut feed = feed();
        let mut scratch = [0; LIMIT + 200];
        let mut unsent = FixedBuffer::new(std::vec![0; LIMIT].leak());
        let mut cursor = Cursor::new(&feed);
        feed.publish(0, Payload::Text(&"a")).unwrap();
        let reply_follows = feed.revision();
        feed.publish(1, Payload::Text(&"b")).unwrap();
        let mut out = Outgoing::load(&mut scratch, &mut unsent, LIMIT);
        assert!(out.push_frames(&mut cursor, &feed, reply_follows, &mut 0));
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
