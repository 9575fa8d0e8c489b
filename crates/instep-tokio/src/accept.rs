//! Accept loop.

use crate::dispatch::{Dispatcher, Listeners, ShardCommand};
use crate::exhaustion::{Exhaustion, RETRY_PAUSE, is_exhaustion};
use crate::listener::Listener;
use crate::server::Server;
use crate::throttle::LogThrottle;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use tokio::sync::mpsc;

/// Accepts connections from all listeners, for ever.
pub(crate) fn accept(
    server: Server,
    listeners: Vec<Listener>,
    shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
) -> io::Result<impl Future<Output = ()>> {
    let admission = server.meters.admission.clone();
    let mut listeners = Listeners::new(listeners, server.limits.unsent, server.device.limits())?;
    let mut dispatcher = Dispatcher::new(admission, shards);
    let mut exhaustion = Exhaustion::new(server.device);
    let mut throttle = LogThrottle::default();
    Ok(async move {
        loop {
            match poll_fn(|context| listeners.poll(context)).await {
                Ok(incoming) => dispatcher.dispatch(incoming).await,
                // The peer reset the connection before it was accepted.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) if is_exhaustion(&error) => {
                    if let Some(incoming) =
                        exhaustion.free_descriptor(&error, &mut listeners, &dispatcher).await
                    {
                        dispatcher.dispatch(incoming).await;
                    }
                }
                Err(error) => {
                    if throttle.is_due() {
                        log::error!("accept failed: {error}; retrying every 100 ms");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    })
}
