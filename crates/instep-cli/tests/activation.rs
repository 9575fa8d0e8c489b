//! Started by a service manager: sockets that listen already, and who is told that the server is ready.

mod served;

use served::{INSTEP, get};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use test_support::{SOON, Server};

/// As systemd does: the socket is descriptor 3, and the process is told its own number.
const ACTIVATE: &str =
    "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; exec \"$@\"";

fn activate(socket: OwnedFd, args: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", ACTIVATE, "sh", INSTEP, "serve", "--app", "hello"]).args(args);
    command.stdin(Stdio::from(socket)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("NOTIFY_SOCKET").current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All lines until the one that says where to find it.
fn opened(running: &mut Running) -> Vec<String> {
    let stdout = running.0.stdout.take().expect("a pipe");
    let mut lines = Vec::new();
    for line in BufReader::new(stdout).lines() {
        lines.push(line.expect("a line"));
        if lines.last().is_some_and(|line| line.starts_with("Open ")) {
            break;
        }
    }
    lines
}

#[test]
fn a_socket_that_listens_already_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let addr = listener.local_addr().expect("an address");
    let mut running = Running(activate(listener.into(), &[]).spawn().expect("it starts"));
    let lines = opened(&mut running);
    assert_eq!(lines.last(), Some(&format!("Open http://{addr}/")), "and nowhere else");
    assert_eq!(get(addr, "/healthz").status, 200);
}

#[test]
fn a_socket_that_an_option_names_is_served_as_the_option_says() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let addr = listener.local_addr().expect("an address");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [certificate, key] = ["certificate", "key"].map(|name| folder.join(format!("activation-{name}.pem")));
    let (certificate, key) = (certificate.to_str().expect("a name"), key.to_str().expect("a name"));
    let secure = format!("https://{addr}");
    let args = ["--tls-self-signed", "--tls-cert", certificate, "--tls-key", key, "--addr", &secure];
    let mut running = Running(activate(listener.into(), &args).spawn().expect("it starts"));
    assert_eq!(opened(&mut running).last(), Some(&format!("Open https://{addr}/")));
}

#[test]
fn what_others_can_reach_needs_a_password_or_open_here_too() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    let refused = activate(listener.into(), &[]).output().expect("it runs");
    let error = String::from_utf8(refused.stderr).expect("text");
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains(&format!("cannot serve 0.0.0.0:{port}: other machines can reach it")), "{error}");
}

#[test]
fn what_is_no_listening_socket_is_told_in_a_sentence() {
    let connection = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
        std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection")
    };
    let file = std::fs::File::open("/dev/null").expect("a file");
    let (unix, _other) = std::os::unix::net::UnixStream::pair().expect("sockets");
    for descriptor in [OwnedFd::from(connection), file.into(), unix.into()] {
        let refused = activate(descriptor, &[]).output().expect("it runs");
        let error = String::from_utf8(refused.stderr).expect("text");
        assert_eq!(refused.status.code(), Some(1), "{error}");
        assert!(error.contains("ListenStream=") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_service_manager_is_told_when_clients_can_connect_and_when_it_ends() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("notify-{}", std::process::id()));
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(SOON)).expect("a timeout");
    let told = || {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).expect("it is told");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let server = Server::with(&["--app", "hello"])
        .binary(INSTEP)
        .variable("NOTIFY_SOCKET", path.to_str().expect("a name"))
        .start();
    assert_eq!(told(), "READY=1\n");
    let addr: SocketAddr = server.addr();
    assert_eq!(get(addr, "/healthz").status, 200);
    server.stop();
    assert_eq!(told(), "STOPPING=1\n");
    let _ = std::fs::remove_file(&path);
}

#[test]
fn sockets_of_another_process_are_left_alone() {
    let mut command = Command::new(INSTEP);
    command.args(["serve", "--app", "hello", "--addr", "127.0.0.1:0"]);
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = Running(command.spawn().expect("it starts"));
    assert!(opened(&mut running).last().is_some_and(|line| line.starts_with("Open http://127.0.0.1:")));
}
