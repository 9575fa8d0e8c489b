//! Certificates: parsing, errors, and replacement while the server runs.

mod in_process;
mod over_tls;

use in_process::serve_by;
use instep::Limits;
use instep_tokio::{Certificate, CertificateError, Listener, SocketLimits};
use over_tls::{app, certificate, connect, expect_echo};
use rcgen::{CertifiedKey, generate_simple_self_signed};

#[test]
fn replaced_certificate_applies_to_new_connections() {
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
fn fingerprint_is_sha256_of_certificate() {
    let pem = include_bytes!("data/lamp.test.pem");
    let certificate = Certificate::from_pem(pem, pem).expect("certificate and key do not match");
    // Printed by openssl x509 -in lamp.test.pem -noout -fingerprint -sha256
    let expected =
        "DE:18:3F:11:F3:EA:94:37:E6:D9:4F:F4:1B:BF:CC:C9:47:49:89:0E:66:F6:05:6E:35:6E:D9:4A:42:F7:46:97";
    assert_eq!(certificate.fingerprint(), expected);
}

#[test]
fn wrong_certificates_and_keys_have_distinct_errors() {
    let pair = || {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["a".into()]).expect("cannot make a certificate");
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

#[test]
fn unsupported_key_or_certificate_is_explained() {
    let CertifiedKey { cert, .. } =
        generate_simple_self_signed(vec!["a".into()]).expect("cannot make a certificate");
    let chain = cert.pem();
    let old = include_bytes!("data/version-1.pem");
    for (chain, key, expected, says) in [
        (
            chain.as_bytes(),
            &include_bytes!("data/encrypted.pem")[..],
            CertificateError::Encrypted,
            "encrypted",
        ),
        (
            chain.as_bytes(),
            include_bytes!("data/encrypted-traditional.pem"),
            CertificateError::Encrypted,
            "openssl pkey",
        ),
        (chain.as_bytes(), include_bytes!("data/p-521.pem"), CertificateError::KeyKind, "P-256 or P-384"),
        (chain.as_bytes(), include_bytes!("data/rsa-1024.pem"), CertificateError::KeyKind, "2048"),
        (chain.as_bytes(), b"-----BEGIN OPENSSH PRIVATE KEY-----\n", CertificateError::KeyKind, "Ed25519"),
        (old, old, CertificateError::Version(1), "version 1 of X.509"),
    ] {
        let error = Certificate::from_pem(chain, key).unwrap_err();
        assert_eq!(error, expected);
        let said = error.to_string();
        assert!(said.contains(says) && !said.contains(['{', '(', '\n']), "{said}");
    }
}

#[test]
fn byte_order_mark_is_skipped() {
    let pair = || {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["a".into()]).expect("cannot make a certificate");
        (format!("\u{feff}{}", cert.pem()), format!("\u{feff}{}", signing_key.serialize_pem()))
    };
    let ((chain, key), (other, _)) = (pair(), pair());
    let right =
        Certificate::from_pem(chain.as_bytes(), key.as_bytes()).expect("certificate and key do not match");
    // Two joined files, of which the first certificate is the server's own.
    let joined = Certificate::from_pem(format!("{chain}{other}").as_bytes(), key.as_bytes())
        .expect("certificate and key do not match");
    assert_eq!(joined.fingerprint(), right.fingerprint());
}

#[test]
fn validity_is_read_from_certificate() {
    let pem = include_bytes!("data/lamp.test.pem");
    let validity = Certificate::from_pem(pem, pem).expect("certificate and key do not match").validity();
    let said = (validity.from.to_string(), validity.until.to_string());
    assert_eq!(said, ("2026-11-21 07:34:52 UTC".into(), "2026-11-22 07:34:52 UTC".into()));
    assert!(validity.from.time() < validity.until.time());
}
