//! Listening sockets, one for each address.

use crate::addresses::Address;
use crate::inherit::Inherited;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::fmt::{self, Display};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Length of the accept queue, in connections, so that it holds a reconnect storm.
const BACKLOG: i32 = 1024;

/// An address and the option that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    option: &'static str,
    socket: SocketAddr,
}

/// Failure to listen on an address, explained in one sentence.
#[derive(Debug)]
pub(crate) enum Error {
    /// Two options of this call name the same port.
    Twice(Named, Named),
    /// The system rejects the address.
    System(Named, io::Error),
}

/// Listens on each address and on that of the metrics, or takes inherited sockets.
///
/// If an IPv4 address has the same port as `[::]`, `[::]` covers IPv6 only, because the two would conflict.
pub(crate) fn listen(
    addresses: &mut [Address],
    metrics: Option<SocketAddr>,
    inherited: &mut Inherited,
) -> Result<(Vec<TcpListener>, Option<TcpListener>), Error> {
    let mut all: Vec<_> =
        addresses.iter().map(|address| Named { option: "--addr", socket: address.socket }).collect();
    all.extend(metrics.map(|socket| Named { option: "--metrics", socket }));
    let mut sockets = Vec::new();
    for (i, named) in all.iter().enumerate() {
        let bound = match inherited.find(named.socket) {
            Some(socket) => Ok(socket),
            None => bind(named.socket, is_only_v6(&all, named.socket)),
        };
        let socket = bound.map_err(|error| {
            match all[..i].iter().find(|other| conflict(other.socket, named.socket)) {
                Some(other) if error.kind() == io::ErrorKind::AddrInUse => Error::Twice(*other, *named),
                _ => Error::System(*named, error),
            }
        })?;
        sockets.push(socket);
    }
    let metrics = metrics.and_then(|_| sockets.pop());
    for (address, socket) in addresses.iter_mut().zip(&sockets) {
        let named = Named { option: "--addr", socket: address.socket };
        *address = address.bound_to(socket).map_err(|error| Error::System(named, error))?;
    }
    Ok((sockets, metrics))
}

/// Returns whether an IPv6 address covers IPv6 only.
fn is_only_v6(all: &[Named], address: SocketAddr) -> bool {
    let shares = |other: &Named| other.socket.is_ipv4() && other.socket.port() == address.port();
    address.port() != 0 && all.iter().any(shares)
}

/// Returns whether two addresses cannot be bound at the same time.
fn conflict(a: SocketAddr, b: SocketAddr) -> bool {
    let (a_ip, b_ip) = (a.ip().to_canonical(), b.ip().to_canonical());
    let overlap = a_ip == b_ip
        || (a_ip.is_ipv4() == b_ip.is_ipv4() && (a_ip.is_unspecified() || b_ip.is_unspecified()));
    a.port() == b.port() && overlap
}

/// Binds and listens.
///
/// `SO_REUSEPORT` is not set, because a second server would then silently take a part of the clients.
fn bind(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of the previous server in TIME_WAIT must not block the port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // The default depends on the system (net.ipv6.bindv6only).
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Error {
    /// Returns whether the call is invalid, so that the exit code is 2.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Twice(..))
    }
}

impl Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.option, self.socket)
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (named, error) = match self {
            Self::Twice(first, second) => {
                return write!(
                    f,
                    "{second} has the same port as {first}; leave out one, or choose another port"
                );
            }
            Self::System(named, error) => (named, error),
        };
        let Named { option, socket } = named;
        let address = socket.to_string();
        let host = address.rsplit_once(':').map_or(&*address, |(host, _)| host);
        match error.kind() {
            io::ErrorKind::AddrInUse => write!(
                f,
                "cannot bind {socket}: it is in use, perhaps by another instep; choose another port with {option} {host}:PORT"
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "cannot bind {socket}: permission denied; choose a port above 1023 with {option}, or see \
                 docs/guide/running.md for the capability CAP_NET_BIND_SERVICE"
            ),
            io::ErrorKind::AddrNotAvailable => write!(
                f,
                "cannot bind {socket}: this machine has no address {}; for all its addresses use {option} *:{}",
                socket.ip(),
                socket.port()
            ),
            _ => write!(f, "cannot bind {socket}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn overlapping_addresses_conflict() {
        for (a, b, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("[::]:80", "[::1]:80", true),
            ("[::]:80", "0.0.0.0:80", false),
            ("[::]:80", "127.0.0.1:80", false),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80", true),
            ("[::1]:80", "127.0.0.1:80", false),
        ] {
            assert_eq!(
                (conflict(socket(a), socket(b)), conflict(socket(b), socket(a))),
                (expected, expected),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn error_names_a_valid_address() {
        let error = |socket: &str, kind: io::ErrorKind| {
            let named = Named { option: "--addr", socket: socket.parse().unwrap() };
            Error::System(named, kind.into()).to_string()
        };
        for (address, advice) in [("127.0.0.1:80", "127.0.0.1:PORT"), ("[::1]:80", "[::1]:PORT")] {
            let text = error(address, io::ErrorKind::AddrInUse);
            assert!(text.ends_with(&format!("--addr {advice}")), "{text}");
            assert!(advice.replace("PORT", "81").parse::<SocketAddr>().is_ok());
            assert!(
                error(address, io::ErrorKind::AddrNotAvailable)
                    .ends_with("all its addresses use --addr *:80")
            );
        }
    }
}
