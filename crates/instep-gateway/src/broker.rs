//! The broker of a gateway, and its client, which fills the fleet.

use crate::fleet::Fleet;
use crate::notices::Notices;
use instep::Instant;
use instep_mqtt::{ConnectionOptions, DeviceId, Ended, GatewayClient, Heard, Report};
use instep_proto::delivery::Outgoing;
use instep_tokio::{BrokerAddress, BrokerClient, BrokerLogin, BrokerStatus, Connections, run_broker_client};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use tokio::sync::watch;

/// Maximum length of a packet beside its payload, in bytes.
const PACKET_OVERHEAD: usize = 1_024;

/// Broker that tells a gateway of its devices.
#[derive(Debug)]
pub struct Broker {
    address: BrokerAddress,
    login: Option<BrokerLogin>,
    id: DeviceId,
    connections: Connections,
    ignored: AtomicU64,
}

impl Broker {
    /// Creates the description of a broker, at which the gateway has this id.
    ///
    /// Each client of the broker has an id of its own. Without one, the gateway has a random id.
    pub fn new(address: BrokerAddress, login: Option<BrokerLogin>, id: Option<DeviceId>) -> Self {
        let (id, connections) = (id.unwrap_or_else(random_id), Connections::default());
        Self { address, login, id, connections, ignored: AtomicU64::new(0) }
    }

    /// Returns the id of the gateway.
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// Returns how the connection stands.
    pub fn status(&self) -> BrokerStatus {
        self.connections.status()
    }

    /// Returns the number of messages at topics that say nothing to a gateway.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    /// Fills the fleet, and passes on commands and notices, until `stopped` is `true`.
    ///
    /// Must be called in a runtime with I/O and time.
    pub async fn run(&self, fleet: &Fleet, notices: &Notices, stopped: watch::Receiver<bool>) {
        let limits = fleet.limits();
        let address = self.address.parts();
        let options = ConnectionOptions {
            prefix: address.prefix,
            id: &self.id,
            user: address.user,
            password: self.login.as_ref().map(BrokerLogin::password),
            packet_max: limits.frame.max(limits.description) + PACKET_OVERHEAD,
        };
        let client = GatewayClient::new(fleet.now(), options);
        let mut link =
            Link { client, packet_max: options.packet_max, fleet, notices, ignored: &self.ignored };
        let report = Report::without_id(address);
        run_broker_client(&mut link, &self.address, report, &self.connections, fleet.epoch(), stopped).await;
    }
}

/// Returns an id that no other client of the broker has.
fn random_id() -> DeviceId {
    let number = RandomState::new().build_hasher().finish();
    DeviceId::new(&format!("gateway-{number:016x}")).unwrap_or_else(|_| DeviceId::of("gateway", number))
}

/// Client of the broker, with what it fills and empties.
struct Link<'g> {
    client: GatewayClient<'g>,
    packet_max: usize,
    fleet: &'g Fleet,
    notices: &'g Notices,
    ignored: &'g AtomicU64,
}

impl BrokerClient for Link<'_> {
    fn input_max(&self) -> usize {
        self.packet_max
    }

    fn output_max(&self) -> usize {
        self.packet_max
    }

    fn begin(&mut self, now: Instant) {
        self.client.begin(now);
        self.notices.begin();
    }

    fn register(&self, waker: &Waker) {
        self.fleet.register(waker);
        self.notices.register(waker);
    }

    fn receive(&mut self, now: Instant, input: &[u8]) -> usize {
        let Self { client, fleet, notices, .. } = self;
        let used = client.receive(now, input, &mut |heard| match heard {
            Heard::Notice { name, payload } => notices.hear(name, payload),
            heard => fleet.hear(heard),
        });
        fleet.turn();
        self.ignored.store(self.client.ignored(), Ordering::Relaxed);
        used
    }

    fn transmit(&mut self, now: Instant, out: &mut Outgoing<'_>) {
        let Self { client, fleet, notices, .. } = self;
        if client.transmit(now, out) {
            fleet.ask_again(&mut || client.ask_again(now, out));
            fleet.send_queued(&mut |command| client.publish(now, &command.message(), out));
            notices.send(&mut |notice| client.publish(now, &notice, out));
        }
    }

    fn is_open(&self) -> bool {
        self.client.is_open()
    }

    fn end(&self) -> Option<Ended> {
        self.client.end()
    }

    fn stop(&mut self) {
        self.client.stop();
    }

    fn abandon(&mut self) {
        self.client.stop();
        self.fleet.close();
    }

    fn wake_at(&self, _: Instant) -> Instant {
        self.client.wake_at().min(self.fleet.wake_at())
    }
}
