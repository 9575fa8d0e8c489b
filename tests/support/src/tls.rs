//! TLS streams, which can also be very slow.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, SupportedProtocolVersion};

use crate::SOON;
use crate::session::Session;
use crate::stream::Stream;

/// TLS options: the trusted certificate, and the manner of sending.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: String,
    dribbles: bool,
}

impl Tls {
    /// Trusts only this certificate, in PEM.
    #[track_caller]
    pub fn trusting(pem: impl AsRef<[u8]>) -> Tls {
        Tls::with(pem.as_ref(), &[&rustls::version::TLS13, &rustls::version::TLS12])
    }

    /// Trusts only this certificate, and uses TLS 1.2 only.
    #[track_caller]
    pub fn trusting_with_tls12(pem: impl AsRef<[u8]>) -> Tls {
        Tls::with(pem.as_ref(), &[&rustls::version::TLS12])
    }

    #[track_caller]
    fn with(pem: &[u8], versions: &[&'static SupportedProtocolVersion]) -> Tls {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(pem).expect("not a certificate"))
            .expect("not a usable certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("unknown TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Tls { config: Arc::new(config), name: String::new(), dribbles: false }
    }

    /// Expects the certificate to be for this name or
    /// address, instead of the address of the connection.
    pub fn name(mut self, name: &str) -> Tls {
        self.name = name.to_owned();
        self
    }

    /// Sends each byte in its own record.
    pub fn dribbling(mut self) -> Tls {
        self.dribbles = true;
        self
    }

    /// Connects, and panics if the server's certificate is not as expected.
    #[track_caller]
    pub fn connect(&self, addr: SocketAddr) -> Stream {
        match self.try_connect(addr) {
            Ok(stream) => stream,
            Err(error) => panic!("no TLS with {addr}: {error}"),
        }
    }

    /// Connects, and returns an error if the handshake fails.
    #[track_caller]
    pub fn try_connect(&self, addr: SocketAddr) -> io::Result<Stream> {
        self.over(TcpStream::connect_timeout(&addr, SOON).expect("cannot connect"))
    }

    /// Starts TLS over a stream that is already connected.
    #[track_caller]
    pub fn over(&self, tcp: TcpStream) -> io::Result<Stream> {
        let addr = tcp.peer_addr().expect("the stream is not connected");
        let name = if self.name.is_empty() { addr.ip().to_string() } else { self.name.clone() };
        let name = ServerName::try_from(name).expect("not a valid server name");
        let mut client = ClientConnection::new(self.config.clone(), name).expect("cannot create the session");
        client.set_buffer_limit(None);
        let mut stream = Stream::new(tcp);
        let mut session = Session { client, dribbles: self.dribbles };
        let deadline = Instant::now() + SOON;
        stream.tcp().set_read_timeout(Some(SOON))?;
        while session.client.is_handshaking() {
            assert!(Instant::now() < deadline, "the TLS handshake timed out");
            session.send(stream.tcp())?;
            if session.client.is_handshaking() {
                session.receive(stream.tcp())?;
            }
        }
        session.send(stream.tcp())?;
        stream.tls = Some(Box::new(session));
        Ok(stream)
    }
}

impl Stream {
    /// Returns the negotiated version of TLS, if any.
    pub fn tls_version(&self) -> Option<ProtocolVersion> {
        self.tls.as_ref()?.client.protocol_version()
    }

    /// Returns the protocol negotiated with ALPN, if any.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.tls.as_ref()?.client.alpn_protocol()
    }

    /// Returns the server's certificate.
    pub fn certificate(&self) -> Option<&[u8]> {
        Some(self.tls.as_ref()?.client.peer_certificates()?.first()?)
    }

    /// Sends close_notify, and leaves the socket open.
    #[track_caller]
    pub fn say_goodbye(&mut self) {
        let (tcp, tls) = (
            self.tcp().try_clone().expect("cannot create a socket"),
            self.tls.as_mut().expect("no TLS session"),
        );
        tls.client.send_close_notify();
        tls.send(&tcp).expect("cannot send close_notify");
    }
}
