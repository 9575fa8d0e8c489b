//! A listener of `GET /events` that vanishes silently: it
//! acknowledges nothing and sends no FIN. The test cuts the link
//! in a network namespace, and is skipped where none can be made.

mod in_process;

use in_process::serve;
use instep::{App, Limits};
use instep_tokio::SocketLimits;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use test_support::{SOON, wait_until};

instep::thing! {
    /// A bench for tests.
    Bench: "A bench", commands Asked {
        led => Led: switch { title: "Lamp" },
    }
}

static APP: App = App::new("bench", "for tests").thing(&Bench::THING);

/// Variable that is set in the namespace.
const INSIDE: &str = "INSTEP_TEST_NAMESPACE";

#[test]
fn vanished_listener_is_dropped() {
    if std::env::var_os(INSIDE).is_some() {
        return miss_it();
    }
    let namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net"]);
        command
    };
    if !namespace().args(["ip", "link", "set", "lo", "up"]).status().is_ok_and(|status| status.success()) {
        println!("There is no network namespace to be had: passed over.");
        return;
    }
    let test = std::env::current_exe().expect("cannot find this test program");
    let inside =
        namespace().arg(test).args(["vanished_listener_is_dropped", "--nocapture"]).env(INSIDE, "1").status();
    assert!(inside.expect("the test program is gone").success());
}

fn miss_it() {
    link("up");
    let limits = Limits::LINUX.with_ping_every(500).with_pings_missed(2);
    let server = serve(&APP, limits, SocketLimits::default());
    let mut listener = TcpStream::connect(server.addr).expect("cannot connect");
    listener.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("cannot send the request");
    let mut text = String::new();
    while !text.contains("\"hash\"") {
        let mut bytes = [0; 512];
        let length = listener.read(&mut bytes).expect("no answer");
        assert!(length > 0, "{text}");
        text += &String::from_utf8_lossy(&bytes[..length]);
    }
    assert_eq!(server.device().clients(), 1);
    link("down");
    let cut = Instant::now();
    // Sooner than a comment would be sent.
    Bench::new(server.device()).led(true);
    wait_until(SOON, || server.device().clients() != 1, || "the listener was not dropped");
    println!("missed after {:?}", cut.elapsed());
    assert!(cut.elapsed() >= Duration::from_millis(1_400), "dropped too early");
    // The server stops by itself, so no connection has to be closed first.
    link("up");
}

fn link(state: &str) {
    let status = Command::new("ip").args(["link", "set", "lo", state]).status();
    assert!(status.expect("cannot run ip").success());
}
