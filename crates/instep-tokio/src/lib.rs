//! The driver for Linux: tokio, threads, and as many sockets as the limits allow.
//!
//! One place accepts and numbers connections and deals them to shards. A shard is a thread with a runtime and
//! a feed of its own, which follows the device's: a publish wakes each shard once, and the shard serves its
//! clients from one loop. The application runs wherever its future is polled, on a thread of its own.

mod accept;
mod admission;
#[cfg(feature = "tls")]
mod certificate;
mod clock;
mod connection;
mod deflate;
mod dispatch;
mod eviction;
mod exhaustion;
mod limits;
mod listener;
mod login;
mod memory;
mod metrics;
mod permit;
mod rate;
mod ready;
mod shard;
mod socket;
mod throttle;
#[cfg(feature = "tls")]
mod tls;
mod transport;

#[cfg(feature = "tls")]
pub use certificate::{Certificate, CertificateError};
#[doc(hidden)]
pub use deflate::Deflate;
pub use limits::SocketLimits;
pub use listener::Listener;
pub use login::log_in;
pub use metrics::{Lag, Metrics};

use crate::admission::Gate;
use crate::metrics::Meters;
use instep::{Access, App, Buffer, Device, Inbox, Limits, LogIn};
use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How long a server takes to end, at most: clients that read get their close frame meanwhile.
const STOP_TIME: Duration = Duration::from_millis(1200);

/// A server on Linux. It and its memory live as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    app: &'static App,
    access: &'static Access,
    device: &'static Device,
    limits: SocketLimits,
    shards: usize,
    meters: &'static Meters,
    log_in: Option<&'static LogIn>,
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
        device.tell_starts_apart(random());
        let gate = Gate::new(limits.clients, sockets, access);
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

    /// Serves on `listeners`, each a `TcpListener` or a [`Listener`], until `stop` is complete; then closes every client with 1001, and returns after
    /// at most 1.2 s. To be called in a runtime with I/O and time.
    ///
    /// # Errors
    /// If a listener or a thread cannot be set up.
    pub async fn serve(
        &self,
        listeners: Vec<impl Into<Listener>>,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let (ended, mut all_ended) = mpsc::channel(1);
        let mut shards = Vec::new();
        let epoch = tokio::time::Instant::now();
        for follower in 0..self.shards {
            shards.push(shard::spawn(*self, follower, epoch, stopped.clone(), ended.clone())?);
        }
        if let Some(log_in) = self.log_in {
            login::check_passwords(log_in, epoch, stopped)?;
        }
        drop(ended);
        let accepting = accept::accept(*self, listeners.into_iter().map(Into::into).collect(), shards)?;
        tokio::select! {
            () = accepting => {}
            () = stop => {}
        }
        // Without receivers all shards have ended by themselves.
        let _ = stopping.send(true);
        // Each shard holds a sender: there is none left when all have ended. Who does not read is not waited for.
        let _ = tokio::time::timeout(STOP_TIME, all_ended.recv()).await;
        Ok(())
    }
}

/// Random enough to tell one thing from another, and no secret.
fn random() -> u32 {
    let number = RandomState::new().build_hasher().finish().to_ne_bytes();
    u32::from_ne_bytes([number[0], number[1], number[2], number[3]])
}
