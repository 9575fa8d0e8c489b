//! The list of devices as a feed: what has changed since a revision.

use super::summary::Summary;
use instep_mqtt::DeviceId;
use std::collections::{BTreeMap, VecDeque};

/// Maximum number of devices that are gone and are remembered.
const GONE_MAX: usize = 1_024;

/// How far the changes of the list of devices are known. The default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The revision up to which devices that are new or have changed are known.
    changed: u64,
    /// The revision up to which devices that are gone are known. It runs ahead while all devices are told page by page.
    gone: u64,
}

/// Changes of the list of devices.
///
/// Devices that are gone come first: one that is back is in both lists.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The position of the next changes.
    pub position: Position,
    /// The revision up to which these are the changes.
    pub revision: u64,
    /// Whether these changes begin anew: devices that were there before are gone, unless they are in these or later changes.
    pub is_whole: bool,
    /// Devices that are new or have changed, in the order of their revisions.
    pub changed: Vec<Summary>,
    /// Devices that are gone.
    pub gone: Vec<DeviceId>,
}

/// Order of the changes of all summaries.
#[derive(Debug, Default)]
pub(super) struct ChangeOrder {
    revision: u64,
    changed: BTreeMap<u64, DeviceId>,
    gone: VecDeque<(u64, DeviceId)>,
    /// The revision of the newest device that is gone and forgotten.
    forgotten: u64,
}

impl ChangeOrder {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Notes a change that is not one of a device.
    pub(super) fn note(&mut self) {
        self.revision += 1;
    }

    /// Notes a change of a device whose last change had the revision `before`, or 0, and returns its new revision.
    pub(super) fn changed(&mut self, id: DeviceId, before: u64) -> u64 {
        self.changed.remove(&before);
        self.revision += 1;
        self.changed.insert(self.revision, id);
        self.revision
    }

    pub(super) fn gone(&mut self, id: DeviceId, before: u64) {
        self.changed.remove(&before);
        self.revision += 1;
        self.gone.push_back((self.revision, id));
        if self.gone.len() > GONE_MAX
            && let Some((revision, _)) = self.gone.pop_front()
        {
            self.forgotten = revision;
        }
    }

    /// Returns what has changed since a position, at most `max` changes. `summary` returns the summary of a device.
    pub(super) fn since(
        &self,
        since: Position,
        max: usize,
        summary: impl Fn(&DeviceId) -> Option<Summary>,
    ) -> Changes {
        let now = self.revision;
        // A position from the future is one of another gateway.
        let is_whole = since.gone == 0 || since.gone < self.forgotten || since.changed.max(since.gone) > now;
        // All devices that are gone are told at once, so a round over many pages needs only those that go meanwhile.
        let from = if is_whole { Position { changed: 0, gone: now } } else { since };
        let begin = self.gone.partition_point(|(revision, _)| *revision <= from.gone);
        let gone = self.gone.range(begin..).map(|(_, id)| *id).collect();
        let mut rest = self.changed.range(from.changed + 1..);
        let changed = rest.by_ref().take(max).filter_map(|(_, id)| summary(id)).collect::<Vec<_>>();
        let revision = match (rest.next(), changed.last()) {
            (None, _) => now,
            (Some(_), Some(last)) => last.revision,
            (Some(_), None) => from.changed,
        };
        Changes { position: Position { changed: revision, gone: now }, revision, is_whole, changed, gone }
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::{Presence, Since};
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    fn id(number: u32) -> DeviceId {
        DeviceId::new(&format!("d-{number}")).unwrap()
    }

    /// The order, with the revision of each device.
    #[derive(Default)]
    struct List {
        order: ChangeOrder,
        devices: RefCell<BTreeMap<DeviceId, u64>>,
    }

    impl List {
        fn change(&mut self, number: u32) {
            let mut devices = self.devices.borrow_mut();
            let revision = devices.entry(id(number)).or_default();
            *revision = self.order.changed(id(number), *revision);
        }

        fn remove(&mut self, number: u32) {
            if let Some(revision) = self.devices.borrow_mut().remove(&id(number)) {
                self.order.gone(id(number), revision);
            }
        }

        fn since(&self, position: Position, max: usize) -> Changes {
            let presence = Presence { online: true, since: Since::At(SystemTime::UNIX_EPOCH) };
            let devices = self.devices.borrow();
            self.order.since(position, max, |id| {
                let revision = *devices.get(id)?;
                Some(Summary { id: *id, presence, start: None, description: None, revision })
            })
        }
    }

    /// Follower of the list.
    #[derive(Default)]
    struct Reader {
        position: Position,
        known: BTreeSet<DeviceId>,
        /// Devices that were not told in this round.
        untold: BTreeSet<DeviceId>,
    }

    impl Reader {
        /// Reads a page, and returns whether it was the last one.
        fn read(&mut self, list: &List, max: usize) -> bool {
            let changes = list.since(self.position, max);
            if changes.is_whole {
                self.untold = self.known.clone();
            }
            for id in &changes.gone {
                self.known.remove(id);
            }
            for Summary { id, .. } in &changes.changed {
                self.known.insert(*id);
                self.untold.remove(id);
            }
            self.position = changes.position;
            let is_last = changes.revision == list.order.revision();
            if is_last {
                for id in std::mem::take(&mut self.untold) {
                    self.known.remove(&id);
                }
            }
            is_last
        }
    }

    #[test]
    fn reader_catches_up_after_more_have_gone_than_are_remembered() {
        let mut list = List::default();
        (0..2_000).for_each(|number| list.change(number));
        let mut reader = Reader::default();
        while !reader.read(&list, 256) {}
        assert_eq!(reader.known.len(), 2_000);
        (0..1_700).for_each(|number| list.remove(number));
        let pages = (1..10).find(|_| reader.read(&list, 256));
        assert_eq!(pages, Some(2), "the reader does not catch up");
        assert!(reader.known.iter().eq(list.devices.borrow().keys()));
    }

    /// Whatever happens between its pages, a reader ends with what is there.
    #[test]
    fn reader_ends_with_what_is_there() {
        let mut random = 1_u32;
        let mut next = |max: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % max
        };
        for round in 0..40 {
            let mut list = List::default();
            let mut reader = Reader::default();
            for _ in 0..200 {
                for _ in 0..next(if round % 2 == 0 { 5 } else { 40 }) {
                    let number = next(60);
                    if next(2) == 0 { list.change(number) } else { list.remove(number) }
                }
                reader.read(&list, 1 + next(9) as usize);
            }
            let pages = (1..100).find(|_| reader.read(&list, 7));
            assert!(pages.is_some() && reader.known.iter().eq(list.devices.borrow().keys()), "round {round}");
        }
    }
}
