//! Serving: start of the shards, accepting, and shutdown.

use crate::listener::Listener;
use crate::server::Server;
use crate::{accept, login, shard};
use std::future::Future;
#[cfg(feature = "mqtt")]
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Time for shutdown, in which reading clients get their close frame.
const STOP_TIME: Duration = Duration::from_millis(1200);

impl Server {
    /// Serves on `listeners` until `stop` completes.
    ///
    /// Each is a `TcpListener` or a [`Listener`]. After `stop`, every client is closed with 1001, and the call returns
    /// within 1.2 s. Must be called in a runtime with I/O and time.
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
        #[cfg(feature = "mqtt")]
        if let Some(broker) = self.broker {
            crate::broker::spawn(*self, broker, epoch, stopped.clone(), ended.clone())?;
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
        // Sending fails only if all shards have ended already.
        let _ = stopping.send(true);
        // Each shard holds a sender, so the channel closes when all have ended. Clients that do not read are
        // not awaited.
        let _ = tokio::time::timeout(STOP_TIME, all_ended.recv()).await;
        Ok(())
    }

    /// Publishes the device at its broker until `stop` completes, without serving clients.
    ///
    /// Many devices may share one runtime in this way. Returns at once if there is no broker, or if the application has no Thing.
    #[cfg(feature = "mqtt")]
    pub async fn publish(&self, stop: impl Future<Output = ()>) {
        let followed = instep::broker::Followed::new(self.app, self.device, self.shards);
        let (Some(broker), Some(followed)) = (self.broker, followed) else { return };
        let (stopping, stopped) = watch::channel(false);
        let mut client = pin!(crate::broker::publish(followed, broker, tokio::time::Instant::now(), stopped));
        tokio::select! {
            () = &mut client => return,
            () = stop => {}
        }
        // The client waits for it.
        let _ = stopping.send(true);
        client.await;
    }
}
