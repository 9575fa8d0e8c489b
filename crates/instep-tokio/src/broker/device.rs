//! A device as the client of a broker.

use super::address::BrokerLogin;
use super::client::BrokerClient;
use super::target::Broker;
use instep::Instant;
use instep::broker::Followed;
use instep_mqtt::{ConnectionOptions, DeviceClient, DeviceOptions, Ended};
use instep_proto::delivery::Outgoing;
use std::task::Waker;

/// Maximum number of commands that wait for their answers.
const PENDING: usize = 8;
/// Maximum length of a packet beside its payload, in bytes.
const PACKET_OVERHEAD: usize = 1_024;

/// Device as the client of a broker.
pub(super) type Device = DeviceClient<'static, PENDING>;

/// Creates the client that publishes a device at a broker.
pub(super) fn client(now: Instant, followed: Followed<'static>, broker: &'static Broker) -> Device {
    let address = broker.address.parts();
    let connection = ConnectionOptions {
        prefix: address.prefix,
        id: &broker.id,
        user: address.user,
        password: broker.login.as_ref().map(BrokerLogin::password),
        packet_max: followed.command_max() + PACKET_OVERHEAD,
    };
    let Broker { commands, discovery, .. } = *broker;
    let options = DeviceOptions { connection, commands, discovery, page: broker.page.as_deref() };
    DeviceClient::new(now, followed, options)
}

impl BrokerClient for Device {
    fn input_max(&self) -> usize {
        self.followed().command_max() + PACKET_OVERHEAD
    }

    fn output_max(&self) -> usize {
        self.followed().frame_max() + PACKET_OVERHEAD
    }

    fn begin(&mut self, now: Instant) {
        self.begin(now);
    }

    fn register(&self, waker: &Waker) {
        self.followed().register(waker);
    }

    fn receive(&mut self, now: Instant, input: &[u8]) -> usize {
        self.receive(now, input)
    }

    fn transmit(&mut self, now: Instant, out: &mut Outgoing<'_>) {
        self.transmit(now, out);
    }

    fn is_open(&self) -> bool {
        self.is_open()
    }

    fn end(&self) -> Option<Ended> {
        self.end()
    }

    fn stop(&mut self) {
        self.stop();
    }

    fn abandon(&mut self) {
        self.abandon();
    }

    fn wake_at(&self, now: Instant) -> Instant {
        self.wake_at(now)
    }
}
