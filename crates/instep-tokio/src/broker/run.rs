//! The thread of the client: one session after the other, with waiting times between them.

use super::open::open;
use super::session::Session;
use super::target::Broker;
use crate::clock;
use crate::server::Server;
use instep::broker::Followed;
use instep_mqtt::{Outcome, Report};
use std::fmt::Display;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
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
        runtime.block_on(run(followed, broker, epoch, stopped));
        // A lookup of a name that does not end must not delay the program's end.
        runtime.shutdown_background();
        drop(ended);
    };
    std::thread::Builder::new().name("broker".into()).spawn(run)?;
    Ok(())
}

/// Publishes the device until `stopped` is `true`.
pub(crate) async fn run(
    followed: Followed<'static>,
    broker: &'static Broker,
    epoch: tokio::time::Instant,
    mut stopped: watch::Receiver<bool>,
) {
    let clock = || clock::now(epoch);
    let random = RandomState::new();
    let mut session = Session::new(clock(), followed, broker);
    let address = broker.address.parts();
    let mut report = Report::new(address, &broker.id, "give each one its own by --mqtt-id");
    let mut attempts = 0_u32;
    while !*stopped.borrow() {
        attempts = attempts.wrapping_add(1);
        let transport = tokio::select! {
            transport = open(&address) => transport,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let (why, outcome): (Box<dyn Display>, _) = match transport {
            Ok(transport) => {
                let end = session.run(transport, clock, &mut stopped, || report.connected()).await;
                let outcome = session.outcome(&end, clock());
                (Box::new(end), outcome)
            }
            Err(error) => (Box::new(error), Outcome::NotOpened),
        };
        if *stopped.borrow() {
            return;
        }
        let [first, second, ..] = random.hash_one(attempts).to_le_bytes();
        let random = u16::from_le_bytes([first, second]);
        let wait = Duration::from_millis(report.ended(&*why, outcome, random.into()));
        drop(why);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}
