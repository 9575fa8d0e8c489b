//! One session with a broker after the other, with waiting times between them.

use super::address::BrokerAddress;
use super::client::BrokerClient;
use super::open::open;
use super::session::Session;
use super::status::Connections;
use crate::clock;
use instep_mqtt::{Outcome, Report};
use std::fmt::Display;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use tokio::sync::watch;

/// Connects a client to a broker, again and again, until `stopped` is `true`.
///
/// The client gets the time since `epoch`. Must be called in a runtime with I/O and time.
pub async fn run<C: BrokerClient>(
    client: &mut C,
    address: &BrokerAddress,
    mut report: Report<'_>,
    connections: &Connections,
    epoch: tokio::time::Instant,
    mut stopped: watch::Receiver<bool>,
) {
    let clock = || clock::now(epoch);
    let random = RandomState::new();
    let mut session = Session::new(client, connections);
    let address = address.parts();
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
