//! Reasons why an upload cannot begin or go on, before the flash side sees it.

use instep_proto::http::Status;

/// Declares [`Obstacle`]: each row has the name, the status, the code and the sentence of the response.
///
/// The rows are a table, because the linker scripts of ESP32 chips place the tables of a `match` in RAM.
macro_rules! obstacles {
    ($($(#[$about:meta])* $name:ident = $status:ident, $code:literal, $sentence:literal;)+) => {
        /// Reason why an upload cannot begin or go on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Obstacle {
            $($(#[$about])* $name,)+
        }

        static ROWS: &[(Status, &str, &str)] = &[$((Status::$status, $code, $sentence),)+];
    };
}

obstacles! {
    /// A page of another origin sends the image.
    OtherOrigin = Forbidden, "other-origin", "only a page of the device itself may update it";
    /// The client is in the device's own network, and has not logged in.
    OwnNetwork = Forbidden, "own-network", "an update in the device's own network needs its password: log in first";
    /// The device has no password.
    NoPassword = Forbidden, "no-password", "updates need a password, and this device has none: set one first";
    NoSlot = NotFound, "no-slot", "this device has no room for a second image: update it by cable";
    FlashFailed = ServiceUnavailable, "flash-failed", "the flash failed when the device started: restart it, or update it by cable";
    TooLong = ContentTooLarge, "too-long", "the image is longer than its slot: build a smaller one";
    Empty = BadRequest, "empty", "the request has no image: send it as content";
    OnTrial = Conflict, "on-trial", "the running image is on trial: try again in a few minutes";
    Busy = Conflict, "busy", "another image is being received: try again when it has ended";
    Restarting = ServiceUnavailable, "restarting", "the device restarts with a new image: try again in a minute";
    NotReady = ServiceUnavailable, "not-ready", "the device cannot write images yet: try again in a moment";
    /// The client sent nothing for too long.
    Stalled = RequestTimeout, "stalled", "the image did not arrive in time: send it again";
    /// The client sent all the time, but too slowly.
    TooSlow = RequestTimeout, "too-slow", "the image did not arrive within 10 minutes: send it over a faster connection";
    /// The chunks are malformed.
    Malformed = BadRequest, "malformed", "the chunks of the content are malformed";
    /// The extensions and trailer fields of the chunks are longer than a head.
    LongChunks = HeadTooLarge, "long-chunks", "the chunks have more beside the image than this device takes";
    /// The flash side did not answer in time.
    Stuck = ServiceUnavailable, "stuck", "the device did not write the image in time: try again";
}

impl Obstacle {
    /// Returns the status of the response.
    pub(super) fn status(self) -> Status {
        ROWS[self as usize].0
    }

    /// Returns the code of the response in JSON.
    pub(super) fn code(self) -> &'static str {
        ROWS[self as usize].1
    }

    /// Returns the message of the response in JSON.
    pub(super) fn sentence(self) -> &'static str {
        ROWS[self as usize].2
    }
}
