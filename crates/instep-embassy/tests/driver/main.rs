//! The driver for microcontrollers, between network stacks in this process, on a
//! clock that advances only when all tasks wait.

#[cfg(feature = "update")]
mod firmware;
mod one_task;
mod thing;
#[cfg(feature = "update")]
mod update;
mod wire;

use embassy_net::Stack;
use embassy_net::tcp::{State, TcpSocket};
use embassy_time::{Duration, Timer, with_timeout};
use instep::login::Password;
use instep::{Access, App, Asset, Device, Inbox, Limits, Message};
use instep_embassy::{ACCEPTING, Driver, LogInResources};
use std::future::Future;
use wire::{Cable, DEVICE, socket};

instep::topics! { const TOPICS = [LED]; }
/// More bytes than the buffers between a device
/// and a peer that does not read can hold.
const LONG: &str = match str::from_utf8(&[b'.'; 50_000]) {
    Ok(text) => text,
    Err(_) => panic!(),
};
static APP: App = App::new("lamp", "for tests")
    .page("/", Asset::html("<p>lamp</p>"))
    .page("/long", Asset::html(LONG))
    .endpoint("/ws")
    .topics(TOPICS);
static ACCESS: Access = Access::new("lamp");

const PAGE: &str = "GET / HTTP/1.1\r\nHost: lamp\r\n\r\n";
const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: lamp\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// `toggle`, masked with zeroes.
const TOGGLE: &[u8] = b"\x81\x86\0\0\0\0toggle";
const OFF: &str = "\u{1}0";
const ON: &str = "\u{1}1";

/// Declares a device's memory for a test.
macro_rules! resources {
    ($($interface:ident: $clients:expr),+) => {{
        instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), $($interface: $clients),+ } }
        static RESOURCES: Resources = Resources::new();
        &RESOURCES
    }};
}

use resources;

fn test(body: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, host_time::run(body));
}

/// Runs a lamp that `toggle` switches.
fn run_lamp(device: &'static Device, mut inbox: Inbox<'static>) {
    device.publish(LED, "0");
    tokio::task::spawn_local(host_time::run(async move {
        let mut on = false;
        loop {
            if let Message::Text { text: "toggle", .. } = inbox.recv().await {
                on = !on;
                device.publish(LED, if on { "1" } else { "0" });
            }
        }
    }));
}

fn drive(driver: &'static mut Driver) {
    tokio::task::spawn_local(host_time::run(driver.run()));
}

async fn connect(stack: Stack<'static>) -> TcpSocket<'static> {
    let mut socket = socket(stack);
    socket.connect((DEVICE, 80)).await.unwrap();
    socket
}

async fn send(socket: &mut TcpSocket<'static>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let written = socket.write(bytes).await.unwrap();
        bytes = &bytes[written..];
    }
}

/// Reads until the received text ends with `end`.
async fn read_until(socket: &mut TcpSocket<'static>, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut buffer = [0; 512];
        let read = with_timeout(Duration::from_secs(10), socket.read(&mut buffer)).await;
        match read {
            Ok(Ok(length)) if length > 0 => text += &String::from_utf8_lossy(&buffer[..length]),
            other => panic!("{other:?} instead of {end:?}, after {text:?}"),
        }
    }
    text
}

