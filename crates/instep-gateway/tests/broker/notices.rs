//! Messages between gateways.

use crate::gateway::{BACK, Gateway};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, wait_until};

const HOUR: Duration = Duration::from_secs(3_600);

/// What a gateway has heard, each message as its name and its payload.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn by(gateway: &Gateway) -> Self {
        let heard = Self::default();
        let own = heard.clone();
        gateway.notices.listen(move |name, payload| {
            let payload = String::from_utf8_lossy(payload);
            own.0.lock().expect("poisoned").push(format!("{name} {payload}"));
        });
        heard
    }

    #[track_caller]
    fn expect(&self, message: &str, within: Duration) {
        let has = || self.0.lock().expect("poisoned").iter().any(|heard| heard == message);
        wait_until(within, has, || format!("no {message}: {:?}", self.0));
    }
}

#[test]
fn gateways_hear_each_other_and_later_ones_too() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let gateways = [Gateway::start(&broker), Gateway::start(&broker)];
    let heard = gateways.each_ref().map(Heard::by);
    assert!(gateways[0].notices.announce("ended/1", b"one", HOUR));
    assert!(gateways[1].notices.announce("password", b"two", HOUR));
    for heard in &heard {
        heard.expect("ended/1 one", SOON);
        heard.expect("password two", SOON);
    }
    // The store is lost, and both say it again, also what was said meanwhile.
    broker.kill();
    for gateway in &gateways {
        gateway.wait("is disconnected", SOON, |fleet| !fleet.is_connected());
    }
    assert!(gateways[0].notices.announce("ended/2", b"three", HOUR));
    broker.restart();
    heard[1].expect("ended/2 three", BACK);
    for (topic, payload) in [("ended/1", "one"), ("ended/2", "three"), ("password", "two")] {
        let topic = format!("instep/gateway/{topic}");
        let mut client = broker.client();
        client.subscribe(&topic);
        let message = client.expect_within(&topic, payload, BACK);
        let expiry = message.properties.and_then(|properties| properties.message_expiry_interval);
        assert!(expiry.is_some_and(|seconds| (3_500..=3_600).contains(&seconds)), "{expiry:?}");
        // A gateway that comes later hears it, too.
        let mut later = broker.client();
        later.subscribe(&topic);
        assert!(later.expect(&topic, payload).retain);
    }
}
