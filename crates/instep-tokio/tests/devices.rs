//! Several devices behind one server, each below a path of its own, over sockets.

mod in_process;

use in_process::runtime;
use instep::driver::{Absence, Buffer, Feed};
use instep::thing::{Interaction, Kind, Thing};
use instep::{Access, App, Asset, Device, Limits};
use instep_tokio::devices::{Devices, Found, ShownDevice, allocate};
use instep_tokio::{Server, SocketLimits};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::{Http, WebSocket, wait_until};
use tokio::sync::oneshot;

const SWITCH: Interaction = Interaction::new("led", "LED", Kind::Switch);
static THING: Thing = Thing::new("A device", &[SWITCH]);
static APP: App =
    App::new("device", "For tests").page("/", Asset::html("a device")).thing_elsewhere(&THING, false);
static ROOT: App = App::new("gateway", "All").page("/", Asset::html("all devices"));
static ACCESS: Access = Access::new("");

#[derive(Debug)]
struct Shown {
    id: &'static str,
    device: &'static Device,
    feeds: Mutex<Vec<Feed<'static>>>,
    is_over: AtomicBool,
}

impl ShownDevice for Shown {
    fn app(&self) -> &'static App {
        &APP
    }

    fn device(&self) -> &'static Device {
        self.device
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    fn take_feed(&self) -> Option<Feed<'static>> {
        self.feeds.lock().unwrap().pop()
    }

    fn return_feed(&self, mut feed: Feed<'static>) {
        feed.clear();
        self.feeds.lock().unwrap().push(feed);
    }
}

#[derive(Debug, Default)]
struct Two(Mutex<Vec<Arc<Shown>>>);

impl Devices for Two {
    fn find(&self, path: &str) -> Found {
        let id = path[1..].split('/').next().unwrap_or_default();
        let shown = self.0.lock().unwrap();
        match shown.iter().find(|shown| shown.id == id) {
            Some(shown) => Found::Device { length: 1 + id.len(), device: shown.clone() },
            None if id.is_empty() => Found::Server,
            None => Found::Absent(Absence::Unknown),
        }
    }

    fn each(&self, with: &mut dyn FnMut(&Device)) {
        self.0.lock().unwrap().iter().for_each(|shown| with(shown.device));
    }
}

struct Running {
    addr: SocketAddr,
    devices: &'static Two,
    server: Server,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

const LIMITS: Limits = Limits::LINUX.with_clients(20);

fn shown(id: &'static str) -> Arc<Shown> {
    let (device, feeds) = allocate(THING.property_count() + 1, &LIMITS, 2);
    Arc::new(Shown { id, device, feeds: Mutex::new(feeds), is_over: AtomicBool::new(false) })
}

fn serve() -> Running {
    let devices = Box::leak(Box::new(Two(Mutex::new(vec![shown("lamp"), shown("fan")]))));
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
    let addr = listener.local_addr().expect("no address");
    let server = Server::new(&ROOT, &ACCESS, LIMITS, SocketLimits::default(), 2).with_devices(devices);
    let (stop, stopped) = oneshot::channel();
    let run = move || {
        let stopped = async {
            let _ = stopped.await;
        };
        runtime().block_on(server.serve(vec![listener], stopped)).expect("the server failed");
    };
    let thread = Some(std::thread::spawn(run));
    Running { addr, devices, server, stop: Some(stop), thread }
}

impl Running {
    fn shown(&self, index: usize) -> Arc<Shown> {
        self.devices.0.lock().unwrap()[index].clone()
    }

    fn publish(&self, index: usize, value: bool) {
        let frame = format!("{{\"label\":\"led\",\"value\":{value}}}");
        self.shown(index).device.publish(THING.topic_of("led").unwrap(), frame);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            assert!(ended.is_some_and(|ended| ended.is_ok()), "the server panicked");
        }
    }
}

fn read_until(socket: &mut WebSocket, wanted: &str) {
    socket.read_text_until(|text| text == wanted);
}

/// Reads up to a close frame, which has that code.
fn expect_close(socket: &mut WebSocket, code: u16) {
    loop {
        let frame = socket.read_frame(Duration::from_secs(5));
        if frame.opcode == 8 {
            return assert_eq!(frame.close_code(), code);
        }
    }
}

fn led(value: bool) -> String {
    format!("{{\"label\":\"led\",\"value\":{value}}}")
}

fn get(http: &mut Http, path: &str) -> String {
    http.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    http.read().text().to_owned()
}

