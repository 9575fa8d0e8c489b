//! A server, and its memory.

use crate::admission::AdmissionControl;
use crate::limits::SocketLimits;
use crate::memory;
use crate::metrics::{Meters, Metrics};
use instep::driver::Buffer;
use instep::{Access, App, Device, Inbox, Limits, LogIn};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A server on Linux. It and its memory live as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub(crate) app: &'static App,
    pub(crate) access: &'static Access,
    pub(crate) device: &'static Device,
    pub(crate) limits: SocketLimits,
    pub(crate) shards: usize,
    pub(crate) meters: &'static Meters,
    pub(crate) log_in: Option<&'static LogIn>,
}

impl Server {
    /// A server for `app` with `shards` threads. Its memory is set aside now; what is not used stays untouched.
    ///
    /// # Panics
    /// If `shards` is 0, or there are more than 60,000 clients.
    pub fn new(
        app: &'static App,
        access: &'static Access,
        limits: Limits,
        sockets: SocketLimits,
        shards: usize,
    ) -> Self {
        assert!(shards > 0, "a server has at least one shard");
        let memory = memory::allocate(app, &limits, sockets.http_slots, shards);
        let device = Box::leak(Box::new(Device::new(memory, limits)));
        device.set_boot_id(random());
        let gate = AdmissionControl::new(limits.clients, sockets, access);
        let meters = Box::leak(Box::new(Meters::new(gate, shards)));
        Self { app, access, device, limits: sockets, shards, meters, log_in: None }
    }

    /// The same server, which lets in only who knows the password.
    pub fn with_log_in(self, log_in: &'static LogIn) -> Self {
        Self { log_in: Some(log_in), ..self }
    }

    /// The device, for the application.
    pub fn device(&self) -> &'static Device {
        self.device
    }

    /// The inbox, for the application; `None` when it has been taken.
    pub fn inbox(&self) -> Option<Inbox<'static>> {
        self.device.inbox(Buffer::grown(self.device.limits().message))
    }

    /// What there is to know of the server now. Takes a second at most, however busy its shards are. To be called
    /// in a runtime with time, which may be another one than that of [`Server::serve`].
    pub async fn metrics(&self) -> Metrics {
        self.meters.metrics(self.device).await
    }
}

/// Random enough to tell one thing from another, and no secret.
fn random() -> u32 {
    let number = RandomState::new().build_hasher().finish().to_ne_bytes();
    u32::from_ne_bytes([number[0], number[1], number[2], number[3]])
}
