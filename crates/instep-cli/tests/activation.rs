//! Socket activation by a service manager, and notifications to it.

mod served;

use served::{INSTEP, get};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use test_support::{SOON, Server};

/// Starts the command as systemd does.
///
/// It has the socket as descriptor 3, and its own process id in LISTEN_PID.
const ACTIVATE: &str =
    "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; exec \"$@\"";

fn activate(socket: OwnedFd, args: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", ACTIVATE, "sh", INSTEP, "serve", "--app", "hello"]).args(args);
    command.stdin(Stdio::from(socket)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("NOTIFY_SOCKET").current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns all lines up to the one with the address.
fn opened(running: &mut Running) -> Vec<String> {
    let stdout = running.0.stdout.take().expect("no pipe");
    let mut lines = Vec::new();
    for line in BufReader::new(stdout).lines() {
        lines.push(line.expect("no line"));
        if lines.last().is_some_and(|line| line.starts_with("Open ")) {
            break;
        }
    }
    lines
}

#[test]
fn inherited_listening_socket_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("cannot create a socket");
    let addr = listener.local_addr().expect("no address");
    let mut running = Running(activate(listener.into(), &[]).spawn().expect("cannot start the command"));
    let lines = opened(&mut running);
    assert_eq!(
        lines.last(),
        Some(&format!("Open http://{addr}/")),
        "the server does not listen at the inherited socket alone"
    );
    assert_eq!(get(addr, "/healthz").status, 200);
}

#[test]
fn inherited_socket_named_by_option_follows_option() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("cannot create a socket");
    let addr = listener.local_addr().expect("no address");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [certificate, key] = ["certificate", "key"].map(|name| folder.join(format!("activation-{name}.pem")));
    let (certificate, key) =
        (certificate.to_str().expect("the path is not UTF-8"), key.to_str().expect("the path is not UTF-8"));
    let secure = format!("https://{addr}");
    let args = ["--tls-self-signed", "--tls-cert", certificate, "--tls-key", key, "--addr", &secure];
    let mut running = Running(activate(listener.into(), &args).spawn().expect("cannot start the command"));
    assert_eq!(opened(&mut running).last(), Some(&format!("Open https://{addr}/")));
}

#[test]
fn inherited_public_socket_needs_password_or_open() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("cannot create a socket");
    let port = listener.local_addr().expect("no address").port();
    let refused = activate(listener.into(), &[]).output().expect("cannot run the command");
    let error = String::from_utf8(refused.stderr).expect("not UTF-8");
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains(&format!("cannot serve 0.0.0.0:{port}: other machines can reach it")), "{error}");
}

#[test]
fn inherited_descriptor_without_listener_is_error() {
    let connection = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("cannot create a socket");
        std::net::TcpStream::connect(listener.local_addr().expect("no address")).expect("cannot connect")
    };
    let file = std::fs::File::open("/dev/null").expect("cannot open the file");
    let (unix, _other) = std::os::unix::net::UnixStream::pair().expect("cannot create sockets");
    for descriptor in [OwnedFd::from(connection), file.into(), unix.into()] {
        let refused = activate(descriptor, &[]).output().expect("cannot run the command");
        let error = String::from_utf8(refused.stderr).expect("not UTF-8");
        assert_eq!(refused.status.code(), Some(1), "{error}");
        assert!(error.contains("ListenStream=") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn service_manager_is_notified_of_ready_and_stopping() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("notify-{}", std::process::id()));
    let socket = UnixDatagram::bind(&path).expect("cannot create a socket");
    socket.set_read_timeout(Some(SOON)).expect("cannot set the timeout");
    let notification = || {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).expect("no notification");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let server = Server::with(&["--app", "hello"])
        .binary(INSTEP)
        .variable("NOTIFY_SOCKET", path.to_str().expect("the path is not UTF-8"))
        .start();
    assert_eq!(notification(), "READY=1\n");
    let addr: SocketAddr = server.addr();
    assert_eq!(get(addr, "/healthz").status, 200);
    server.stop();
    assert_eq!(notification(), "STOPPING=1\n");
    let _ = std::fs::remove_file(&path);
}

#[test]
fn sockets_of_other_process_are_ignored() {
    let mut command = Command::new(INSTEP);
    command.args(["serve", "--app", "hello", "--addr", "127.0.0.1:0"]);
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = Running(command.spawn().expect("cannot start the command"));
    assert!(opened(&mut running).last().is_some_and(|line| line.starts_with("Open http://127.0.0.1:")));
}
