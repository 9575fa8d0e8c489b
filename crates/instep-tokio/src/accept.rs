//! Accepting connections.

use crate::dispatch::{Dispatcher, Listeners, ShardCommand};
use crate::exhaustion::{Exhaustion, RETRY_PAUSE, is_exhaustion};
use crate::listener::Listener;
use crate::server::Server;
use crate::throttle::LogThrottle;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use tokio::sync::mpsc;

/// Accepts from all listeners, for ever.
pub(crate) fn accept(
    server: Server,
    listeners: Vec<Listener>,
    shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
) -> io::Result<impl Future<Output = ()>> {
    let gate = server.meters.gate.clone();
    let mut listeners = Listeners::new(listeners)?;
    let mut dealer = Dispatcher::new(gate, shards, server.limits.unsent, server.device.limits());
    let mut shortage = Exhaustion::new(server.device);
    let mut complaint = LogThrottle::default();
    Ok(async move {
        loop {
            match poll_fn(|context| listeners.poll(context)).await {
                Ok(newcomer) => dealer.dispatch(newcomer).await,
                // The client gave up before it was accepted.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) if is_exhaustion(&error) => {
                    if let Some(newcomer) = shortage.free_descriptor(&error, &mut listeners, &dealer).await {
                        dealer.dispatch(newcomer).await;
                    }
                }
                Err(error) => {
                    if complaint.is_due() {
                        log::error!("No connection can be accepted: {error}. The server tries again");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    })
}
