//! What a client needs where there is a log-in. Only a [`LogIn`] names it: a firmware without one links none of it.

use super::requests::{Decision, Request};
use super::{Client, World};
use crate::login::{LogIn, Pass};
use core::ops::ControlFlow;
use instep_proto::delivery::Outgoing;

/// How clients log in.
#[derive(Debug)]
pub(crate) struct AsksIn {
    /// What lets a request in; else the answer to it.
    pub(super) ask:
        fn(&Client, &LogIn, &Request<'_>, &World<'_>, &mut Outgoing<'_>) -> ControlFlow<Decision, Pass>,
    /// Whether its cookies show a session.
    pub(super) shows_session: fn(&Client, &LogIn, &Request<'_>, &World<'_>) -> bool,
}

impl AsksIn {
    pub(crate) const BY_PASSWORD: &Self = &Self { ask: Client::ask_in, shows_session: Client::shows_session };
}
