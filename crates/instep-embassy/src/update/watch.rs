//! Record of served requests, for the trial of a new image.

use crate::connection::{Connection, Stage};
use core::task::Waker;
use embassy_net::tcp::{State, TcpSocket};
use instep::driver::Client;
use instep::update::{FirmwareRoute, Served};

/// Reports the served requests of a network to the record of the route, if a trial needs them.
pub(crate) fn report_served(
    route: &dyn FirmwareRoute,
    network: usize,
    connections: &[Connection],
    waker: &Waker,
) {
    // Most images are confirmed, so this comes before the look at each connection.
    let Some(witness) = route.witness().filter(|witness| witness.is_watching()) else { return };
    let mut served = Served::default();
    for connection in connections {
        if let Stage::Serving(serving) = &connection.stage {
            look(&connection.socket, &serving.client, &mut served);
        }
    }
    witness.report(network, served, waker);
}

/// Adds what a connection shows.
fn look(socket: &TcpSocket<'static>, client: &Client, served: &mut Served) {
    let unanswered_since = client.unanswered_since();
    let has_answered = client.has_answered();
    // A reset empties the queue, too.
    served.acknowledged |= has_answered && socket.send_queue() == 0 && socket.state() != State::Closed;
    served.unanswered_since = match (served.unanswered_since, unanswered_since) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}
