//! Facts about a new connection, from its driver.

use crate::limits::builders;
use core::net::SocketAddr;

/// Facts about a new connection, for [`Client::new`](super::Client::new).
///
/// ```
/// use core::net::{Ipv4Addr, SocketAddr};
/// use instep::driver::ConnectionInfo;
///
/// let peer = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 7), 50_000));
/// let info = ConnectionInfo::new(peer).with_local_port(443).encrypted(true);
/// # assert_eq!((info.peer, info.local_port, info.encrypted, info.over_capacity), (peer, 443, true, false));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// Address and port of the peer.
    pub peer: SocketAddr,
    /// Port of the device that the peer connected to; 0 if unknown. The name of the session cookie contains the port.
    pub local_port: u16,
    /// The transport encrypts, so cookies are `Secure`.
    pub encrypted: bool,
    /// There are too many connections, so every request is answered with 503.
    pub over_capacity: bool,
}

impl ConnectionInfo {
    /// Creates the facts about an unencrypted connection to an unknown port, within the capacity.
    pub const fn new(peer: SocketAddr) -> Self {
        Self { peer, local_port: 0, encrypted: false, over_capacity: false }
    }
}

builders! {
    ConnectionInfo:
    with_local_port(local_port: u16);
    encrypted(encrypted: bool);
    over_capacity(over_capacity: bool);
}
