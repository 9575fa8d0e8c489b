//! A viewer that reads nothing while the values of its device change.
//!
//! This file has one test, because it looks at the memory of the process.

mod served;

use instep::Limits;
use instep_gateway::{Fleet, FleetLimits, Gateway, GatewayLimits};
use instep_mqtt::Heard;
use instep_tokio::devices::Devices as _;
use served::{Idle, Served, announce, id};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use test_support::{SOON, WebSocket, resident_here, wait_until};

/// Number of properties, whose frames are as long as this.
const PROPERTIES: usize = 4;
const FRAME: usize = 8 << 10;
/// Time after which a viewer that takes nothing is dropped, in ms.
const STALL: u64 = 1_000;
/// Rounds of changes after which all memory in use was touched.
const WARM: usize = 64;
/// Stands for the last round if the test has failed.
const FAILED: usize = 0;
/// Allowed growth of the memory, in bytes: noise of the allocator and of the test's own threads.
const GROWTH: usize = 8 << 20;

/// Serves a device.
fn serve() -> Served {
    let limits = Limits::LINUX.with_write_stall(STALL);
    let served = Idle::new(FleetLimits::default(), GatewayLimits::default(), limits).start();
    let sensors = (0..PROPERTIES).map(|number| {
        format!(r#""p{number}":{{"title":"P","instep:kind":"sensor","instep:order":{number}}}"#)
    });
    let text = format!(r#"{{"title":"Lamp","properties":{{{}}}}}"#, sensors.collect::<Vec<_>>().join(","));
    announce(&served.fleet, "lamp", &text);
    served
}

/// Lets the viewers end when the test fails.
struct Guard<'l>(&'l AtomicUsize);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(FAILED, Ordering::Release);
        }
    }
}

/// Changes all properties.
fn change(fleet: &Fleet, round: usize) {
    for number in 0..PROPERTIES {
        let name = format!("p{number}");
        let frame = format!("{{\"label\":\"{name}\",\"value\":\"{round:08}{}\"}}", "x".repeat(FRAME));
        fleet.hear(Heard::Value { id: id("lamp"), name: &name, frame: frame.as_bytes() });
    }
}

/// Reads until all properties have had their value of the last round, and stores in `seen` the round that all have had.
fn watch(viewer: &mut WebSocket, last: &AtomicUsize, seen: &AtomicUsize) {
    let mut rounds = [0; PROPERTIES];
    while rounds.iter().any(|round| *round != last.load(Ordering::Acquire)) {
        let text = viewer.read_text();
        if last.load(Ordering::Acquire) == FAILED {
            return;
        }
        let Some(rest) = text.strip_prefix("{\"label\":\"p") else { continue };
        let number: usize = rest[..1].parse().expect("no number");
        let value = &rest[rest.find(":\"").expect("no value") + 2..];
        let round: usize = value[..8].parse().expect("no round");
        assert!(round >= rounds[number], "{round} after {}", rounds[number]);
        rounds[number] = round;
        seen.store(rounds.into_iter().min().unwrap_or(0), Ordering::Release);
    }
}

/// Returns the number of viewers.
fn viewers_of(gateway: &Gateway) -> usize {
    let mut viewers = 0;
    gateway.each(&mut |device| viewers += device.clients());
    viewers
}

/// Opens a WebSocket with the kernel's smallest receive buffer.
fn narrow(addr: SocketAddr) -> WebSocket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("no socket");
    // Before connecting, because the handshake announces the window.
    socket.set_recv_buffer_size(1).expect("cannot set the buffer's size");
    socket.connect(&addr.into()).expect("cannot connect");
    WebSocket::upgrade(socket.into(), "/lamp/ws", &[]).expect("the upgrade was refused")
}

#[test]
fn viewer_that_reads_nothing_is_dropped_and_nobody_else_notices() {
    let served = serve();
    let (addr, fleet, gateway) = (served.addr, &*served.fleet, served.gateway);
    change(fleet, 1);
    // Connections are given to the two shards in turn, so one of the others has the slow one's shard.
    let slow = narrow(addr);
    let mut viewers = [(); 3].map(|()| WebSocket::connect(addr, "/lamp/ws"));
    let (last, seen) = (AtomicUsize::new(usize::MAX), [const { AtomicUsize::new(0) }; 3]);
    let (mut before, mut most, mut slowest) = (0, 0, Duration::ZERO);
    let begun = Instant::now();
    let mut round = 1;
    std::thread::scope(|scope| {
        let _guard = Guard(&last);
        for (viewer, seen) in viewers.iter_mut().zip(&seen) {
            scope.spawn(|| watch(viewer, &last, seen));
        }
        let is_seen = |round| seen.iter().all(|seen| seen.load(Ordering::Acquire) >= round);
        let mut is_dropped = false;
        while !is_dropped {
            round += 1;
            change(fleet, round);
            let changed = Instant::now();
            wait_until(SOON, || is_seen(round), || format!("a viewer is stuck: {seen:?} of {round}"));
            slowest = slowest.max(changed.elapsed());
            if round == WARM {
                before = resident_here();
            }
            if round.is_multiple_of(16) {
                is_dropped = viewers_of(gateway) == 3;
                most = most.max(resident_here());
            }
            assert!(begun.elapsed() < 2 * SOON, "the slow viewer is not dropped");
        }
        last.store(round + 1, Ordering::Release);
        change(fleet, round + 1);
    });
    assert!(begun.elapsed() >= Duration::from_millis(STALL), "it was dropped after {:?}", begun.elapsed());
    assert!(round > WARM, "only {round} rounds");
    let growth = most.saturating_sub(before);
    assert!(growth < GROWTH, "{growth} bytes more memory");
    println!("dropped after {round} changes of each property; {} KiB more memory, {slowest:?}", growth >> 10);
    drop(slow);
}
