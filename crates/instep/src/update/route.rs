//! The route `/firmware`, as a connection sees it.

use super::witness::Witness;
use crate::app::App;
use crate::login::LogIn;
use crate::service::{Context, Incoming, Outcome, Request};
use crate::time::Instant;
use core::fmt::Debug;
use instep_proto::delivery::Outgoing;
use instep_proto::http::Chunk;

/// Path of the firmware.
pub(super) const FIRMWARE: &str = "/firmware";
/// Number of the body of its status, which is generated while it is sent.
pub(crate) const FIRMWARE_STATUS: u16 = u16::MAX - 3;

/// The route `/firmware`: an [`Upload`](super::Upload), or [`Unavailable`](super::Unavailable).
///
/// All functions are for the server.
pub trait FirmwareRoute: Debug + Sync {
    /// Answers a request that passed the checks of Host and Origin, if it is for this route.
    #[doc(hidden)]
    fn answer(
        &self,
        app: &App,
        log_in: Option<&LogIn>,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> Option<Outcome>;

    /// Takes content of an upload.
    #[doc(hidden)]
    fn receive(
        &self,
        incoming: &mut Incoming,
        now: Instant,
        input: &mut [u8],
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
    ) -> Received {
        let _ = (incoming, now, context, out);
        Received { used: input.len(), next: Next::End }
    }

    /// Notes that the connection of an upload has ended.
    #[doc(hidden)]
    fn abandon(&self, incoming: &Incoming) {
        let _ = incoming;
    }

    /// Writes the next parts of the status to the start of `out`.
    ///
    /// `asks_password` is set if the device has a password, and `is_own_network` if the client is in the device's own network.
    #[doc(hidden)]
    fn make_status(&self, asks_password: bool, is_own_network: bool, position: u32, out: &mut [u8]) -> Chunk {
        let _ = (asks_password, is_own_network, position, out);
        Chunk { length: 0, next: None }
    }

    /// Returns the record of served requests, if a trial may need it.
    #[doc(hidden)]
    fn witness(&self) -> Option<&Witness> {
        None
    }
}

/// What a turn took of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The number of used input bytes.
    pub(crate) used: usize,
    pub(crate) next: Next,
}

/// Next step of a connection with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is read from.
    Read,
    /// It is not read from until its next turn.
    Wait,
    /// It sends its output and closes.
    End,
}