/// Connects to each listening socket of an idle
/// device, and so checks that none was lost.
async fn all_that_listen(stack: Stack<'static>) -> Vec<TcpSocket<'static>> {
    let mut sockets = Vec::new();
    for _ in 0..ACCEPTING {
        sockets.push(connect(stack).await);
    }
    assert!(sockets.iter().all(|socket| socket.state() == State::Established));
    sockets
}

/// Opens a connection with a request; returns it and the status of the answer.
async fn ask(stack: Stack<'static>, request: &str) -> (TcpSocket<'static>, String) {
    let mut socket = connect(stack).await;
    send(&mut socket, request.as_bytes()).await;
    let mut status = [0; 12];
    let mut length = 0;
    while length < status.len() {
        length += socket.read(&mut status[length..]).await.unwrap();
    }
    (socket, String::from_utf8_lossy(&status[9..]).into_owned())
}

/// Opens a WebSocket that has received the state.
async fn open(stack: Stack<'static>, state: &str) -> TcpSocket<'static> {
    let (mut socket, status) = ask(stack, UPGRADE).await;
    assert_eq!(status, "101");
    read_until(&mut socket, state).await;
    socket
}

#[test]
fn two_interfaces_are_two_shards_of_one_device() {
    test(async {
        let resources = resources!(station: 2, access_point: 1);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let (cables, mut peers) = ([Cable::default(), Cable::default()], Vec::new());
        let (device, peer) = cables[0].stacks();
        drive(resources.station.driver(server, device, 80));
        peers.push(peer);
        let (device, peer) = cables[1].stacks();
        drive(resources.access_point.driver(server, device, 80));
        peers.push(peer);

        let mut home = open(peers[0], OFF).await;
        let mut direct = open(peers[1], OFF).await;
        send(&mut direct, TOGGLE).await;
        read_until(&mut home, ON).await;
        read_until(&mut direct, ON).await;
        // Each has slots for its own clients, independent of the other.
        assert_eq!(ask(peers[1], UPGRADE).await.1, "503");
        let _third = open(peers[0], ON).await;
        assert_eq!(ask(peers[0], UPGRADE).await.1, "503");
        assert_eq!(server.device.clients(), 3);
        // A freed slot is free for its own interface.
        direct.abort();
        direct.flush().await.unwrap();
        Timer::after_millis(50).await;
        assert_eq!(ask(peers[0], UPGRADE).await.1, "503");
        open(peers[1], ON).await;
    });
}

#[test]
fn idle_refused_or_stalled_connection_is_evicted() {
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().stacks();
        drive(resources.network.driver(server, device, 80));

        // Served and idle, so each new connection is accepted at once.
        let mut kept = Vec::new();
        for _ in 0..3 * ACCEPTING {
            let (socket, status) = ask(peer, PAGE).await;
            assert_eq!(status, "200");
            kept.push(socket);
            // Until everything is acknowledged.
            Timer::after_millis(20).await;
        }
        drop(kept);
        // Refused and still sending: draining connections.
        let too_long = "POST / HTTP/1.1\r\nHost: lamp\r\nContent-Length: 100000\r\n\r\nand so on";
        let mut sending = Vec::new();
        for _ in 0..3 * ACCEPTING {
            let (socket, status) = ask(peer, too_long).await;
            assert_eq!(status, "413");
            sending.push(socket);
            Timer::after_millis(20).await;
        }
        drop(sending);
        // Silent connections are evicted after a moment.
        let mut silent = Vec::new();
        for _ in 0..ACCEPTING {
            silent.push(connect(peer).await);
        }
        Timer::after_millis(200).await;
        assert_eq!(ask(peer, PAGE).await.1, "200");
        drop(silent);
        // Peers that do not read their answers.
        let mut stalled = Vec::new();
        for _ in 0..ACCEPTING {
            stalled.push(ask(peer, &PAGE.replace("/ ", "/long ")).await.0);
        }
        Timer::after_secs(2).await;
        assert_eq!(ask(peer, PAGE).await.1, "200");
    });
}

/// Loads a page; returns whether the connection was refused.
async fn is_refused(peer: Stack<'static>) -> bool {
    let mut socket = socket(peer);
    if socket.connect((DEVICE, 80)).await.is_err() {
        return true;
    }
    send(&mut socket, PAGE.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).await;
    read_until(&mut socket, "<p>lamp</p>").await;
    socket.close();
    let _ = with_timeout(Duration::from_secs(1), socket.flush()).await;
    false
}

/// Loads three times as many pages at once as sockets listen, twice, the second
/// time before all sockets listen again. All other sockets belong to clients.
/// Returns the number of refused connections.
async fn refused_in_bursts(peer: Stack<'static>) -> usize {
    let clients = [open(peer, OFF).await, open(peer, OFF).await];
    let mut refused = 0;
    for _ in 0..2 {
        let pages = [(); 3 * ACCEPTING].map(|()| tokio::task::spawn_local(host_time::run(is_refused(peer))));
        for page in pages {
            refused += usize::from(page.await.unwrap());
        }
    }
    drop(clients);
    refused
}

#[test]
fn connections_beyond_listening_sockets_are_refused() {
    test(async {
        let resources = resources!(station: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().stacks();
        drive(resources.station.driver(server, device, 80));
        assert!(refused_in_bursts(peer).await > 0);
    });
}

#[test]
fn connections_behind_filter_wait_for_socket() {
    test(async {
        let resources = resources!(station: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().filtered_stacks(|end| resources.station.filter(end, 80));
        drive(resources.station.driver(server, device, 80));
        assert_eq!(refused_in_bursts(peer).await, 0);
    });
}

#[test]
fn vanished_peers_free_all_sockets() {
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let cable = Cable::default();
        let (device, peer) = cable.stacks();
        drive(resources.network.driver(server, device, 80));

        // While connecting, within a request, and with an open WebSocket.
        let _clients = [open(peer, OFF).await, open(peer, OFF).await];
        let mut half = connect(peer).await;
        send(&mut half, b"GET / HTTP/1.1\r\nHo").await;
        let mut beginning: Vec<_> = (0..4).map(|_| socket(peer)).collect();
        cable.cut_from_device(true);
        for socket in &mut beginning {
            // The peer connects, but the answer is lost.
            let attempt = socket.connect((DEVICE, 80));
            assert!(with_timeout(Duration::from_millis(10), attempt).await.is_err());
        }
        cable.cut_to_device(true);
        Timer::after_secs(60).await;
        assert_eq!(server.device.clients(), 0);
        for socket in beginning.iter_mut().chain([&mut half]) {
            socket.abort();
        }
        cable.cut_from_device(false);
        cable.cut_to_device(false);
        Timer::after_secs(2).await;
        let _sockets = all_that_listen(peer).await;
        Timer::after_millis(200).await;
        assert_eq!(ask(peer, PAGE).await.1, "200");
        let _clients = [open(peer, OFF).await, open(peer, OFF).await];
    });
}

