//! Memory of devices that are looked at, which is used again.

use instep::driver::Feed;
use instep::{Device, Limits};
use instep_tokio::devices::allocate;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Minimum number of topics that a device has memory for.
const TOPICS_MIN: usize = 16;

/// Memory of devices, which is never freed, because shards refer to it.
pub(super) struct Pool {
    limits: Limits,
    shards: usize,
    max: usize,
    allocated: usize,
    free: Vec<Memory>,
    all: Arc<AllDevices>,
}

/// All devices that were allocated, also those that are free.
///
/// Its lock is held for no other call, because it is taken within the critical section that all devices and log-ins share.
#[derive(Debug, Default)]
pub(super) struct AllDevices(Mutex<Vec<&'static Device>>);

impl AllDevices {
    /// Returns the devices.
    pub(super) fn copied(&self) -> Vec<&'static Device> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Memory of one device, with as many feeds as there are shards.
#[derive(Debug)]
pub(super) struct Memory {
    topics: usize,
    pub(super) device: &'static Device,
    pub(super) feeds: Vec<Feed<'static>>,
}

impl Pool {
    /// Creates an empty pool, which has memory for at most `max` devices.
    ///
    /// Those that it has are in `all`, too.
    pub(super) fn new(limits: Limits, shards: usize, max: usize, all: Arc<AllDevices>) -> Self {
        Self { limits, shards, max, allocated: 0, free: Vec::new(), all }
    }

    /// Takes memory for a device with so many topics, if there is any.
    pub(super) fn take(&mut self, topics: usize) -> Option<Memory> {
        let topics = topics.next_power_of_two().max(TOPICS_MIN);
        let fitting = self.free.iter().enumerate().filter(|(_, memory)| memory.topics >= topics);
        if let Some((index, _)) = fitting.min_by_key(|(_, memory)| memory.topics) {
            return Some(self.free.swap_remove(index));
        }
        if self.allocated >= self.max {
            // A device with more topics takes the place of a free one. The sizes double, so what is lost by that is less than what is
            // in use.
            self.free.pop()?;
            self.allocated -= 1;
        }
        self.allocated += 1;
        let (device, feeds) = allocate(topics, &self.limits, self.shards);
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).push(device);
        Some(Memory { topics, device, feeds })
    }

    /// Takes back memory, which nothing refers to any more.
    pub(super) fn put(&mut self, mut memory: Memory) {
        memory.device.recycle();
        memory.feeds.iter_mut().for_each(Feed::clear);
        self.free.push(memory);
    }
}

impl Memory {
    /// Returns the same memory without its feeds, and the feeds.
    pub(super) fn split(mut self) -> (Self, Vec<Feed<'static>>) {
        let feeds = std::mem::take(&mut self.feeds);
        (self, feeds)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max, allocated, free, .. } = self;
        write!(f, "Pool({allocated} of {max}, {} free)", free.len())
    }
}
