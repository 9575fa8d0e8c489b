//! A server process without free descriptors.
//!
//! It does not spin, serves its clients, answers new ones with an error, and accepts again as soon as it can.

mod served;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use served::{get, request, serve};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};
use test_support::{Http, SOON, Server, WebSocket};

/// Duration of the shortage, at least.
const SHORTAGE: Duration = Duration::from_secs(2);
/// Number of new connections that are refused meanwhile, at least.
const REFUSED: u32 = 5;
/// Share of the processor that the server may use meanwhile.
///
/// A busy loop would use all of it.
const BUSY: f64 = 0.3;
/// Clock ticks of `/proc` a second, on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Sets the server's limit of open files; returns the old one.
fn limit_descriptors(server: &Server, current: Option<u64>) -> Rlimit {
    let pid = Pid::from_raw(server.pid().try_into().expect("no process")).expect("no process");
    let old = prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(1024), maximum: Some(1024) });
    let old = old.expect("cannot read the limit");
    prlimit(Some(pid), Resource::Nofile, Rlimit { current, maximum: Some(1024) })
        .expect("cannot set the limit");
    old
}

/// Returns the first free descriptor number.
///
/// As a limit, it allows no further descriptor.
fn descriptors(server: &Server) -> u64 {
    let used = |number: &u64| fs::symlink_metadata(format!("/proc/{}/fd/{number}", server.pid())).is_ok();
    (0..).find(|number| !used(number)).expect("a descriptor that is not used")
}

/// Returns the processor time that the server has used.
fn busy(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("cannot read the times");
    let (_, fields) = stat.rsplit_once(')').expect("no name in parentheses");
    // The 14th and 15th field. Two were cut off.
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().expect("not a number of ticks"));
    Duration::from_millis(ticks.sum::<u64>() * 1000 / TICKS_PER_SECOND)
}

#[test]
fn server_without_descriptors_serves_and_recovers() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    limit_descriptors(&server, Some(descriptors(&server)));

    let (before, busy_before, mut toggles) = (Instant::now(), busy(&server), 0);
    // They wait in the kernel's accept queue, and some of them send nothing.
    let mut silent: Vec<_> = (0..10).map(|_| Http::connect(server.addr())).collect();
    let mut refused = 0;
    while before.elapsed() < SHORTAGE || refused < REFUSED {
        let mut other = Http::connect(server.addr());
        other.send(request("/", &[]));
        match other.read().status {
            503 => refused += 1,
            status => panic!("{status}"),
        }
        client.send_text("toggle");
        toggles += 1;
        assert_eq!(client.read_text(), if toggles % 2 == 1 { "1" } else { "0" });
        thread::sleep(Duration::from_millis(50));
    }
    let took = busy(&server) - busy_before;
    let elapsed = before.elapsed();
    assert!(took < elapsed.mul_f64(BUSY), "{took:?} of processor time in {elapsed:?}");
    for other in &mut silent {
        assert!(other.read_to_end(SOON).starts_with(b"HTTP/1.1 503 "));
    }
    let complains = |line: &str| line.contains("accept failed");
    server.wait_for_line(complains, SOON);
    let complaints = server.lines().iter().filter(|line| complains(line)).count();
    let elapsed = before.elapsed().as_secs();
    assert!((1..=elapsed + 1).contains(&(complaints as u64)), "{complaints} complaints in {elapsed} s");

    limit_descriptors(&server, Some(1024));
    assert_eq!(get(server.addr(), "/").status, 200);
    let mut another = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(another.read_text(), if toggles % 2 == 1 { "1" } else { "0" });
    println!("{took:?} of processor time, {refused} refused, {toggles} toggles, {complaints} complaints");
}
