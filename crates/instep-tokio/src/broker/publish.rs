//! Publishing of a device at its broker.

use super::device;
use super::run::run;
use super::target::Broker;
use crate::clock;
use crate::server::Server;
use instep::broker::Followed;
use instep_mqtt::Report;
use tokio::sync::{mpsc, watch};

/// Starts the thread, which drops `ended` when it ends.
pub(crate) fn spawn(
    server: Server,
    broker: &'static Broker,
    epoch: tokio::time::Instant,
    stopped: watch::Receiver<bool>,
    ended: mpsc::Sender<()>,
) -> std::io::Result<()> {
    let Some(followed) = Followed::new(server.app, server.device, server.shards) else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let run = move || {
        runtime.block_on(publish(followed, broker, epoch, stopped));
        // A lookup of a name that does not end must not delay the program's end.
        runtime.shutdown_background();
        drop(ended);
    };
    std::thread::Builder::new().name("broker".into()).spawn(run)?;
    Ok(())
}

/// Publishes the device until `stopped` is `true`.
pub(crate) async fn publish(
    followed: Followed<'static>,
    broker: &'static Broker,
    epoch: tokio::time::Instant,
    stopped: watch::Receiver<bool>,
) {
    let mut client = device::client(clock::now(epoch), followed, broker);
    let report = Report::new(broker.address.parts(), &broker.id, "give each one its own by --mqtt-id");
    run(&mut client, &broker.address, report, &broker.connections, epoch, stopped).await;
}
