//! 1,000 new connections: of a gateway to its broker, and of viewers to a gateway.

use crate::lamp::{self, frame};
use instep::{Access, App, Limits};
use instep_gateway::{Broker, Fleet, FleetLimits, Gateway, GatewayLimits, Notices};
use instep_tokio::devices::Devices as _;
use instep_tokio::{BrokerAddress, Server, SocketLimits};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use test_support::mosquitto::{Client, Mosquitto, url_of};
use test_support::{Relay, SOON, WebSocket, resident_here, wait_until};
use tokio::sync::watch;

/// Number of new connections.
const CONNECTIONS: usize = 1_000;
/// Connections after which all memory in use was touched.
const WARM: usize = 100;
/// Allowed growth of the memory from there on, in bytes. Each connection would have less than 9 KB.
const GROWTH: usize = 8 << 20;

const TD: &str =
    r#"{"title":"Lamp","properties":{"level":{"title":"Level","instep:kind":"sensor","instep:order":0}}}"#;

static ROOT: App = App::new("gateway", "All devices");
static ACCESS: Access = Access::new("");

/// Serves what a fleet has, until the process ends.
fn serve(fleet: &Arc<Fleet>) -> (SocketAddr, &'static Gateway) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
    let addr = listener.local_addr().expect("no address");
    let server = Server::new(&ROOT, &ACCESS, Limits::LINUX, SocketLimits::default(), 2);
    let limits = GatewayLimits::default();
    let gateway = Gateway::new(fleet.clone(), &[], limits, Limits::LINUX, server.shards());
    let gateway: &'static Gateway = Box::leak(Box::new(gateway));
    let server = server.with_devices(gateway);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
    std::thread::spawn(move || runtime.block_on(server.serve(vec![listener], gateway.run())));
    (addr, gateway)
}

/// Calls `meanwhile` while a gateway is connected to the broker at this address.
fn connected(fleet: &Arc<Fleet>, broker: SocketAddr, meanwhile: impl FnOnce()) {
    let (stop, stopped) = watch::channel(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let address = BrokerAddress::parse(&url_of(broker)).expect("the URL is valid");
            let (broker, notices) = (Broker::new(address, None, None), Notices::default());
            runtime.expect("cannot start the runtime").block_on(broker.run(fleet, &notices, stopped));
        });
        // Also if the test fails, so that the thread ends.
        let _stop = StopOnDrop(stop);
        wait_until(SOON, || fleet.is_connected(), || "the gateway is not connected");
        meanwhile();
    });
}

struct StopOnDrop(watch::Sender<bool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        // The client of the broker may have ended.
        let _ = self.0.send(true);
    }
}

/// Changes the value of the device.
fn change(client: &mut Client, level: usize) {
    client.publish("instep/lamp/level", frame("level", level), true);
}

fn expect(viewer: &mut WebSocket, level: usize) {
    viewer.read_text_until(|text| text == frame("level", level));
}

fn start(client: &mut Client) -> Arc<Fleet> {
    lamp::publish(client, "lamp", 0);
    client.publish("instep/lamp/thing/td", TD, true);
    change(client, 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
    let _entered = runtime.enter();
    Fleet::new(FleetLimits::default())
}

#[test]
#[ignore = "it takes a minute: `cargo xtask test --full`"]
fn viewers_end_with_the_values_after_each_new_connection_of_their_gateway() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    let fleet = start(&mut client);
    let (addr, _) = serve(&fleet);
    let relay = Relay::start(&[broker.addr]);
    let (mut viewers, mut before) = (Vec::new(), 0);
    for level in 0..CONNECTIONS {
        // While the gateway is not connected.
        change(&mut client, level);
        connected(&fleet, relay.addr(), || {
            if viewers.is_empty() {
                let is_there = || fleet.find("lamp").is_some_and(|lamp| lamp.description.is_some());
                wait_until(SOON, is_there, || "the device is not there");
                viewers.extend((0..3).map(|_| WebSocket::connect(addr, "/lamp/ws")));
            }
            viewers.iter_mut().for_each(|viewer| expect(viewer, level));
            let is_online = || fleet.find("lamp").is_some_and(|lamp| lamp.presence.online);
            wait_until(SOON, is_online, || "the device is not online");
            relay.end_all();
            wait_until(SOON, || !fleet.is_connected(), || "the gateway does not notice the end");
        });
        if level == WARM {
            before = resident_here();
        }
    }
    let growth = resident_here().saturating_sub(before);
    println!("{} connections to the broker, {} KiB more memory", relay.accepted(), growth >> 10);
    assert!(relay.accepted() >= CONNECTIONS && growth < GROWTH, "{growth} bytes more memory");
    assert_eq!(fleet.counts().devices, 1);
}

#[test]
#[ignore = "it takes a minute: `cargo xtask test --full`"]
fn viewer_ends_with_the_values_after_each_new_connection() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    let fleet = start(&mut client);
    let (addr, gateway) = serve(&fleet);
    connected(&fleet, broker.addr, || {
        let is_there = || fleet.find("lamp").is_some_and(|lamp| lamp.description.is_some());
        wait_until(SOON, is_there, || "the device is not there");
        let mut one_that_stays = WebSocket::connect(addr, "/lamp/ws");
        let mut before = 0;
        for level in 1..=CONNECTIONS {
            change(&mut client, level);
            let mut viewer = WebSocket::connect(addr, "/lamp/ws");
            expect(&mut viewer, level);
            match level % 3 {
                // With a closing handshake, with an end in the middle of it, and with bytes that it has not read.
                0 => viewer.send_close(1000, ""),
                1 => viewer.tcp().shutdown(Shutdown::Write).expect("the connection has ended"),
                _ => {}
            }
            if level == WARM {
                before = resident_here();
            }
        }
        expect(&mut one_that_stays, CONNECTIONS);
        let viewers = || {
            let mut viewers = 0;
            gateway.each(&mut |device| viewers += device.clients());
            viewers
        };
        wait_until(SOON, || viewers() == 1, || format!("there are {} viewers", viewers()));
        let growth = resident_here().saturating_sub(before);
        println!("{CONNECTIONS} connections of viewers, {} KiB more memory", growth >> 10);
        assert!(growth < GROWTH, "{growth} bytes more memory");
    });
}
