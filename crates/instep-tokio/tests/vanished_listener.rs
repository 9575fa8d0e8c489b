//! A listener of `GET /events` that vanishes without a word: nothing it was sent is acknowledged, and nothing says that it
//! has gone. In a network namespace, which can be cut; where there may be none, this says so and tests nothing.

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
    /// What is told.
    Bench: "A bench", commands Asked {
        led => Led: switch { title: "Lamp" },
    }
}

static APP: App = App::new("bench", "for tests").thing(&Bench::THING);

/// In the namespace.
const INSIDE: &str = "INSTEP_TEST_NAMESPACE";

#[test]
fn a_listener_that_vanishes_is_missed() {
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
    let test = std::env::current_exe().expect("this test");
    let inside = namespace()
        .arg(test)
        .args(["a_listener_that_vanishes_is_missed", "--nocapture"])
        .env(INSIDE, "1")
        .status();
    assert!(inside.expect("it was there before").success());
}

fn miss_it() {
    link("up");
    let limits = Limits::LINUX.with_ping_every(500).with_pings_missed(2);
    let server = serve(&APP, limits, SocketLimits::default());
    let mut listener = TcpStream::connect(server.addr).expect("a connection");
    listener.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it asks");
    let mut text = String::new();
    while !text.contains("\"hash\"") {
        let mut bytes = [0; 512];
        let length = listener.read(&mut bytes).expect("an answer");
        assert!(length > 0, "{text}");
        text += &String::from_utf8_lossy(&bytes[..length]);
    }
    assert_eq!(server.device().clients(), 1);
    link("down");
    let cut = Instant::now();
    // Sooner than a comment would.
    Bench::new(server.device()).led(true);
    wait_until(SOON, || server.device().clients() != 1, || "nobody misses it");
    println!("missed after {:?}", cut.elapsed());
    assert!(cut.elapsed() >= Duration::from_millis(1_400), "it might have come back");
    // The server stops by itself: no connection has to be closed for that.
    link("up");
}

fn link(state: &str) {
    let status = Command::new("ip").args(["link", "set", "lo", state]).status();
    assert!(status.expect("ip").success());
}
