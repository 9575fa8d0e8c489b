//! The route `/firmware`, as a connection sees it.

use super::witness::Witness;
use crate::app::App;
use crate::login::LogIn;
use crate::service::{BodyRemaining, Context, Next, Outcome, Received, Request};
use crate::time::Instant;
use core::fmt;
use instep_proto::delivery::Outgoing;

/// Path of the firmware.
pub(super) const FIRMWARE: &str = "/firmware";

/// The route `/firmware`: an [`Upload`](super::Upload), or [`Unavailable`](super::Unavailable).
///
/// All functions are for the server.
pub trait FirmwareRoute: Sync {
    /// Answers a request that passed the checks of Host and Origin, if it is for this route.
    #[doc(hidden)]
    fn answer(
        &self,
        app: &App,
        log_in: Option<&LogIn>,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> Option<Outcome>;

    /// Begins to take the content of the upload that was accepted last.
    ///
    /// The first `decoded` bytes of the next input are decoded content.
    #[doc(hidden)]
    fn begin_content(&self, rest: &BodyRemaining, decoded: usize) {
        let _ = (rest, decoded);
    }

    /// Takes content of the upload.
    #[doc(hidden)]
    fn receive(
        &self,
        now: Instant,
        input: &mut [u8],
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
    ) -> Received {
        let _ = (context, out);
        Received { used: input.len(), next: Next::End, wake_at: now }
    }

    /// Notes that the connection of the upload has ended.
    #[doc(hidden)]
    fn abandon(&self) {}

    /// Returns the record of served requests, if a trial may need it.
    #[doc(hidden)]
    fn witness(&self) -> Option<&Witness> {
        None
    }
}

impl fmt::Debug for dyn FirmwareRoute + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirmwareRoute")
    }
}

/// The route of a driver.
pub type UpdateRoute<'a> = &'a dyn FirmwareRoute;
