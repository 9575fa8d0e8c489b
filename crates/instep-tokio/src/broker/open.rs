//! Opening of the transport to a broker.

use super::address::BrokerAddress;
use super::transport::Transport;
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
    Name,
    Refused,
    Unreachable(io::Error),
    TimedOut,
    Certificates,
    Tls(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("there is no such host; correct the name, or use an IP address"),
            Self::Refused => f.write_str("nothing listens there; start the broker, or correct the port"),
            Self::Unreachable(error) => write!(f, "it is out of reach: {error}; check the network"),
            Self::TimedOut => f.write_str("it does not answer; check the network and the address"),
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
pub(super) async fn open(address: &BrokerAddress) -> Result<Transport, OpenError> {
    let name = tokio::net::lookup_host((address.host.as_str(), address.port));
    let name = timeout(TIMEOUT, name).await.map_err(|_| OpenError::TimedOut)?;
    let mut opened = Err(OpenError::Name);
    for address in name.map_err(|_| OpenError::Name)? {
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
    let name = ServerName::try_from(address.host.clone()).map_err(|_| OpenError::Name)?;
    let connector = TlsConnector::from(Arc::new(configuration()?));
    let stream = timeout(TIMEOUT, connector.connect(name, stream)).await.map_err(|_| OpenError::TimedOut)?;
    Ok(Transport::Tls(Box::new(stream.map_err(OpenError::Tls)?)))
}

/// Connects to one address, with a timeout of its own, because another address of the name may answer.
async fn connect(address: SocketAddr) -> Result<TcpStream, OpenError> {
    let stream = timeout(TIMEOUT, TcpStream::connect(address)).await.map_err(|_| OpenError::TimedOut)?;
    stream.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => OpenError::Refused,
        ErrorKind::TimedOut => OpenError::TimedOut,
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
