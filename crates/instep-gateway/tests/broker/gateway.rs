//! A gateway without viewers, on a thread of its own.

use instep_gateway::{Broker, Fleet, FleetLimits, Notices, Presence};
use instep_tokio::BrokerAddress;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, wait_until};
use tokio::sync::watch;

/// Time in which a gateway or device is back after its broker is: the waiting times before its first retries, and some more.
pub const BACK: Duration = Duration::from_secs(20);

/// Gateway, which ends when dropped.
pub struct Gateway {
    pub fleet: Arc<Fleet>,
    pub notices: Arc<Notices>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    pub fn start(broker: &Mosquitto) -> Self {
        Self::with(broker, FleetLimits::default())
    }

    pub fn with(broker: &Mosquitto, limits: FleetLimits) -> Self {
        let (fleet, notices) = (Fleet::new(limits), Arc::<Notices>::default());
        let (stop, stopped) = watch::channel(false);
        let address = BrokerAddress::parse(&broker.url()).expect("the URL is valid");
        let run = {
            let (fleet, notices) = (fleet.clone(), notices.clone());
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("cannot start the runtime");
                runtime.block_on(Broker::new(address, None, None).run(&fleet, &notices, stopped));
            }
        };
        let gateway = Self { fleet, notices, stop, thread: Some(std::thread::spawn(run)) };
        gateway.wait("is connected", SOON, Fleet::is_connected);
        gateway
    }

    /// Waits until the fleet is so.
    #[track_caller]
    pub fn wait(&self, what: &str, within: Duration, is_so: impl Fn(&Fleet) -> bool) {
        wait_until(within, || is_so(&self.fleet), || format!("the fleet never {what}: {:?}", self.fleet));
    }

    /// Waits until a device has this frame.
    #[track_caller]
    pub fn expect(&self, id: &str, frame: &str) {
        self.wait(&format!("has {frame}"), SOON, |fleet| frames(fleet, id).iter().any(|one| one == frame));
    }

    /// Waits until a device is online or offline, and returns since when.
    #[track_caller]
    pub fn expect_state(&self, id: &str, online: bool, within: Duration) -> Presence {
        let presence = || self.fleet.find(id).map(|device| device.presence);
        let is_so = |_: &Fleet| presence().is_some_and(|presence| presence.online == online);
        self.wait(&format!("has {id} with online {online}"), within, is_so);
        presence().expect("the device is there")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Returns the frames of a device as text.
pub fn frames(fleet: &Fleet, id: &str) -> Vec<String> {
    let mut frames = Vec::new();
    fleet.frames(id, &mut |frame| frames.push(String::from_utf8_lossy(frame.bytes).into_owned()));
    frames
}
