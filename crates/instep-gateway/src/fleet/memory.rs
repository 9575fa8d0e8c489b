//! Memory of all devices: how much they take, what they share, and what was left out because there was no room for it.

use super::description::{Description, Descriptions};
use super::limits::{FleetLimits, Full, Told};
use super::names::Names;
use std::sync::Arc;

/// Memory that a frame takes beside its bytes.
const FRAME_OVERHEAD: usize = 64;

/// Memory of all devices.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) limits: FleetLimits,
    pub(super) names: Names,
    descriptions: Descriptions,
    /// The number of retained frames.
    values: usize,
    /// The memory that frames and descriptions take, in bytes.
    bytes: usize,
    /// The memory that past values take, in bytes.
    history_bytes: usize,
    told: Told,
    /// The number of messages that were left out.
    refused: u64,
}

impl Memory {
    pub(super) fn new(limits: FleetLimits) -> Self {
        Self {
            limits,
            names: Names::default(),
            descriptions: Descriptions::default(),
            values: 0,
            bytes: 0,
            history_bytes: 0,
            told: Told::default(),
            refused: 0,
        }
    }

    pub(super) fn values(&self) -> usize {
        self.values
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Counts a message that is invalid.
    pub(super) fn refuse_invalid(&mut self) {
        self.refused += 1;
    }

    /// Counts a message that was left out, and logs the first one of a connection for each reason.
    pub(super) fn refuse(&mut self, full: Full) {
        self.refused += 1;
        self.told.note(full, &self.limits);
    }

    /// Logs each reason once more, because of a new connection.
    pub(super) fn log_anew(&mut self) {
        self.told = Told::default();
    }

    /// Returns whether there is room for a frame of this length.
    pub(super) fn has_room_for_frame(&mut self, length: usize) -> bool {
        self.has_room(cost(length))
    }

    /// Returns whether there is room for a description of this length, with what is read from it.
    pub(super) fn has_room_for_description(&mut self, length: usize) -> bool {
        self.has_room(2 * length)
    }

    fn has_room(&mut self, more: usize) -> bool {
        if self.bytes + more > self.limits.bytes {
            self.bytes -= self.descriptions.purge();
        }
        self.bytes + more <= self.limits.bytes
    }

    /// Counts a frame `thing` of this length.
    pub(super) fn add_greeting(&mut self, length: usize) {
        self.bytes += cost(length);
    }

    pub(super) fn remove_greeting(&mut self, length: usize) {
        self.bytes -= cost(length);
    }

    /// Counts the frame of a value, in place of the one before, if there was one. Both are given by their lengths.
    pub(super) fn replace_value(&mut self, before: Option<usize>, length: usize) {
        self.values += usize::from(before.is_none());
        self.bytes = self.bytes - before.map_or(0, cost) + cost(length);
    }

    pub(super) fn remove_value(&mut self, name: &Arc<str>, length: usize) {
        self.values -= 1;
        self.bytes -= cost(length);
        self.names.release(name);
    }

    /// Returns the description with this text, which devices share. Returns `None` if the text is no description.
    pub(super) fn describe(&mut self, text: &[u8]) -> Option<Arc<Description>> {
        let (description, more) = self.descriptions.find(text)?;
        self.bytes += more;
        Some(description)
    }

    pub(super) fn remove_description(&mut self, description: &Arc<Description>) {
        self.bytes -= self.descriptions.release(description);
    }

    /// Returns how many bytes more past values may take.
    pub(super) fn history_room(&self) -> usize {
        self.limits.history.saturating_sub(self.history_bytes)
    }

    /// Counts memory of past values. `None` stands for one that had no room, which is logged.
    pub(super) fn add_history(&mut self, more: Option<usize>) {
        match more {
            Some(more) => self.history_bytes += more,
            None => self.told.note(Full::History, &self.limits),
        }
    }

    pub(super) fn remove_history(&mut self, bytes: usize) {
        self.history_bytes -= bytes;
    }
}

/// Returns the memory that a frame of this length takes, in bytes.
fn cost(length: usize) -> usize {
    length + FRAME_OVERHEAD
}
