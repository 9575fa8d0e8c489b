//! Record of served requests, for the trial of a new image.

use embassy_net::tcp::{State, TcpSocket};
use instep::driver::Client;
use instep::update::{FirmwareRoute, Served, Witness};

/// Route `/firmware`, and the functions that watch its trial.
///
/// Only [`Server::with_update`](crate::Server::with_update) names the functions, so firmware without updates links none of them.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    pub(crate) route: &'static dyn FirmwareRoute,
    /// Returns the record of served requests while a trial needs it.
    pub(crate) watching: fn(&'static dyn FirmwareRoute) -> Option<&'static Witness>,
    /// Adds what a connection shows.
    pub(crate) look: fn(&TcpSocket<'static>, &Client, &mut Served),
    /// Reports what all connections of a network show.
    pub(crate) report: fn(&Witness, network: usize, Served),
}

impl Update {
    pub(crate) fn new(route: &'static dyn FirmwareRoute) -> Self {
        Self { route, watching, look, report: Witness::report }
    }
}

fn watching(route: &'static dyn FirmwareRoute) -> Option<&'static Witness> {
    route.witness().filter(|witness| witness.is_watching())
}

fn look(socket: &TcpSocket<'static>, client: &Client, served: &mut Served) {
    let unanswered_since = client.unanswered_since();
    let has_answered = client.has_answered();
    served.asked |= has_answered || unanswered_since.is_some();
    // A reset empties the queue, too.
    served.acknowledged |= has_answered && socket.send_queue() == 0 && socket.state() != State::Closed;
    served.unanswered_since = match (served.unanswered_since, unanswered_since) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}
