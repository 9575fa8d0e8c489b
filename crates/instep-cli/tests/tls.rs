//! `https` and `wss`: sources of the certificate, and errors without one.

mod served;

use served::{INSTEP, get, last_answer, serve};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use test_support::{Folder, Http, Response, SOON, Server, Stream, Tls, WebSocket};

fn certificate(folder: &Folder) -> String {
    fs::read_to_string(folder.join("certificate.pem")).expect("no certificate")
}

/// Starts a server with a self-signed certificate in this folder.
#[track_caller]
fn serve_in(folder: &Folder, args: &[&str]) -> Server {
    let files = ["--tls-cert", &folder.file("certificate.pem"), "--tls-key", &folder.file("key.pem")];
    let address = ["--addr", "https://127.0.0.1:0", "--name", "lamp", "--tls-self-signed"];
    serve(&[args, &address, &files].concat())
}

fn get_over(stream: Stream, path: &str) -> Response {
    let mut https = Http::from(stream);
    https.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    https.read()
}

/// Returns the fingerprint in the log.
fn fingerprint(server: &Server) -> String {
    let wanted = "The certificate's SHA-256 fingerprint: ";
    let line = server.wait_for_line(|line| line.starts_with(wanted), SOON);
    line[wanted.len()..].to_owned()
}

/// Returns the error of a command with wrong options.
///
/// It is one sentence, with status 2.
#[track_caller]
fn sentence(args: &[&str]) -> String {
    let output = Command::new(INSTEP).arg("serve").args(args).stdin(Stdio::null()).output();
    let output = output.expect("cannot run the command");
    let error = String::from_utf8(output.stderr).expect("not UTF-8");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {error}");
    assert!(error.starts_with("instep: ") && error.lines().count() == 1, "{error}");
    error
}

#[test]
fn page_and_websocket_work_over_tls_by_every_name() {
    let folder = Folder::new("tls-names");
    let mut server = serve_in(&folder, &["--app", "led-plain", "--allow-host", "other.test"]);
    let tls = Tls::trusting(certificate(&folder));
    for name in ["127.0.0.1", "localhost", "lamp", "lamp.local", "other.test"] {
        let stream = tls.clone().name(name).connect(server.addr());
        assert_eq!(get_over(stream, "/").status, 200, "{name}");
    }
    for name in ["elsewhere.test", "127.0.0.2"] {
        assert!(tls.clone().name(name).try_connect(server.addr()).is_err(), "{name}");
    }
    let port = server.addr().port();
    assert!(server.lines().contains(&format!("Open https://127.0.0.1:{port}/")), "{:?}", server.lines());
    let origin = format!("https://127.0.0.1:{port}");
    let host = format!("127.0.0.1:{port}");
    let headers = [("Host", host.as_str()), ("Origin", origin.as_str())];
    let mut client =
        WebSocket::over(tls.connect(server.addr()), "/ws", &headers).expect("the upgrade was refused");
    assert_eq!(client.read_text(), "0");
    client.send_text("toggle");
    assert_eq!(client.read_text(), "1");
    // The server closes both layers at its end.
    server.terminate();
    client.expect_close(1001);
    drop(client);
    assert!(server.wait_for_exit(SOON).success());
}

#[test]
fn tls_is_chosen_per_address() {
    let folder = Folder::new("tls-each");
    let server = serve_in(&folder, &["--app", "led-plain", "--addr", "127.0.0.1:0"]);
    let [plain, secure] = server.addrs() else { panic!("{:?}", server.addrs()) };
    let mut one = WebSocket::connect(*plain, "/ws");
    let tls = Tls::trusting(certificate(&folder));
    let mut other = WebSocket::over(tls.connect(*secure), "/ws", &[]).expect("the upgrade was refused");
    assert_eq!((one.read_text(), other.read_text()), ("0".into(), "0".into()));
    one.send_text("toggle");
    assert_eq!((one.read_text(), other.read_text()), ("1".into(), "1".into()));
    // A request by the wrong protocol gets an error.
    let answer = last_answer(*secure, format!("GET / HTTP/1.1\r\nHost: {secure}\r\n\r\n"));
    assert_eq!(
        (answer.status, answer.text()),
        (400, &*format!("Only HTTPS is spoken here: open https://{secure}/ instead.\n"))
    );
}

