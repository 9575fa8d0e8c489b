//! What a service manager hands over and is told: listening sockets (systemd's socket activation), and that the server is
//! ready.

use crate::addresses::Address;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use socket2::SockRef;
use std::net::{SocketAddr, TcpListener};

/// Sockets that were listening before this program started.
#[derive(Debug, Default)]
pub(crate) struct Inherited(Vec<(SocketAddr, TcpListener)>);

impl Inherited {
    /// Takes the sockets that `LISTEN_FDS` counts. No thread may run yet, because the variable is removed.
    ///
    /// # Errors
    /// A sentence: one of them is no socket that listens for TCP.
    pub(crate) fn take() -> Result<Self, String> {
        let mut descriptors = ListenFd::from_env();
        let mut sockets = Vec::new();
        for number in 0..descriptors.len() {
            let wrong = |why: &str| {
                format!(
                    "the socket number {number} of the service manager cannot be used: {why}; a socket unit needs \
                     ListenStream=ADDRESS:PORT and Accept=no"
                )
            };
            let listener = descriptors
                .take_tcp_listener(number)
                .map_err(|error| wrong(&error.to_string()))?
                .ok_or_else(|| wrong("it is gone"))?;
            if !SockRef::from(&listener).is_listener().unwrap_or(false) {
                return Err(wrong("it does not listen"));
            }
            let address = listener.local_addr().map_err(|error| wrong(&error.to_string()))?;
            sockets.push((address, listener));
        }
        Ok(Self(sockets))
    }

    /// Adds the addresses of the sockets to those that are named. Those that nobody named give way.
    pub(crate) fn join(&self, addresses: &mut Vec<Address>, named: bool, metrics: Option<SocketAddr>) {
        if self.0.is_empty() {
            return;
        }
        if !named {
            addresses.clear();
        }
        for (socket, _) in &self.0 {
            let known = addresses.iter().any(|address| address.socket == *socket) || metrics == Some(*socket);
            if !known {
                addresses.push(Address::from(*socket));
            }
        }
    }

    /// The socket at that address, if there is one.
    pub(crate) fn find(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.0.iter().position(|(known, _)| *known == address)?;
        Some(self.0.remove(at).1)
    }
}

/// Tells the service manager that clients can connect, if one asked for it.
pub(crate) fn tell_ready() {
    tell(NotifyState::Ready);
}

/// Tells the service manager that the server ends.
pub(crate) fn tell_stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::warn!("The service manager cannot be told the server's state: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_take_the_place_of_addresses_that_nobody_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = listener.local_addr().unwrap();
        let default: Address = SocketAddr::from(([127, 0, 0, 1], 8080)).into();
        let secure = Address { secure: true, ..socket.into() };
        let mut inherited = Inherited(vec![(socket, listener)]);
        let joined = |named: bool, metrics, addresses: &[Address]| {
            let mut addresses = addresses.to_vec();
            inherited.join(&mut addresses, named, metrics);
            addresses
        };
        assert_eq!(joined(false, None, &[default]), [socket.into()]);
        assert_eq!(joined(true, None, &[default]), [default, socket.into()]);
        assert_eq!(joined(true, None, &[default, secure]), [default, secure], "as it is named, with TLS");
        assert_eq!(joined(true, Some(socket), &[default]), [default], "it is the metrics'");
        let mut none = vec![default];
        Inherited::default().join(&mut none, false, None);
        assert_eq!(none, [default]);
        assert!(inherited.find(socket).is_some() && inherited.find(socket).is_none());
    }
}
