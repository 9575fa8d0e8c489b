//! Networks that are cut for a minute, and a broker that is a cluster: every page ends with the values of its device.

use crate::house::{BACK, gateway, get, led, put, wait_for_device};
use crate::served::{INSTEP, with};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use test_support::mosquitto::{Mosquitto, url_of};
use test_support::{Relay, SOON, Server, WebSocket, free_addr, wait_until};

/// Time for which a network is cut.
const CUT: Duration = Duration::from_secs(60);
/// Time in which everything is back after a cut: the longest pause before a retry, and some more.
const BACK_FROM_CUT: Duration = Duration::from_secs(100);
/// Nodes of the cluster.
const NODES: usize = 2;

fn device_at(broker: SocketAddr, id: &str) -> Server {
    let device = with(&["--app", "workshop", "--mqtt", &url_of(broker), "--mqtt-id", id]).start();
    device.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    device
}

fn gateway_at(broker: SocketAddr, ids: &[&str]) -> Server {
    let gateway = gateway(&url_of(broker)).start();
    ids.iter().for_each(|id| wait_for_device(gateway.addr(), id));
    gateway
}

/// Page that stays open: it reads on, and has the last value of each property.
struct Page {
    socket: WebSocket,
    led: Option<String>,
    is_offline: bool,
}

impl Page {
    fn open(gateway: &Server, id: &str) -> Self {
        let socket = WebSocket::connect(gateway.addr(), &format!("/{id}/ws"));
        Self { socket, led: None, is_offline: false }
    }

    /// Reads what has come.
    fn read(&mut self) {
        while let Some(frame) = self.socket.try_read_frame(Duration::from_millis(1)) {
            match frame.opcode {
                9 => self.socket.frame(true, 0, 10, Some([0; 4]), &frame.payload),
                1 if frame.text().starts_with(r#"{"label":"led""#) => {
                    self.led = Some(frame.text().to_owned());
                }
                1 if frame.text().starts_with(r#"{"label":"thing""#) => {
                    self.is_offline = frame.text().contains("\"offline\"");
                }
                _ => {}
            }
        }
    }
}

/// Reads all pages until this is so.
#[track_caller]
fn read_until(pages: &mut [Page], within: Duration, is_so: impl Fn(&[Page]) -> bool) {
    let end = Instant::now() + within;
    loop {
        pages.iter_mut().for_each(Page::read);
        if is_so(pages) {
            return;
        }
        let led = |page: &Page| (page.led.clone(), page.is_offline);
        assert!(Instant::now() < end, "the pages show {:?}", pages.iter().map(led).collect::<Vec<_>>());
    }
}

#[test]
#[ignore = "it takes minutes: `cargo xtask test --full`"]
fn pages_end_with_the_values_after_cuts_of_60_s() {
    let Some(broker) = Mosquitto::start() else { return };
    let [to_device, to_gateway] = [(); 2].map(|()| Relay::start(&[broker.addr]));
    let lamp = device_at(to_device.addr(), "lamp-1");
    let gateways = [gateway_at(to_gateway.addr(), &["lamp-1"]), gateway_at(broker.addr, &["lamp-1"])];
    let mut pages = gateways.each_ref().map(|gateway| Page::open(gateway, "lamp-1"));
    let mut on = false;
    for (relay, name) in [(&to_gateway, "gateway"), (&to_device, "device")] {
        relay.set_silent(true);
        let cut_at = Instant::now();
        // Meanwhile it changes at the device.
        on = !on;
        assert_eq!(put(lamp.addr(), "/properties/led", &on.to_string()).status, 204);
        read_until(&mut pages, CUT, |pages| pages[0].is_offline);
        let is_cut = |_: &[Page]| cut_at.elapsed() >= CUT;
        read_until(&mut pages, 2 * CUT, is_cut);
        relay.set_silent(false);
        let are_right =
            |pages: &[Page]| pages.iter().all(|page| page.led == Some(led(on)) && !page.is_offline);
        read_until(&mut pages, BACK_FROM_CUT, are_right);
        println!("back {:?} after the network to the {name}", cut_at.elapsed().saturating_sub(CUT));
    }
    for gateway in &gateways {
        on = !on;
        assert_eq!(put(gateway.addr(), "/lamp-1/properties/led", &on.to_string()).status, 204);
        assert_eq!(get(lamp.addr(), "/properties/led").text(), on.to_string());
        read_until(&mut pages, SOON, |pages| pages.iter().all(|page| page.led == Some(led(on))));
    }
}

