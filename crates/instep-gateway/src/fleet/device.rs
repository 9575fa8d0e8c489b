//! Table of one device.

use super::description::Description;
use super::follower::{Change, Follower};
use super::frame::{Frame, Greeting};
use super::history::Histories;
use super::summary::{Presence, Since, Summary};
use instep_mqtt::DeviceId;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Number of properties for which a table gets room at once. Most tables never grow again, so there is little that is not used.
const MORE_ENTRIES: usize = 2;

/// What the broker told of one device.
pub(super) struct DeviceTable {
    /// The frame `thing` and what it says. Without it the device is not there yet.
    pub(super) greeting: Option<(Box<[u8]>, Greeting)>,
    pub(super) description: Option<Arc<Description>>,
    presence: Presence,
    /// The last state that the broker told, and since when.
    told: Option<(bool, Since)>,
    /// The connection on which the state was heard last.
    told_on: u32,
    /// In the order of their names.
    entries: Vec<Entry>,
    pub(super) histories: Histories,
    /// Each with its number.
    followers: Vec<(u64, Arc<dyn Follower>)>,
    /// The connection to the broker on which the frame `thing` was heard last.
    pub(super) session: u32,
    /// The revision of the last change of the summary.
    pub(super) revision: u64,
}

/// Retained frame.
struct Entry {
    name: Arc<str>,
    frame: Box<[u8]>,
    /// The connection on which it was heard last.
    session: u32,
}

impl DeviceTable {
    pub(super) fn new(now: SystemTime) -> Self {
        Self {
            greeting: None,
            description: None,
            presence: Presence { online: false, since: Since::Before(now) },
            told: None,
            told_on: 0,
            entries: Vec::new(),
            histories: Histories::default(),
            followers: Vec::new(),
            session: 0,
            revision: 0,
        }
    }

    pub(super) fn summary(&self, id: DeviceId) -> Summary {
        Summary {
            id,
            presence: self.presence,
            start: self.greeting.as_ref().and_then(|(_, greeting)| greeting.start),
            description: self.description.clone(),
            revision: self.revision,
        }
    }

    pub(super) fn is_online(&self) -> bool {
        self.presence.online
    }

    /// Takes the state as the broker tells it, and returns whether what is shown has changed.
    pub(super) fn hear_state(&mut self, online: bool, session: u32, now: SystemTime) -> bool {
        let is_first = std::mem::replace(&mut self.told_on, session) != session;
        let since = match self.told {
            Some((known, since)) if known == online => since,
            // The first state of a connection may be an old one.
            _ if is_first => Since::Before(now),
            _ => Since::At(now),
        };
        self.told = Some((online, since));
        self.show(Presence { online, since })
    }

    /// Shows the device offline because the broker is away, and returns whether it was online.
    pub(super) fn lose(&mut self, now: SystemTime) -> bool {
        self.presence.online && self.show(Presence { online: false, since: Since::At(now) })
    }

    fn show(&mut self, presence: Presence) -> bool {
        if self.presence == presence {
            return false;
        }
        self.presence = presence;
        self.tell(Change::Presence(presence));
        true
    }

    pub(super) fn has_followers(&self) -> bool {
        !self.followers.is_empty()
    }

    pub(super) fn tell(&self, change: Change<'_>) {
        for (_, follower) in &self.followers {
            follower.change(change);
        }
    }

    /// Adds a follower, and tells it the whole state.
    pub(super) fn follow(&mut self, number: u64, follower: Arc<dyn Follower>) {
        if let Some((frame, greeting)) = &self.greeting {
            follower.change(Change::Greeting { frame, start: greeting.start });
        }
        if let Some(description) = &self.description {
            follower.change(Change::Description(description));
        }
        for frame in self.frames() {
            follower.change(Change::Property(frame));
        }
        follower.change(Change::Presence(self.presence));
        self.followers.push((number, follower));
    }

    pub(super) fn unfollow(&mut self, number: u64) {
        self.followers.retain(|(other, _)| *other != number);
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.entries.iter().map(|entry| Frame { name: &entry.name, bytes: &entry.frame })
    }

    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Returns the length of the frame of that name, if there is one.
    pub(super) fn length(&self, name: &str) -> Option<usize> {
        self.find(name).ok().map(|index| self.entries[index].frame.len())
    }

    /// Sets a frame, and tells it. `name` makes the name of a new property.
    ///
    /// What a new connection to the broker only repeats is not told. Returns whether the value is new, and not one that the broker
    /// had stored.
    pub(super) fn set(&mut self, frame: Frame<'_>, session: u32, name: impl FnOnce() -> Arc<str>) -> bool {
        let mut is_new = false;
        match self.find(frame.name) {
            Ok(index) => {
                let entry = &mut self.entries[index];
                is_new = entry.session == session;
                entry.session = session;
                if !is_new && *entry.frame == *frame.bytes {
                    return false;
                }
                if entry.frame.len() == frame.bytes.len() {
                    entry.frame.copy_from_slice(frame.bytes);
                } else {
                    entry.frame = frame.bytes.into();
                }
            }
            Err(index) => {
                if self.entries.len() == self.entries.capacity() {
                    self.entries.reserve_exact(MORE_ENTRIES);
                }
                self.entries.insert(index, Entry { name: name(), frame: frame.bytes.into(), session });
            }
        }
        self.tell(Change::Property(frame));
        is_new
    }

    /// Removes the frames that `is_gone` names by their name and their connection, and passes each name and length to `removed`.
    pub(super) fn clear(
        &mut self,
        is_gone: impl Fn(&str, u32) -> bool,
        removed: &mut dyn FnMut(Arc<str>, usize),
    ) {
        let gone = self.entries.extract_if(.., |entry| is_gone(&entry.name, entry.session));
        for Entry { name, frame, .. } in gone {
            for (_, follower) in &self.followers {
                follower.change(Change::Cleared(&name));
            }
            removed(name, frame.len());
        }
    }

    pub(super) fn into_frames(self) -> impl Iterator<Item = (Arc<str>, Box<[u8]>)> {
        self.entries.into_iter().map(|entry| (entry.name, entry.frame))
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| (*entry.name).cmp(name))
    }
}

impl fmt::Debug for DeviceTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceTable")
            .field("presence", &self.presence)
            .field("frames", &self.entries.len())
            .field("followers", &self.followers.len())
            .finish_non_exhaustive()
    }
}
