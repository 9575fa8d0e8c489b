//! WebSocket endpoints of an application.

use instep_proto::http::Pattern;

/// Path at which the server accepts WebSockets.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub(crate) pattern: Pattern,
    /// Whether the server sends each message back, without the application.
    pub(crate) echo: bool,
    /// Whether clients of the endpoint use the protocol of the Thing.
    pub(crate) thing: bool,
}