/// Process that ends when dropped.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("cannot start the program"))
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts the nodes of a broker that is a cluster.
fn cluster() -> [(Process, SocketAddr); NODES] {
    let program = std::env::var_os("BROKER_CLUSTER").expect("BROKER_CLUSTER names no program");
    let (addrs, among) = ([(); NODES].map(|()| free_addr()), [(); NODES].map(|()| free_addr()));
    let mut node = 0;
    addrs.map(|addr| {
        node += 1;
        let mut command = Command::new(&program);
        command.arg(node.to_string()).arg(addr.to_string()).args(among.map(|addr| addr.to_string()));
        let process = Process::start(&mut command);
        wait_until(SOON, || std::net::TcpStream::connect(addr).is_ok(), || "a node does not listen");
        (process, addr)
    })
}

/// Devices and gateways are at both nodes, and go to the other one when theirs is killed.
#[test]
#[ignore = "it needs rmqtt: `cargo xtask test --full`"]
fn pages_end_with_the_values_after_a_node_of_the_broker_was_killed_under_load() {
    let [(mut killed, first), (_stays, second)] = cluster();
    let [to_first, to_second] = [[first, second], [second, first]].map(|nodes| Relay::start(&nodes));
    let relays = [&to_first, &to_second];
    let ids = ["lamp-1", "lamp-2"];
    let lamps = [0, 1].map(|number| device_at(relays[number].addr(), ids[number]));
    let gateways = relays.map(|relay| gateway_at(relay.addr(), &ids));
    // Load: 200 devices at the node that is killed, each of which changes once a second.
    let mut load = Command::new(INSTEP);
    load.args(["simulate", "--devices", "200", "--mqtt", &url_of(to_first.addr())]);
    let _load = Process::start(&mut load);
    let mut pages: Vec<_> =
        gateways.iter().flat_map(|gateway| ids.map(|id| Page::open(gateway, id))).collect();
    let has = |page: &Page, on: bool| page.led == Some(led(on)) && !page.is_offline;
    let mut on = [false; 2];
    let change = |lamp: usize, on: bool| {
        assert_eq!(put(lamps[lamp].addr(), "/properties/led", &on.to_string()).status, 204);
    };
    read_until(&mut pages, 3 * SOON, |pages| pages.iter().all(|page| has(page, false)));
    let mut killed_at = Instant::now();
    for round in 0..200 {
        let lamp = round % 2;
        on[lamp] = !on[lamp];
        change(lamp, on[lamp]);
        pages.iter_mut().for_each(Page::read);
        if round == 100 {
            killed.kill();
            killed_at = Instant::now();
        }
    }
    let is_right = |on: [bool; 2]| {
        move |pages: &[Page]| pages.iter().enumerate().all(|(number, page)| has(page, on[number % 2]))
    };
    read_until(&mut pages, BACK_FROM_CUT, is_right(on));
    println!("back {:?} after the node", killed_at.elapsed());
    // Commands of each gateway reach each device.
    for gateway in &gateways {
        for lamp in 0..2 {
            on[lamp] = !on[lamp];
            let path = format!("/{}/properties/led", ids[lamp]);
            let is_done = || put(gateway.addr(), &path, &on[lamp].to_string()).status == 204;
            wait_until(BACK, is_done, || "a command is not done");
            assert_eq!(get(lamps[lamp].addr(), "/properties/led").text(), on[lamp].to_string());
        }
        read_until(&mut pages, SOON, is_right(on));
    }
}
