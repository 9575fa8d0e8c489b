//! The client of a broker on a device: how it finds the broker by its name, and when it takes commands.

use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Stack, StaticConfigV4};
use embassy_time::{Duration, with_timeout};
use instep::login::Password;
use instep::{Access, App, Device, Inbox, Limits};
use instep_embassy::LogInResources;
use instep_embassy::broker::{Broker, BrokerAddress, BrokerMemory, DeviceId, input_bytes, send_bytes};
use instep_wifi::embassy::{DnsMemory, MdnsMemory, serve_dns, serve_mdns};
use virtual_ethernet::{Link, spawn, static_config, test};

const BROKER: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
const DEVICE: Ipv4Address = Ipv4Address::new(192, 168, 4, 7);
const PORT: u16 = 1883;
/// A CONNACK without properties, which accepts the client.
const CONNACK: &[u8] = &[0x20, 3, 0, 0, 0];

instep::thing! {
    /// A lamp for tests.
    pub Lamp: "A lamp", commands Command { led => Led: switch { title: "LED" } }
}

static THING: App = APP;
const APP: App = App::new("lamp", "for tests").thing(&Lamp::THING);
static ACCESS: Access = Access::new("lamp");

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

async fn run_lamp(device: &'static Device, mut inbox: Inbox<'static>) {
    let lamp = Lamp::new(device);
    lamp.led(false);
    loop {
        let (Command::Led(on), _) = lamp.recv(&mut inbox).await;
        lamp.led(on);
    }
}

/// Starts a lamp that publishes at this broker, with a log-in if there is one.
macro_rules! lamp {
    ($stack:expr, $address:expr) => {
        lamp!($stack, $address, None)
    };
    ($stack:expr, $address:expr, $log_in:expr) => {{
        instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, app: APP, network: 2 } }
        static RESOURCES: Resources = Resources::new();
        static MEMORY: BrokerMemory<{ input_bytes(&Limits::DEVICE) }, { send_bytes(&Limits::DEVICE) }> =
            BrokerMemory::new();
        let (server, inbox) = RESOURCES.start(&THING, &ACCESS);
        let server = instep_embassy::Server { log_in: $log_in, ..server };
        spawn(run_lamp(server.device, inbox));
        let address = BrokerAddress::parse_for_device($address).unwrap();
        let id = DeviceId::of("lamp", 0x0a_1b_2c);
        let broker = Broker { address, password: None, id, commands: false, page: None };
        let client = MEMORY.start(server, broker).unwrap();
        spawn(async move { client.run($stack, || 0).await });
        server.device
    }};
}

/// Connection of a device, as a broker sees it.
struct Connection {
    socket: TcpSocket<'static>,
    received: Vec<u8>,
}

impl Connection {
    /// Accepts a device that connects within 10 s.
    async fn accept(stack: Stack<'static>) -> Self {
        let mut socket = TcpSocket::new(stack, leak([0; 4_096]), leak([0; 4_096]));
        with_timeout(Duration::from_secs(10), socket.accept(PORT)).await.expect("nobody connects").unwrap();
        let mut connection = Self { socket, received: Vec::new() };
        connection.read_until(b"instep/lamp-0a1b2c\0\x07offline").await;
        connection.write(CONNACK).await;
        connection
    }

    /// Reads until this was received since the last call, and returns all of it.
    async fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        while !self.received.windows(end.len()).any(|part| part == end) {
            let mut part = [0; 512];
            let read = with_timeout(Duration::from_secs(3), self.socket.read(&mut part)).await;
            let Ok(Ok(length @ 1..)) = read else {
                panic!("{read:?} instead of {}, after {}", end.escape_ascii(), self.received.escape_ascii())
            };
            self.received.extend(&part[..length]);
        }
        std::mem::take(&mut self.received)
    }

    async fn write(&mut self, bytes: &[u8]) {
        assert_eq!(self.socket.write(bytes).await, Ok(bytes.len()));
        self.socket.flush().await.unwrap();
    }

    /// Publishes a command, in parts: a packet may arrive in pieces.
    async fn switch(&mut self, on: &str) {
        for part in command(on).chunks(20) {
            self.write(part).await;
        }
    }
}

