//! Requests to a device.

use super::address::Address;
use super::status::{Status, readable};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::CertificateError;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::HeaderValue;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Error, Timeout};
use zeroize::Zeroizing;

/// Maximum length of an answer, in bytes.
const ANSWER_MAX: u64 = 16 * 1024;
/// Time for a connection to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for the answer to a short request. A device may check other passwords before this one.
const ANSWER: Duration = Duration::from_secs(20);
/// Time for the answer to a whole image, longer than any in which a device gives up.
const VERDICT: Duration = Duration::from_secs(90);
/// Time for the permission to send an image.
const PERMISSION: Duration = Duration::from_secs(20);

/// Certificates that are trusted for https.
#[derive(Clone, Debug)]
pub(super) struct Roots(Option<Arc<Vec<Certificate<'static>>>>);

/// Client of one device.
#[derive(Clone, Debug)]
pub(super) struct Client {
    agent: Agent,
    address: Address,
    authorization: Option<HeaderValue>,
}

/// Reason why no answer came.
#[derive(Debug)]
pub(super) enum Failure {
    /// The certificate of the device is not trusted.
    NotTrusted(String),
    /// The connection was not made, or broke.
    Connection(String),
}

/// Answer of a device.
#[derive(Debug)]
pub(super) enum Answer {
    /// What it says of its firmware.
    Status(Status),
    /// The image is activated.
    Activated,
    /// The password is missing or wrong.
    Unauthorized,
    /// Too many wrong passwords came.
    Throttled(Option<u64>),
    /// There is no `/firmware`, or a proxy finds no device.
    NotFound,
    /// A status, and a sentence of the device, which says why not.
    Refused(u16, String),
    /// Something else.
    Strange(String),
}

impl Roots {
    /// Reads the certificates of a file, if one is named.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, String> {
        let Some(path) = file else { return Ok(Self(None)) };
        let name = path.display();
        let failed = |error| format!("cannot read the certificate {name}: {error}; name a file in PEM");
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let certificates = CertificateDer::pem_slice_iter(&pem)
            .map(|certificate| certificate.map(|der| Certificate::from_der(&der).to_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.to_string()))?;
        if certificates.is_empty() {
            return Err(failed("there is none in it".into()));
        }
        Ok(Self(Some(Arc::new(certificates))))
    }

    /// Returns the certificates, or those of the system.
    fn certificates(&self) -> Arc<Vec<Certificate<'static>>> {
        self.0.clone().unwrap_or_else(|| {
            // A certificate of the system that cannot be read is not trusted.
            let system = rustls_native_certs::load_native_certs().certs;
            Arc::new(system.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
        })
    }
}

impl Client {
    pub(super) fn new(address: &Address, roots: &Roots) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls =
            TlsConfig::builder().provider(TlsProvider::Rustls).unversioned_rustls_crypto_provider(provider);
        if address.firmware("").starts_with("https:") {
            tls = tls.root_certs(RootCerts::Specific(roots.certificates()));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Devices are in this network.
            .proxy(None)
            // A device has few connections, and closes them when it restarts.
            .max_idle_connections(0)
            .timeout_connect(Some(CONNECT))
            .timeout_await_100(Some(PERMISSION))
            .user_agent(concat!("instep/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build()
            .new_agent();
        Self { agent, address: address.clone(), authorization: None }
    }

    /// Sends this password from now on.
    pub(super) fn set_password(&mut self, password: &str) {
        let credentials = Zeroizing::new(BASE64_STANDARD.encode(format!(":{password}")));
        let mut value = HeaderValue::from_str(&Zeroizing::new(format!("Basic {}", *credentials)))
            .expect("Base64 is valid in a header");
        value.set_sensitive(true);
        self.authorization = Some(value);
    }

    /// Asks what runs.
    ///
    /// # Errors
    /// The reason why no answer came.
    pub(super) fn status(&self) -> Result<Answer, Failure> {
        let mut request = self.agent.get(self.address.firmware(""));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let response = request.config().timeout_global(Some(ANSWER)).build().call();
        let (status, retry_after, body) = take(response)?;
        Ok(match (status, Status::parse(&body)) {
            (200, Some(status)) => Answer::Status(status),
            (200, None) => Answer::Strange("something else than a device with instep does".into()),
            _ => Answer::refusal(status, retry_after, &body),
        })
    }

    /// Sends an image.
    ///
    /// # Errors
    /// The reason why it is not known what became of the image.
    pub(super) fn put(&self, query: &str, image: &[u8]) -> Result<Answer, Failure> {
        let mut request = self
            .agent
            .put(self.address.firmware(query))
            .header("Content-Type", "application/octet-stream")
            // The device refuses before the image is sent.
            .header("Expect", "100-continue");
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let response = request.config().timeout_recv_response(Some(VERDICT)).build().send(image);
        let (status, retry_after, body) = take(response)?;
        Ok(match (status, Answer::refusal(status, retry_after, &body)) {
            (200, _) => Answer::Activated,
            // The device may still activate the image.
            (503, Answer::Refused(_, sentence)) if body.contains("\"code\":\"stuck\"") => {
                return Err(Failure::Connection(sentence));
            }
            // So it may behind a proxy that did not wait for its answer.
            (500.., Answer::Strange(answer)) => {
                return Err(Failure::Connection(format!("it answered {answer}")));
            }
            (_, refusal) => refusal,
        })
    }
}

impl Answer {
    fn refusal(status: u16, retry_after: Option<u64>, body: &str) -> Self {
        // A proxy's answer has no code, even if it is JSON.
        let message = serde_json::from_str::<Value>(body).ok().and_then(|json| {
            json.get("code")?.as_str()?;
            Some(readable(json.get("message")?.as_str()?))
        });
        match (status, message) {
            (401, _) => Self::Unauthorized,
            (429, _) => Self::Throttled(retry_after),
            (status, Some(message)) => Self::Refused(status, message),
            (404, None) => Self::NotFound,
            (status, None) => Self::Strange(format!("with status {status}")),
        }
    }
}

impl Failure {
    /// Explains an error in a few words.
    fn of(error: &Error) -> Self {
        let cause = match error {
            Error::Io(error) => {
                let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                if let Some(rustls::Error::InvalidCertificate(reason)) = tls {
                    return Self::NotTrusted(match reason {
                        CertificateError::UnknownIssuer => {
                            "the issuer of its certificate is not known".into()
                        }
                        reason => reason.to_string(),
                    });
                }
                error.to_string()
            }
            Error::HostNotFound => "its name is not known".into(),
            Error::Timeout(Timeout::Connect) => "it does not answer".into(),
            Error::Timeout(_) => "it did not answer in time".into(),
            error => error.to_string(),
        };
        Self::Connection(cause)
    }
}

/// Returns the status of a response, its `Retry-After`, and its content.
fn take(
    response: Result<ureq::http::Response<ureq::Body>, Error>,
) -> Result<(u16, Option<u64>, String), Failure> {
    let mut response = response.map_err(|error| Failure::of(&error))?;
    let retry_after =
        response.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_MAX).lossy_utf8(true).read_to_string();
    Ok((status, retry_after, body.map_err(|error| Failure::of(&error))?))
}
