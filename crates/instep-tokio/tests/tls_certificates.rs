//! Certificates: read, told apart, and replaced while the server runs.

mod in_process;
mod over_tls;

use in_process::serve_by;
use instep::Limits;
use instep_tokio::{Certificate, CertificateError, Listener, SocketLimits};
use over_tls::{app, certificate, connect, expect_echo};
use rcgen::{CertifiedKey, generate_simple_self_signed};

#[test]
fn a_new_certificate_is_for_new_connections() {
    let ((first, tls, _), (second, other, _)) = (certificate(), certificate());
    assert_ne!(first.fingerprint(), second.fingerprint());
    let mine = first.clone();
    let server =
        serve_by(app(), Limits::LINUX, SocketLimits::default(), |socket| Listener::tls(socket, first));
    let mut old = connect(&tls, server.addr, "/echo");
    mine.replace(&second);
    assert_eq!(mine.fingerprint(), second.fingerprint());
    let mut new = connect(&other, server.addr, "/echo");
    assert!(tls.try_connect(server.addr).is_err());
    expect_echo(&mut old, "still here");
    expect_echo(&mut new, "here, too");
}

#[test]
fn a_fingerprint_is_that_of_the_certificate() {
    let pem = include_bytes!("data/lamp.test.pem");
    let certificate = Certificate::from_pem(pem, pem).expect("a pair");
    // As another program has it: openssl x509 -in lamp.test.pem -noout -fingerprint -sha256
    let expected =
        "DE:18:3F:11:F3:EA:94:37:E6:D9:4F:F4:1B:BF:CC:C9:47:49:89:0E:66:F6:05:6E:35:6E:D9:4A:42:F7:46:97";
    assert_eq!(certificate.fingerprint(), expected);
}

#[test]
fn wrong_certificates_and_keys_are_told_apart() {
    let pair = || {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["a".into()]).expect("one");
        (cert.pem(), signing_key.serialize_pem())
    };
    let ((chain, key), (_, other)) = (pair(), pair());
    let error = |chain: &str, key: &str| Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
    assert_eq!(error("", &key), CertificateError::NoCertificate);
    assert_eq!(error(&key, &key), CertificateError::NoCertificate);
    assert_eq!(error(&chain, ""), CertificateError::NoKey);
    assert_eq!(error(&chain, &chain), CertificateError::NoKey);
    assert_eq!(error(&chain, &other), CertificateError::Mismatch);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(error(broken, &key), CertificateError::Unusable(_)));
    assert!(Certificate::from_pem(chain.as_bytes(), format!("{chain}{key}").as_bytes()).is_ok());
}