#[test]
fn non_http_bytes_on_plain_port_get_answer_and_close() {
    let server = serve(&["--app", "hello"]);
    // The beginning of a client's TLS, a record with a handshake message.
    let hello = [&[22, 3, 1, 0, 204, 1, 0, 0, 200, 3, 3][..], &[7; 198]].concat();
    let noise: Vec<u8> = (0..=255).rev().cycle().take(2000).collect();
    for bytes in [&hello[..], &noise, b"\0\0\0\0", b"hello\r\n\r\n", &[0xff; 20_000]] {
        let answer = last_answer(server.addr(), bytes);
        assert!((400..500).contains(&answer.status), "{}", answer.status);
    }
    assert!(
        Tls::trusting(include_str!("../../instep-tokio/tests/data/lamp.test.pem"))
            .try_connect(server.addr())
            .is_err()
    );
    assert_eq!(get(server.addr(), "/").status, 200);
}

#[test]
fn self_signed_key_is_kept_and_private() {
    let folder = Folder::new("tls-kept");
    let mut server = serve_in(&folder, &["--app", "hello"]);
    let before = fingerprint(&server);
    let mode =
        |name| fs::metadata(folder.file(name)).expect("cannot open the file").permissions().mode() & 0o777;
    assert_eq!(mode("key.pem"), 0o600);
    let (made, kept) = (
        certificate(&folder),
        format!("Generated a certificate and stored it in {}", folder.file("certificate.pem")),
    );
    assert!(server.lines().contains(&kept), "{:?}", server.lines());
    assert_eq!(before.len(), 32 * 3 - 1, "{before}");

    // Its mode is repaired if it was changed.
    fs::set_permissions(folder.file("key.pem"), fs::Permissions::from_mode(0o644))
        .expect("cannot set the mode");
    server.restart();
    assert_eq!((mode("key.pem"), fingerprint(&server), certificate(&folder)), (0o600, before, made));
    assert!(!server.lines().contains(&kept));
}

#[test]
fn self_signed_certificate_is_renewed_if_invalid() {
    let folder = Folder::new("tls-renewed");
    let first = fingerprint(&serve_in(&folder, &["--app", "hello"]));
    // The device has another name.
    let server = serve_in(&folder, &["--app", "hello", "--allow-host", "new.test"]);
    let second = fingerprint(&server);
    assert_ne!(first, second);
    let tls = Tls::trusting(certificate(&folder)).name("new.test");
    assert_eq!(get_over(tls.connect(server.addr()), "/").status, 200);
    drop(server);
    // The other name is left out again.
    let third = fingerprint(&serve_in(&folder, &["--app", "hello"]));
    assert!(third != second && third != first);
    // It has expired.
    let key = fs::read_to_string(folder.file("key.pem")).expect("cannot read the key");
    let (before, times) = key.split_once(" valid from ").expect("no times");
    let (_, rest) = times.split_once('\n').expect("no more lines");
    folder.write("key.pem", format!("{before} valid from 1000000000 to 1034300800\n{rest}"));
    let fourth = fingerprint(&serve_in(&folder, &["--app", "hello"]));
    assert_ne!(third, fourth);
    // Half of it is lost.
    fs::remove_file(folder.file("certificate.pem")).expect("cannot remove it");
    assert_ne!(fourth, fingerprint(&serve_in(&folder, &["--app", "hello"])));
}

#[test]
fn self_signed_certificate_is_kept_in_state_folder() {
    let folder = Folder::new("tls-usual");
    let mut process = Command::new(INSTEP)
        .args(["serve", "--app", "hello", "--addr", "https://127.0.0.1:0", "--tls-self-signed"])
        .env_remove("STATE_DIRECTORY")
        .env("XDG_STATE_HOME", &*folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cannot run the command");
    let lines = BufReader::new(process.stdout.take().expect("no pipe")).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("Generated "));
    process.kill().expect("cannot kill the process");
    process.wait().expect("cannot wait for the process");
    assert_eq!(
        line,
        Some(format!("Generated a certificate and stored it in {}", folder.file("instep/certificate-0.pem")))
    );
    let mode =
        |name| fs::metadata(folder.file(name)).expect("the file is missing").permissions().mode() & 0o777;
    assert_eq!((mode("instep"), mode("instep/key-0.pem")), (0o700, 0o600));
}

