//! The list of devices as a feed: what has changed since a revision.

use super::summary::Summary;
use instep_mqtt::DeviceId;
use std::collections::{BTreeMap, VecDeque};

/// Maximum number of devices that are gone and are remembered.
const GONE_MAX: usize = 1_024;

/// Changes of the list of devices.
///
/// Devices that are gone come first: one that is back is in both lists.
#[derive(Clone, Debug)]
pub struct Changes {
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

    /// Returns what has changed since a revision, at most `max` changes. `summary` returns the summary of a device.
    pub(super) fn since(
        &self,
        since: u64,
        max: usize,
        summary: impl Fn(&DeviceId) -> Option<Summary>,
    ) -> Changes {
        // A revision from the future is one of another gateway.
        let is_whole = since == 0 || since < self.forgotten || since > self.revision;
        let from = if is_whole { 0 } else { since };
        let mut changed = self.changed.range(from + 1..);
        let summaries = changed.by_ref().take(max).filter_map(|(_, id)| summary(id)).collect::<Vec<_>>();
        let rest = changed.next().is_some();
        let revision = match summaries.last() {
            Some(last) if rest => last.revision,
            _ if rest => from,
            _ => self.revision,
        };
        let gone = if is_whole {
            Vec::new()
        } else {
            let begin = self.gone.partition_point(|(revision, _)| *revision <= from);
            let within = self.gone.range(begin..).take_while(|(gone, _)| *gone <= revision);
            within.map(|(_, id)| *id).collect()
        };
        Changes { revision, is_whole, changed: summaries, gone }
    }
}