/// Returns the packet that publishes a command.
fn command(on: &str) -> Vec<u8> {
    let topic = "instep/lamp-0a1b2c/led/set";
    let length = [topic.len(), on.len()].map(|length| u8::try_from(length).unwrap());
    [&[0x30, 3 + length[0] + length[1], 0, length[0]], topic.as_bytes(), &[0], on.as_bytes()].concat()
}

#[test]
fn broker_is_found_by_multicast_dns() {
    test(async {
        let link = Link::default();
        let (broker, device) = (link.station(BROKER), link.station(DEVICE));
        spawn(async move {
            serve_mdns(broker, "broker".parse().unwrap(), 80, 1, leak(MdnsMemory::new()), |_| {}).await;
        });
        lamp!(device, "mqtt://broker.local");
        let mut connection = Connection::accept(broker).await;
        connection.read_until(b"{\"label\":\"led\",\"value\":false}").await;
        connection.switch("true").await;
        connection.read_until(b"{\"label\":\"led\",\"value\":true}").await;
        connection.socket.abort();
        connection.socket.flush().await.unwrap();
        drop(connection);
        // The device comes back by itself, and publishes everything anew.
        let mut connection = Connection::accept(broker).await;
        connection.read_until(b"{\"label\":\"led\",\"value\":true}").await;
    });
}

#[test]
fn broker_is_found_at_dns_server() {
    test(async {
        let link = Link::default();
        let broker = link.station(BROKER);
        spawn(async move { serve_dns(broker, BROKER, leak(DnsMemory::new())).await });
        let mut dns_servers = heapless::Vec::new();
        dns_servers.push(BROKER).unwrap();
        let address = Ipv4Cidr::new(DEVICE, 24);
        let (device, _plug) =
            link.station_with(Config::ipv4_static(StaticConfigV4 { address, gateway: None, dns_servers }));
        lamp!(device, "mqtt://broker.example");
        Connection::accept(broker).await.read_until(b"{\"label\":\"led\",\"value\":false}").await;
    });
}

/// A password that is set on a running device turns the broker's commands off: the next one is not done.
#[test]
fn password_turns_commands_off() {
    test(async {
        static LOG_IN: LogInResources = LogInResources::new();
        let link = Link::default();
        let (broker, device) = (link.station(BROKER), link.station(DEVICE));
        let log_in = LOG_IN.start_without_password(|bytes| bytes.fill(7));
        let device = lamp!(device, "mqtt://192.168.4.1", Some(log_in));
        let commands = b"lamp-0a1b2c/+/set";
        let mut connection = Connection::accept(broker).await;
        connection.read_until(commands).await;
        connection.switch("true").await;
        connection.read_until(b"{\"label\":\"led\",\"value\":true}").await;
        log_in.change_password(Password::new(b"a long password", [7; 16], 1).unwrap(), device);
        connection.write(&command("false")).await;
        // The will is published: DISCONNECT has the reason 4.
        connection.read_until(&[0xe0, 2, 4, 0]).await;
        drop(connection);
        let mut connection = Connection::accept(broker).await;
        let said = connection.read_until(b"{\"label\":\"led\",\"value\":true}").await;
        assert!(!said.windows(commands.len()).any(|part| part == commands), "{}", said.escape_ascii());
    });
}

/// The device joins its network later than it starts.
#[test]
fn client_waits_for_network() {
    test(async {
        let link = Link::default();
        let broker = link.station(BROKER);
        let (device, _plug) = link.station_with(Config::default());
        lamp!(device, "mqtt://192.168.4.1");
        embassy_time::Timer::after_secs(60).await;
        device.set_config_v4(static_config(DEVICE).ipv4);
        Connection::accept(broker).await.read_until(b"{\"label\":\"led\",\"value\":false}").await;
    });
}
