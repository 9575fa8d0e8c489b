//! Where an application speaks WebSocket.

use instep_proto::http::Pattern;

/// A path that speaks WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub(crate) pattern: Pattern,
    /// The server sends each message back as it comes, and the application hears nothing of this endpoint.
    pub(crate) echo: bool,
    /// Its messages are those of the Thing.
    pub(crate) thing: bool,
}