#[test]
fn own_certificate_is_used_and_never_overwritten() {
    let folder = Folder::new("tls-own");
    let made = |name: &str| rcgen::generate_simple_self_signed(vec![name.into()]).expect("no certificate");
    let (one, other) = (made("127.0.0.1"), made("127.0.0.1"));
    let cert = folder.write("certificate.pem", one.cert.pem());
    let key = folder.write("key.pem", one.signing_key.serialize_pem());
    let other_key = folder.write("other.pem", other.signing_key.serialize_pem());
    let address = ["--addr", "https://127.0.0.1:0"];
    let args = [&address[..], &["--tls-cert", &cert, "--tls-key", &key]].concat();
    let server = serve(&[&["--app", "hello"][..], &args].concat());
    assert_eq!(get_over(Tls::trusting(one.cert.pem()).connect(server.addr()), "/").status, 200);

    let said = sentence(&[&args[..], &["--tls-self-signed"]].concat());
    assert!(said.contains("cannot overwrite") && said.contains(&cert) && said.contains(&key), "{said}");
    assert_eq!(certificate(&folder), one.cert.pem());

    let missing = folder.file("missing.pem");
    let empty = folder.write("empty.pem", "");
    let broken = folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let binary = folder.write("binary.pem", [0xff; 100]);
    let encrypted =
        folder.write("encrypted.pem", include_bytes!("../../instep-tokio/tests/data/encrypted.pem"));
    let other_kind = folder.write("p-521.pem", include_bytes!("../../instep-tokio/tests/data/p-521.pem"));
    let version_1 =
        folder.write("version-1.pem", include_bytes!("../../instep-tokio/tests/data/version-1.pem"));
    for (cert, key, says) in [
        (&missing, &key, format!("cannot read the certificate {missing}: No such file")),
        (&cert, &missing, format!("cannot read the key {missing}: No such file")),
        (&empty, &key, format!("cannot use the certificate {empty}: there is no certificate in PEM")),
        (&binary, &key, format!("cannot use the certificate {binary}: there is no certificate in PEM")),
        (&cert, &empty, format!("cannot use the key {empty}: there is no private key in PEM")),
        (&key, &cert, format!("cannot use the certificate {key}: there is no certificate in PEM")),
        (
            &cert,
            &other_key,
            format!("cannot use the key {other_key}: it does not belong to the certificate {cert}"),
        ),
        (&broken, &key, format!("cannot use the certificate {broken}: it is damaged")),
        (&cert, &encrypted, format!("cannot use the key {encrypted}: it is encrypted")),
        (&cert, &other_kind, format!("cannot use the key {other_kind}: it is none of RSA")),
        (&version_1, &version_1, format!("cannot use the certificate {version_1}: it is of version 1")),
    ] {
        let said = sentence(&[&address[..], &["--tls-cert", cert, "--tls-key", key]].concat());
        assert!(said.starts_with(&format!("instep: {says}")) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn expired_certificate_is_reported_at_start() {
    let folder = Folder::new("tls-expired");
    // Version 3, and valid for a day in 2026.
    let pair = folder.write("pair.pem", include_bytes!("../../instep-tokio/tests/data/lamp.test.pem"));
    let args = ["--app", "hello", "--addr", "https://127.0.0.1:0", "--tls-cert", &pair, "--tls-key", &pair];
    let server = serve(&args);
    server
        .wait_for_line(|line| line.contains("has expired: it was valid until 2026-11-22 07:34:52 UTC"), SOON);
}

#[test]
fn incompatible_tls_options_are_explained() {
    for (args, says) in [
        (&["--addr", "https://127.0.0.1:0"][..], "--tls-self-signed"),
        (&["--addr", "https://127.0.0.1:0", "--tls-cert", "a.pem"], "--tls-key go together"),
        (&["--addr", "https://127.0.0.1:0", "--tls-key", "a.pem", "--tls-self-signed"], "go together"),
        (&["--addr", "127.0.0.1:0", "--tls-self-signed"], "--addr https://127.0.0.1:8443"),
        (&["--addr", "127.0.0.1:0", "--tls-cert", "a.pem", "--tls-key", "b.pem"], "--addr https://"),
        (
            &[
                "--addr",
                "https://127.0.0.1:0",
                "--tls-self-signed",
                "--tls-cert",
                "/proc/no/a",
                "--tls-key",
                "/proc/no/b",
            ],
            "cannot write /proc/no/a: ",
        ),
    ] {
        let said = sentence(args);
        assert!(said.contains(says), "{args:?}: {said}");
    }
}
