//! Opening of the transport to a broker.

use super::transport::Transport;
use instep_mqtt::{BrokerAddress, TransportError};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use socket2::SockRef;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Timeout of each step: name, connection, TLS.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of unsent bytes in the kernel, because they cannot be replaced by newer values.
const UNSENT_MAX: u32 = 16_384;

/// Failure to open the transport: the cause, and what to do.
#[derive(Debug)]
pub(super) enum OpenError {
    Transport(TransportError),
    Unreachable(io::Error),
    Certificates,
    Tls(io::Error),
}

impl From<TransportError> for OpenError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::Unreachable(error) => write!(f, "it is out of reach: {error}; check the network"),
            Self::Certificates => f.write_str(
                "this machine has no certificates to check the broker's against; install ca-certificates, or set SSL_CERT_FILE",
            ),
            Self::Tls(error) => write!(
                f,
                "TLS failed: {error}; check that the port is the one with TLS, and that this machine trusts the certificate \
                 (SSL_CERT_FILE)"
            ),
        }
    }
}

/// Opens the transport to a broker.
pub(super) async fn open(address: &BrokerAddress<'_>) -> Result<Transport, OpenError> {
    let name = tokio::net::lookup_host((address.host, address.port));
    let name = timeout(TIMEOUT, name).await.map_err(|_| TransportError::TimedOut)?;
    let mut opened = Err(TransportError::Name.into());
    for address in name.map_err(|_| TransportError::Name)? {
        opened = connect(address).await;
        if opened.is_ok() {
            break;
        }
    }
    let stream = opened?;
    stream.set_nodelay(true).map_err(OpenError::Unreachable)?;
    SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_MAX).map_err(OpenError::Unreachable)?;
    if !address.secure {
        return Ok(Transport::Plain(stream));
    }
    let name = ServerName::try_from(address.host.to_owned()).map_err(|_| TransportError::Name)?;
    let connector = TlsConnector::from(Arc::new(configuration()?));
    let stream =
        timeout(TIMEOUT, connector.connect(name, stream)).await.map_err(|_| TransportError::TimedOut)?;
    Ok(Transport::Tls(Box::new(stream.map_err(OpenError::Tls)?)))
}

/// Connects to one address, with a timeout of its own, because another address of the name may answer.
async fn connect(address: SocketAddr) -> Result<TcpStream, OpenError> {
    let stream = timeout(TIMEOUT, TcpStream::connect(address)).await.map_err(|_| TransportError::TimedOut)?;
    stream.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => TransportError::Refused.into(),
        ErrorKind::TimedOut => TransportError::TimedOut.into(),
        _ => OpenError::Unreachable(error),
    })
}

/// Returns the configuration that trusts the certificates of this machine, or those in `SSL_CERT_FILE`.
///
/// They are read for each connection, because they may have been renewed.
fn configuration() -> Result<ClientConfig, OpenError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(OpenError::Certificates);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    // The provider has cipher suites for the default versions.
    let builder = builder.map_err(|error| OpenError::Tls(io::Error::other(error)))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
