//! Listening sockets.

#[cfg(feature = "tls")]
pub(crate) use crate::certificate::Certificate;
#[cfg(not(feature = "tls"))]
pub(crate) use crate::transport::NoCertificate as Certificate;
use std::net::TcpListener;

/// Listening socket, plain or with TLS.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) certificate: Option<Certificate>,
}

impl Listener {
    /// Creates a listener for unencrypted connections: `http` and `ws`.
    pub fn plain(socket: TcpListener) -> Self {
        Self { socket, certificate: None }
    }

    /// Creates a listener for TLS 1.2 and 1.3: `https` and `wss`.
    ///
    /// Plain HTTP requests get 400, with the address to open instead.
    #[cfg(feature = "tls")]
    pub fn tls(socket: TcpListener, certificate: Certificate) -> Self {
        Self { socket, certificate: Some(certificate) }
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self::plain(socket)
    }
}
