//! Where connections come from.

#[cfg(feature = "tls")]
pub(crate) use crate::certificate::Certificate;
#[cfg(not(feature = "tls"))]
pub(crate) use crate::transport::NoCertificate as Certificate;
use std::net::TcpListener;

/// A socket that listens, and whether its connections are encrypted.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) certificate: Option<Certificate>,
}

impl Listener {
    /// Connections that are not encrypted: `http` and `ws`.
    pub fn plain(socket: TcpListener) -> Self {
        Self { socket, certificate: None }
    }

    /// Connections with TLS 1.2 or 1.3: `https` and `wss`. Who speaks plain HTTP is answered by 400, which says so.
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
