//! `https` and `wss`: where the certificate comes from, and what is said when it cannot be had.

mod served;

use served::{INSTEP, get, last_answer, serve};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use test_support::{Http, Response, SOON, Server, Stream, Tls, WebSocket};

/// An empty folder for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a name in UTF-8").into()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let file = self.file(name);
        fs::write(&file, text).expect("a file is written");
        file
    }

    fn certificate(&self) -> String {
        fs::read_to_string(self.file("certificate.pem")).expect("a certificate")
    }

    /// A server with a certificate of its own, kept here.
    #[track_caller]
    fn serve(&self, args: &[&str]) -> Server {
        let files = ["--tls-cert", &self.file("certificate.pem"), "--tls-key", &self.file("key.pem")];
        let address = ["--addr", "https://127.0.0.1:0", "--name", "lamp", "--tls-self-signed"];
        serve(&[args, &address, &files].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn get_over(stream: Stream, path: &str) -> Response {
    let mut https = Http::from(stream);
    https.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    https.read()
}

/// The fingerprint that the server tells.
fn fingerprint(server: &Server) -> String {
    let wanted = "The certificate's SHA-256 fingerprint: ";
    let line = server.wait_for_line(|line| line.starts_with(wanted), SOON);
    line[wanted.len()..].to_owned()
}

/// What a command says that is called in a wrong way: one sentence, and status 2.
#[track_caller]
fn sentence(args: &[&str]) -> String {
    let output = Command::new(INSTEP).arg("serve").args(args).stdin(Stdio::null()).output();
    let output = output.expect("the command runs");
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {error}");
    assert!(error.starts_with("instep: ") && error.lines().count() == 1, "{error}");
    error
}

#[test]
fn page_and_websocket_by_every_name_over_tls() {
    let folder = Folder::new("names");
    let mut server = folder.serve(&["--app", "led-plain", "--allow-host", "other.test"]);
    let tls = Tls::trusting(folder.certificate());
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
    let mut client = WebSocket::over(tls.connect(server.addr()), "/ws", &headers).expect("an upgrade");
    assert_eq!(client.read_text(), "0");
    client.send_text("toggle");
    assert_eq!(client.read_text(), "1");
    // The server tells both layers of its end.
    server.terminate();
    client.expect_close(1001);
    drop(client);
    assert!(server.wait_for_exit(SOON).success());
}

#[test]
fn tls_is_chosen_for_each_address() {
    let folder = Folder::new("each");
    let server = folder.serve(&["--app", "led-plain", "--addr", "127.0.0.1:0"]);
    let [plain, secure] = server.addrs() else { panic!("{:?}", server.addrs()) };
    let mut one = WebSocket::connect(*plain, "/ws");
    let tls = Tls::trusting(folder.certificate());
    let mut other = WebSocket::over(tls.connect(*secure), "/ws", &[]).expect("an upgrade");
    assert_eq!((one.read_text(), other.read_text()), ("0".into(), "0".into()));
    one.send_text("toggle");
    assert_eq!((one.read_text(), other.read_text()), ("1".into(), "1".into()));
    // Who takes one for the other is told so.
    let answer = last_answer(*secure, format!("GET / HTTP/1.1\r\nHost: {secure}\r\n\r\n"));
    assert_eq!(
        (answer.status, answer.text()),
        (400, &*format!("Only HTTPS is spoken here: open https://{secure}/ instead.\n"))
    );
}

#[test]
fn what_is_no_http_on_a_plain_port_is_answered_and_closed() {
    let server = serve(&["--app", "hello"]);
    // The beginning of a client's TLS: a record with a message of the handshake.
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
fn a_self_signed_certificate_is_kept_and_only_its_user_reads_the_key() {
    let folder = Folder::new("kept");
    let mut server = folder.serve(&["--app", "hello"]);
    let before = fingerprint(&server);
    let mode = |name| fs::metadata(folder.file(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode("key.pem"), 0o600);
    let (certificate, kept) = (
        folder.certificate(),
        format!("Generated a certificate and stored it in {}", folder.file("certificate.pem")),
    );
    assert!(server.lines().contains(&kept), "{:?}", server.lines());
    assert_eq!(before.len(), 32 * 3 - 1, "{before}");

    // Whatever became of its mode meanwhile.
    fs::set_permissions(folder.file("key.pem"), fs::Permissions::from_mode(0o644)).expect("a mode");
    server.restart();
    assert_eq!((mode("key.pem"), fingerprint(&server), folder.certificate()), (0o600, before, certificate));
    assert!(!server.lines().contains(&kept));
}

#[test]
fn a_self_signed_certificate_is_made_anew_when_it_is_not_right_any_more() {
    let folder = Folder::new("renewed");
    let first = fingerprint(&folder.serve(&["--app", "hello"]));
    // Another name.
    let server = folder.serve(&["--app", "hello", "--allow-host", "new.test"]);
    let second = fingerprint(&server);
    assert_ne!(first, second);
    let tls = Tls::trusting(folder.certificate()).name("new.test");
    assert_eq!(get_over(tls.connect(server.addr()), "/").status, 200);
    drop(server);
    // Without it again.
    let third = fingerprint(&folder.serve(&["--app", "hello"]));
    assert!(third != second && third != first);
    // Its time is over.
    let key = fs::read_to_string(folder.file("key.pem")).expect("a key");
    let (before, times) = key.split_once(" valid from ").expect("times");
    let (_, rest) = times.split_once('\n').expect("more lines");
    folder.write("key.pem", format!("{before} valid from 1000000000 to 1034300800\n{rest}"));
    let fourth = fingerprint(&folder.serve(&["--app", "hello"]));
    assert_ne!(third, fourth);
    // Half of it is lost.
    fs::remove_file(folder.file("certificate.pem")).expect("it is removed");
    assert_ne!(fourth, fingerprint(&folder.serve(&["--app", "hello"])));
}

#[test]
fn it_is_kept_in_a_folder_for_what_programs_remember() {
    let folder = Folder::new("usual");
    let mut process = Command::new(INSTEP)
        .args(["serve", "--app", "hello", "--addr", "https://127.0.0.1:0", "--tls-self-signed"])
        .env_remove("STATE_DIRECTORY")
        .env("XDG_STATE_HOME", &folder.0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("Generated "));
    process.kill().expect("it is killed");
    process.wait().expect("it ends");
    assert_eq!(
        line,
        Some(format!("Generated a certificate and stored it in {}", folder.file("instep/certificate-0.pem")))
    );
    let mode = |name| fs::metadata(folder.file(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode("instep"), mode("instep/key-0.pem")), (0o700, 0o600));
}

#[test]
fn files_of_ones_own_are_used_and_never_overwritten() {
    let folder = Folder::new("own");
    let made = |name: &str| rcgen::generate_simple_self_signed(vec![name.into()]).expect("a certificate");
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
    assert_eq!(folder.certificate(), one.cert.pem());

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
fn a_certificate_that_has_expired_is_told_of_at_the_start() {
    let folder = Folder::new("expired");
    // Of version 3, and valid for a day in 2026.
    let pair = folder.write("pair.pem", include_bytes!("../../instep-tokio/tests/data/lamp.test.pem"));
    let args = ["--app", "hello", "--addr", "https://127.0.0.1:0", "--tls-cert", &pair, "--tls-key", &pair];
    let server = serve(&args);
    server
        .wait_for_line(|line| line.contains("has expired: it was valid until 2026-11-22 07:34:52 UTC"), SOON);
}

#[test]
fn options_that_do_not_go_together_are_explained() {
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
