//! Server and its memory.

use crate::admission::AdmissionControl;
use crate::devices::Devices;
use crate::limits::SocketLimits;
use crate::memory;
use crate::metrics::{Meters, Metrics};
use crate::thread::ApplicationThread;
use instep::driver::Buffer;
use instep::update::{FirmwareRoute, Unavailable};
use instep::{Access, App, Device, Inbox, Limits, LogIn};
use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::Ordering;

/// Route `/firmware` of a program that is no device with images.
static NO_UPDATES: Unavailable =
    Unavailable("this device is a program on Linux: update it in the way in which it was installed");

/// Route `/firmware` of the devices behind a server.
pub(crate) static NOT_HERE: Unavailable =
    Unavailable("this is a gateway: send firmware to the device itself, at its own address");

/// Number of followers beside the shards: the client of a broker.
const BROKER_FOLLOWERS: usize = if cfg!(feature = "mqtt") { 1 } else { 0 };

/// Server on Linux.
///
/// The server and its memory live as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub(crate) app: &'static App,
    pub(crate) access: &'static Access,
    pub(crate) device: &'static Device,
    pub(crate) limits: SocketLimits,
    pub(crate) shards: usize,
    pub(crate) meters: &'static Meters,
    pub(crate) log_in: Option<&'static LogIn>,
    pub(crate) update: &'static dyn FirmwareRoute,
    /// The devices behind the server, if it is a gateway.
    pub(crate) devices: Option<&'static dyn Devices>,
    /// Maximum length of a frame, of the server itself and of the devices behind it, in bytes.
    pub(crate) longest_frame: usize,
    /// The thread of the first shard, if the application runs in it.
    pub(crate) application: Option<&'static ApplicationThread>,
    #[cfg(feature = "mqtt")]
    pub(crate) broker: Option<&'static crate::broker::Broker>,
}

impl Server {
    /// Creates a server for `app` with `shards` threads.
    ///
    /// The memory is reserved now and leaked. Pages that are never used stay untouched.
    ///
    /// # Panics
    /// If `shards` is 0.
    pub fn new(
        app: &'static App,
        access: &'static Access,
        limits: Limits,
        sockets: SocketLimits,
        shards: usize,
    ) -> Self {
        assert!(shards > 0, "a server needs at least one shard");
        let memory = memory::allocate(app, &limits, sockets.http_slots, shards + BROKER_FOLLOWERS, shards);
        let device = Box::leak(Box::new(Device::new(memory, limits)));
        device.set_boot_id(random());
        let admission = AdmissionControl::new(limits.clients, sockets, access);
        let meters = Box::leak(Box::new(Meters::new(admission, shards)));
        Self {
            app,
            access,
            device,
            limits: sockets,
            shards,
            meters,
            log_in: None,
            update: &NO_UPDATES,
            devices: None,
            longest_frame: limits.frame,
            application: None,
            #[cfg(feature = "mqtt")]
            broker: None,
        }
    }

    /// Requires the log-in's password from every client.
    pub fn with_log_in(self, log_in: &'static LogIn) -> Self {
        Self { log_in: Some(log_in), ..self }
    }

    /// Answers `/firmware` with an [`Upload`](instep::update::Upload), for programs that stand for a device with images.
    ///
    /// Without it, the answer is 404 with a sentence, because a program is updated in the way in which it was installed.
    pub fn with_update(self, route: &'static dyn FirmwareRoute) -> Self {
        Self { update: route, ..self }
    }

    /// Shows the devices behind the server, each below a path of its own.
    pub fn with_devices(self, devices: &'static dyn Devices) -> Self {
        Self { devices: Some(devices), ..self }
    }

    /// Makes room for frames of that length, in bytes, if devices behind the server have longer ones than the server itself.
    pub fn with_longest_frame(self, length: usize) -> Self {
        Self { longest_frame: self.longest_frame.max(length), ..self }
    }

    /// Starts the application in the thread of the first shard, in place of a thread of its own.
    ///
    /// It runs alone until [`Server::serve`] is called, and ends when that ends. From then on a message, what the application publishes
    /// after it, and the deliveries are one pass, without a wake-up of another thread. The application must never block, because no
    /// client of that shard is served meanwhile. If it completes, the shard goes on.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn with_application<F>(
        self,
        application: impl FnOnce() -> F + Send + 'static,
    ) -> std::io::Result<Self>
    where
        F: Future<Output = ()> + 'static,
    {
        Ok(Self { application: Some(ApplicationThread::spawn(application)?), ..self })
    }

    /// Closes the clients of a session with 1008, at the server and at the devices behind it. `None` stands for all clients.
    pub fn revoke(&self, session: Option<NonZeroU32>) {
        self.device.revoke_session(session);
        if let Some(devices) = self.devices {
            devices.each(&mut |device| device.revoke_session(session));
        }
    }

    /// Returns the number of shards, each of which follows every device that its clients look at.
    pub fn shards(&self) -> usize {
        self.shards
    }

    /// Publishes the device's state at a broker, and takes commands from there.
    ///
    /// Has no effect if the application has no Thing.
    #[cfg(feature = "mqtt")]
    pub fn with_broker(self, broker: &'static crate::broker::Broker) -> Self {
        Self { broker: Some(broker), ..self }
    }

    /// Returns how the connection to the broker stands, if there is a broker.
    #[cfg(feature = "mqtt")]
    pub fn broker_status(&self) -> Option<crate::broker::BrokerStatus> {
        self.broker.map(crate::broker::Broker::status)
    }

    /// Returns the device, for the application.
    pub fn device(&self) -> &'static Device {
        self.device
    }

    /// Returns the inbox, for the application.
    ///
    /// Returns `None` if it was taken before.
    pub fn inbox(&self) -> Option<Inbox<'static>> {
        self.device.inbox(Buffer::grown(self.device.limits().message))
    }

    /// Returns the server's metrics, within a second even if its shards are busy.
    ///
    /// Must be called in a runtime with time, which may be another runtime than the one of [`Server::serve`].
    pub async fn metrics(&self) -> Metrics {
        let mut metrics = self.meters.metrics(self.device).await;
        if self.devices.is_some() {
            metrics.counts.clients = self.meters.open.load(Ordering::Relaxed) as u64;
        }
        metrics
    }
}

/// Returns a random number that distinguishes two starts, but is no secret.
fn random() -> u32 {
    let number = RandomState::new().build_hasher().finish().to_ne_bytes();
    u32::from_ne_bytes([number[0], number[1], number[2], number[3]])
}
