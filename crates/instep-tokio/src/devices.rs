//! Devices behind a server, each below a path of its own.
//!
//! A gateway is a server whose application lists devices, and whose [`Devices`] are looked at below their paths. A connection asks
//! for one after the other; each request is answered as by a server of that device.

use crate::memory;
use instep::driver::{Absence, Feed};
use instep::{App, Device, Limits};
use std::fmt::Debug;
use std::sync::Arc;

/// Devices behind a server ([`Server::with_devices`](crate::Server::with_devices)).
///
/// Calls come from all shards, and must not wait.
pub trait Devices: Debug + Send + Sync {
    /// Finds the device to which a path belongs.
    fn find(&self, path: &str) -> Found;

    /// Calls `with` for each device that clients may be connected to.
    fn each(&self, with: &mut dyn FnMut(&Device));
}

/// To what a path belongs.
#[derive(Debug)]
pub enum Found {
    /// To the server itself.
    Server,
    /// To a device, which the first bytes of the path name, such as `/lamp`.
    Device {
        /// The number of these bytes.
        length: usize,
        /// The device.
        device: Arc<dyn ShownDevice>,
    },
    /// To a device that cannot be shown, unless the server itself has something there.
    Absent(Absence),
}

/// Allocates a device with so many topics, and a feed for each shard. The memory lives as long as the process.
///
/// [`Device::recycle`] and [`Feed::clear`] make them ready for another device with at most so many topics.
///
/// # Panics
/// If `limits.clients` is above 65,519.
pub fn allocate(topics: usize, limits: &Limits, shards: usize) -> (&'static Device, Vec<Feed<'static>>) {
    // The slot of a closed client is free only once the application has received its disconnect.
    let most = usize::from(u16::MAX).saturating_sub(limits.clients + memory::REQUESTS);
    let spare = limits.clients.div_ceil(4).min(most);
    let memory = memory::allocate_shown(topics, limits, limits.clients + spare, memory::REQUESTS, shards);
    let device = Box::leak(Box::new(Device::new(memory, *limits)));
    (device, (0..shards).map(|_| memory::feed(topics, limits)).collect())
}

/// Device that clients look at.
///
/// Connections and shards hold it. When nobody holds it any more, no client of the device is left.
pub trait ShownDevice: Debug + Send + Sync {
    /// Returns the application with which the device is shown now.
    fn app(&self) -> &'static App;

    /// Returns the device, which has a follower for each shard.
    fn device(&self) -> &'static Device;

    /// Returns whether the device is not shown any more, so that its clients are closed.
    ///
    /// Shards look when [`Device::wake_drivers`] was called.
    fn is_over(&self) -> bool;

    /// Lends an empty feed with the topics and limits of the device. Each shard takes at most one.
    fn take_feed(&self) -> Option<Feed<'static>>;

    /// Takes back a feed.
    fn return_feed(&self, feed: Feed<'static>);
}
