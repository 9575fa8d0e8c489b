//! Listening sockets: one for each address, and why there is none.

use crate::addresses::Address;
use crate::inherit::Inherited;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::fmt::{self, Display};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections that the kernel keeps for us until we accept them: a reconnect storm fits in.
const BACKLOG: i32 = 1024;

/// An address that an option names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    option: &'static str,
    socket: SocketAddr,
}

/// Why an address cannot be listened on: one sentence.
#[derive(Debug)]
pub(crate) enum Error {
    /// Options of this call name its port twice.
    Twice(Named, Named),
    /// The system refuses it.
    System(Named, io::Error),
}

/// Listens on each address, and on the one of the metrics, unless a socket was inherited that does.
///
/// An address `[::]` beside one of IPv4 with the same port stands for addresses of IPv6 alone: else the two would clash.
pub(crate) fn listen(
    addresses: &mut [Address],
    metrics: Option<SocketAddr>,
    inherited: &mut Inherited,
) -> Result<(Vec<TcpListener>, Option<TcpListener>), Error> {
    let mut all: Vec<_> =
        addresses.iter().map(|address| Named { option: "--addr", socket: address.socket }).collect();
    all.extend(metrics.map(|socket| Named { option: "--metrics", socket }));
    let mut sockets = Vec::new();
    for (at, named) in all.iter().enumerate() {
        let bound = match inherited.find(named.socket) {
            Some(socket) => Ok(socket),
            None => bind(named.socket, stands_alone(&all, named.socket)),
        };
        let socket = bound.map_err(|error| {
            match all[..at].iter().find(|other| clash(other.socket, named.socket)) {
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

/// Whether an address of IPv6 stands for addresses of IPv6 alone.
fn stands_alone(all: &[Named], address: SocketAddr) -> bool {
    let shares = |other: &Named| other.socket.is_ipv4() && other.socket.port() == address.port();
    address.port() != 0 && all.iter().any(shares)
}

/// Whether two addresses cannot be listened on at the same time.
fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let (a_ip, b_ip) = (a.ip().to_canonical(), b.ip().to_canonical());
    let overlap = a_ip == b_ip
        || (a_ip.is_ipv4() == b_ip.is_ipv4() && (a_ip.is_unspecified() || b_ip.is_unspecified()));
    a.port() == b.port() && overlap
}

/// Listens without SO_REUSEPORT: with it a second server on the same port would start silently, and the two would split
/// the users.
fn bind(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that was just ended does not keep its port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Whatever the system's default is.
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Error {
    /// Whether the call was wrong, rather than the run.
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
                    "{second} has the port that {first} has: leave out one, or choose another port"
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
                "{socket} is in use: is another instep running? Choose another port with {option} {host}:PORT"
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "{socket} may not be used by this user: choose a port above 1023 with {option}, or see \
                 docs/guide/running.md for the capability CAP_NET_BIND_SERVICE"
            ),
            io::ErrorKind::AddrNotAvailable => write!(
                f,
                "{} is not an address of this machine; {option} *:{} stands for all of them",
                socket.ip(),
                socket.port()
            ),
            _ => write!(f, "{socket} cannot be listened on: {error}"),
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
    fn addresses_that_clash() {
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
                (clash(socket(a), socket(b)), clash(socket(b), socket(a))),
                (expected, expected),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn what_the_errors_advise_can_be_followed() {
        let told = |socket: &str, kind: io::ErrorKind| {
            let named = Named { option: "--addr", socket: socket.parse().unwrap() };
            Error::System(named, kind.into()).to_string()
        };
        for (address, advice) in [("127.0.0.1:80", "127.0.0.1:PORT"), ("[::1]:80", "[::1]:PORT")] {
            let said = told(address, io::ErrorKind::AddrInUse);
            assert!(said.ends_with(&format!("--addr {advice}")), "{said}");
            assert!(advice.replace("PORT", "81").parse::<SocketAddr>().is_ok());
            assert!(told(address, io::ErrorKind::AddrNotAvailable).contains("--addr *:80 stands"));
        }
    }
}
