//! A device that is looked at.

use super::declaration::Declaration;
use super::mirror::Mirror;
use super::pool::Memory;
use crate::fleet::Following;
use instep::driver::Feed;
use instep::{App, Device};
use instep_tokio::devices::ShownDevice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Device that is looked at. When nobody holds it any more, its memory goes back.
#[derive(Debug)]
pub(super) struct Viewed {
    device: &'static Device,
    declaration: &'static Declaration,
    mirror: Arc<Mirror>,
    /// Present until it is dropped.
    rest: Mutex<Option<Rest>>,
}

#[derive(Debug)]
struct Rest {
    /// The memory, without the feeds.
    memory: Memory,
    feeds: Vec<Feed<'static>>,
    following: Following,
    closed: oneshot::Sender<Memory>,
}

impl Viewed {
    /// `closed` tells the forwarder of the end.
    pub(super) fn new(
        declaration: &'static Declaration,
        mirror: Arc<Mirror>,
        memory: Memory,
        following: Following,
        closed: oneshot::Sender<Memory>,
    ) -> Self {
        let device = memory.device;
        let (memory, feeds) = memory.split();
        Self {
            device,
            declaration,
            mirror,
            rest: Mutex::new(Some(Rest { memory, feeds, following, closed })),
        }
    }

    fn rest(&self) -> MutexGuard<'_, Option<Rest>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShownDevice for Viewed {
    fn app(&self) -> &'static App {
        if self.mirror.is_numbered() { &self.declaration.numbered } else { &self.declaration.plain }
    }

    fn device(&self) -> &'static Device {
        self.device
    }

    fn is_over(&self) -> bool {
        self.mirror.is_over()
    }

    fn take_feed(&self) -> Option<Feed<'static>> {
        self.rest().as_mut()?.feeds.pop()
    }

    fn return_feed(&self, mut feed: Feed<'static>) {
        // The shard may follow the device again.
        feed.clear();
        if let Some(rest) = self.rest().as_mut() {
            rest.feeds.push(feed);
        }
    }
}

impl Drop for Viewed {
    fn drop(&mut self) {
        let Some(Rest { mut memory, feeds, following, closed }) = self.rest().take() else { return };
        // From here on nobody publishes in the device any more.
        drop(following);
        memory.feeds = feeds;
        // Without a forwarder the program ends.
        let _ = closed.send(memory);
    }
}