#[test]
fn one_connection_asks_one_device_after_the_other() {
    let running = serve();
    running.publish(0, true);
    let mut http = Http::connect(running.addr);
    for (path, expected) in [
        ("/", "all devices"),
        ("/lamp/properties/led", "true"),
        ("/fan/properties/led", "null"),
        ("/fan/", "a device"),
        ("/lamp/properties", "{\"led\":true}"),
        ("/", "all devices"),
    ] {
        assert_eq!(get(&mut http, path), expected, "{path}");
    }
    http.send("GET /lamp/firmware HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = http.read();
    assert!(answer.status == 404 && answer.text().contains("to the device itself"), "{answer:?}");
}

#[test]
fn sockets_follow_their_own_device_only() {
    let running = serve();
    let mut lamps: Vec<_> = (0..6).map(|_| WebSocket::connect(running.addr, "/lamp/ws")).collect();
    let mut fan = WebSocket::connect(running.addr, "/fan/ws");
    for value in [true, false, true] {
        running.publish(0, value);
        for lamp in &mut lamps {
            read_until(lamp, &led(value));
        }
    }
    running.publish(1, false);
    // The first value is that of the fan itself.
    assert_eq!(fan.read_text_until(|text| text.contains("led")), led(false));
}

#[test]
fn device_that_is_over_closes_its_clients_and_another_takes_its_path() {
    let running = serve();
    running.publish(0, true);
    let old = running.shown(0);
    let mut http = Http::connect(running.addr);
    assert_eq!(get(&mut http, "/lamp/properties/led"), "true");
    let mut lamp = WebSocket::connect(running.addr, "/lamp/ws");
    let mut fan = WebSocket::connect(running.addr, "/fan/ws");
    running.devices.0.lock().unwrap()[0] = shown("lamp");
    old.is_over.store(true, Ordering::Release);
    old.device.wake_drivers();
    expect_close(&mut lamp, 1001);
    drop(lamp);
    // The kept-alive connection goes on at the new device, and nothing holds the old one any more.
    assert_eq!(get(&mut http, "/lamp/properties/led"), "null");
    wait_until(Duration::from_secs(5), || Arc::strong_count(&old) == 1, || "the old device is held");
    assert_eq!(old.feeds.lock().unwrap().len(), 2);
    running.publish(1, true);
    read_until(&mut fan, &led(true));
}

/// The answer of the one device and the request for the other are in one turn.
#[test]
fn request_behind_one_that_waits_is_for_its_own_device() {
    let running = serve();
    let mut inbox =
        running.shown(0).device.inbox(Buffer::grown(LIMITS.message)).expect("the inbox was taken");
    let put = "PUT /lamp/properties/led HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue";
    let mut http = Http::connect(running.addr);
    for (path, body) in
        [("/", "all devices"), ("/fan/properties/led", "null"), ("/fan", ""), ("/lamp/", "a device")]
    {
        http.send(format!("{put}GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let client = runtime().block_on(inbox.recv_forwarded(&THING)).client;
        running.shown(0).device.send(client, "{\"label\":\"ok\",\"id\":0}").expect("not sent");
        assert_eq!(http.read().status, 204);
        assert_eq!(http.read().text(), body, "{path}");
    }
}

#[test]
fn revoked_clients_are_closed_at_all_devices() {
    let running = serve();
    let mut sockets = ["/lamp/ws", "/fan/ws"].map(|path| WebSocket::connect(running.addr, path));
    running.server.revoke(None);
    for socket in &mut sockets {
        expect_close(socket, 1008);
    }
}

#[test]
fn limit_of_clients_holds_for_all_devices_together() {
    let running = serve();
    let path = |i: usize| if i.is_multiple_of(2) { "/lamp/ws" } else { "/fan/ws" };
    let mut sockets: Vec<_> =
        (0..LIMITS.clients).map(|i| WebSocket::connect(running.addr, path(i))).collect();
    for path in ["/lamp/ws", "/fan/ws"] {
        let Err(refused) = WebSocket::try_connect(running.addr, path, &[]) else { panic!("it was let in") };
        assert_eq!(refused.status, 503);
    }
    // Requests are answered all the same.
    assert_eq!(get(&mut Http::connect(running.addr), "/lamp/properties/led"), "null");
    drop(sockets.pop());
    wait_until(
        Duration::from_secs(5),
        || WebSocket::try_connect(running.addr, "/lamp/ws", &[]).is_ok(),
        || "no place",
    );
}

#[test]
fn device_has_as_many_places_as_slots_can_be_numbered() {
    let (device, feeds) = allocate(1, &LIMITS.with_clients(65_000), 1);
    assert_eq!((device.clients(), feeds.len()), (0, 1));
}
