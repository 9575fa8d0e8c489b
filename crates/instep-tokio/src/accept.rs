//! Accepting connections.

use crate::dispatch::{Dealer, Dealt, Listeners};
use crate::exhaustion::{PAUSE, Shortage, is_shortage};
use crate::listener::Listener;
use crate::server::Server;
use crate::throttle::Complaint;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use tokio::sync::mpsc;

/// Accepts from all listeners, for ever.
pub(crate) fn accept(
    server: Server,
    listeners: Vec<Listener>,
    shards: Vec<mpsc::UnboundedSender<Dealt>>,
) -> io::Result<impl Future<Output = ()>> {
    let gate = server.meters.gate.clone();
    let mut listeners = Listeners::new(listeners)?;
    let mut dealer = Dealer::new(gate, shards, server.limits.unsent, server.device.limits());
    let mut shortage = Shortage::new(server.device);
    let mut complaint = Complaint::default();
    Ok(async move {
        loop {
            match poll_fn(|context| listeners.poll(context)).await {
                Ok(newcomer) => dealer.deal(newcomer).await,
                // The client gave up before it was accepted.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) if is_shortage(&error) => {
                    if let Some(newcomer) = shortage.relieve(&error, &mut listeners, &dealer).await {
                        dealer.deal(newcomer).await;
                    }
                }
                Err(error) => {
                    if complaint.is_due() {
                        log::error!("No connection can be accepted: {error}. The server tries again");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}