#[test]
fn reset_right_after_connect_loses_no_socket() {
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let cable = Cable::default();
        let (device, peer) = cable.stacks();
        drive(resources.network.driver(server, device, 80));
        for _ in 0..3 * ACCEPTING {
            // Its frames are held back, so that the end of the handshake and the reset arrive together.
            let mut one = socket(peer);
            let attempt = with_timeout(Duration::from_millis(50), one.connect((DEVICE, 80)));
            assert!(attempt.await.is_ok_and(|connected| connected.is_ok()));
            one.abort();
            let _ = with_timeout(Duration::from_millis(1), one.flush()).await;
        }
        Timer::after_secs(2).await;
        drop(all_that_listen(peer).await);
        Timer::after_secs(2).await;
        assert_eq!(ask(peer, PAGE).await.1, "200");
    });
}

#[test]
fn head_may_arrive_in_pieces_up_to_its_limit() {
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().stacks();
        drive(resources.network.driver(server, device, 80));

        let head = |length: usize| {
            let start = "GET / HTTP/1.1\r\nHost: lamp\r\nX: ";
            format!("{start}{}\r\n\r\n", "a".repeat(length - start.len() - 4))
        };
        let limit = Limits::DEVICE.head.bytes;
        for (length, status) in [(limit, "200"), (limit + 1, "431")] {
            assert_eq!(ask(peer, &head(length)).await.1, status);
        }
        let mut socket = connect(peer).await;
        for piece in UPGRADE.as_bytes().chunks(7) {
            send(&mut socket, piece).await;
            Timer::after_millis(10).await;
        }
        // Frames right behind the head, more than a client's own buffer holds.
        read_until(&mut socket, OFF).await;
        let mut hasty = connect(peer).await;
        let mut bytes = UPGRADE.as_bytes().to_vec();
        (0..101).for_each(|_| bytes.extend(TOGGLE));
        send(&mut hasty, &bytes).await;
        Timer::after_secs(1).await;
        read_until(&mut socket, ON).await;
        read_until(&mut hasty, ON).await;
    });
}

#[test]
fn password_opens_session_and_check_delays_no_client() {
    static LOG_IN: LogInResources = LogInResources::new();
    test(async {
        let resources = resources!(network: 2);
        let (server, inbox) = resources.start(&APP, &ACCESS);
        let password = Password::new(b"open sesame", [7; 16], 1000).unwrap();
        let server = server.with_log_in(LOG_IN.start(password, |bytes| bytes.fill(42)));
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().stacks();
        drive(resources.network.driver(server, device, 80));

        assert_eq!(ask(peer, PAGE).await.1, "401");
        assert_eq!(ask(peer, UPGRADE).await.1, "401");
        let form = |password: &str| {
            let body = format!("password={password}");
            format!("POST /login HTTP/1.1\r\nHost: lamp\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        let mut waiting = connect(peer).await;
        send(&mut waiting, form("open+sesame").as_bytes()).await;
        Timer::after_secs(1).await;
        assert!(!waiting.can_recv(), "answered before the check");
        assert_eq!(ask(peer, &PAGE.replace("/ ", "/healthz ")).await.1, "200");

        tokio::task::spawn_local(host_time::run(async move { server.check_passwords().await }));
        let answer = read_until(&mut waiting, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let cookie = answer.lines().find_map(|line| line.strip_prefix("Set-Cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap();
        assert!(cookie.starts_with("instep_80="), "{cookie}");
        assert_eq!(ask(peer, &form("sesame")).await.1, "401");

        let with_cookie = |request: &str| request.replace("Host", &format!("Cookie: {cookie}\r\nHost"));
        assert_eq!(ask(peer, &with_cookie(PAGE)).await.1, "200");
        let (mut client, status) = ask(peer, &with_cookie(UPGRADE)).await;
        assert_eq!(status, "101");
        send(&mut client, TOGGLE).await;
        read_until(&mut client, ON).await;
    });
}
