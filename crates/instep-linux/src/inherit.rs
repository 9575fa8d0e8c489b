//! Sockets from the service manager, and notifications to it.
//!
//! The sockets are those of systemd's socket activation.

use crate::addresses::Address;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use socket2::SockRef;
use std::net::{SocketAddr, TcpListener};

/// Sockets that were listening before this program started.
#[derive(Debug, Default)]
pub(crate) struct Inherited(Vec<(SocketAddr, TcpListener)>);

impl Inherited {
    /// Takes the sockets that `LISTEN_FDS` counts.
    ///
    /// Call it before any thread starts, because it removes the variable.
    ///
    /// # Errors
    /// A sentence, if one of them is not a listening TCP socket.
    pub(crate) fn take() -> Result<Self, String> {
        let mut descriptors = ListenFd::from_env();
        let mut sockets = Vec::new();
        for number in 0..descriptors.len() {
            let wrong = |why: &str| {
                format!(
                    "cannot use socket number {number} of the service manager: {why}; a socket unit needs \
                     ListenStream=ADDRESS:PORT and Accept=no"
                )
            };
            let listener = descriptors
                .take_tcp_listener(number)
                .map_err(|error| wrong(&error.to_string()))?
                .ok_or_else(|| wrong("it is missing"))?;
            if !SockRef::from(&listener).is_listener().unwrap_or(false) {
                return Err(wrong("it does not listen"));
            }
            let address = listener.local_addr().map_err(|error| wrong(&error.to_string()))?;
            sockets.push((address, listener));
        }
        Ok(Self(sockets))
    }

    /// Adds the addresses of the sockets to `addresses`.
    ///
    /// They replace the default address, for which `named` is false.
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

    /// Removes and returns the socket at that address, if there is one.
    pub(crate) fn find(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let i = self.0.iter().position(|(known, _)| *known == address)?;
        Some(self.0.remove(i).1)
    }
}

/// Notifies the service manager, if there is one, that clients can connect.
pub(crate) fn notify_ready() {
    notify(NotifyState::Ready);
}

/// Notifies the service manager, if there is one, that the server stops.
pub(crate) fn notify_stopping() {
    notify(NotifyState::Stopping);
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::warn!("Cannot notify the service manager: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inherited_socket_replaces_the_default_address() {
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
        assert_eq!(joined(true, None, &[default, secure]), [default, secure], "the named address keeps TLS");
        assert_eq!(joined(true, Some(socket), &[default]), [default], "the socket is that of the metrics");
        let mut none = vec![default];
        Inherited::default().join(&mut none, false, None);
        assert_eq!(none, [default]);
        assert!(inherited.find(socket).is_some() && inherited.find(socket).is_none());
    }
}
