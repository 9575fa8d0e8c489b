//! Devices at the broker: a real one, and ones whose messages a test writes.

use instep::{Access, App, Device, Inbox, Limits};
use instep_mqtt::DeviceId;
use instep_tokio::{Broker, BrokerAddress, Server, SocketLimits};
use std::thread::JoinHandle;
use test_support::mosquitto::{Client, Mosquitto};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

instep::thing! {
    Lamp: "Lamp", commands Command {
        led => Led: switch { title: "Light" },
        level => Level: number { title: "Level", min: 0, max: 100, step: 1, unit: "%" },
        slow => Slow: button { title: "Slow" },
        said: event { title: "Said" },
    }
}

static APP: App = App::new("lamp", "A lamp").version("1.2.3").thing(&Lamp::THING);
static ACCESS: Access = Access::new("lamp");

/// Real device, which ends when dropped.
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a device of that id at the broker.
pub fn start(broker: &Mosquitto, id: &str) -> Running {
    let id = DeviceId::new(id).expect("the id is valid");
    let address = BrokerAddress::parse(&broker.url()).expect("the URL is valid");
    let (stop, stopped) = oneshot::channel();
    let run = move || {
        let broker = Box::leak(Box::new(Broker::new(address, None, id, true).without_discovery()));
        let limits = Limits::DEVICE.with_clients(1);
        let server = Server::new(&APP, &ACCESS, limits, SocketLimits::default().with_http_slots(1), 1);
        let server = server.with_broker(broker);
        let mut inbox = server.inbox().expect("nobody has taken it");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let set = LocalSet::new();
        let live = set.run_until(async {
            tokio::task::spawn_local(async move { live(server.device(), &mut inbox).await });
            server
                .publish(async {
                    // The test has ended, too, if the sender is gone.
                    let _ = stopped.await;
                })
                .await;
        });
        runtime.expect("cannot start the runtime").block_on(live);
    };
    Running { stop: Some(stop), thread: Some(std::thread::spawn(run)) }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs the application, which never answers `slow`.
async fn live(device: &'static Device, inbox: &mut Inbox<'static>) {
    let lamp = Lamp::new(device);
    lamp.led(false);
    lamp.level(50);
    loop {
        match lamp.recv(inbox).await {
            (Command::Led(on), _) => {
                lamp.led(on);
                lamp.said(if on { "on" } else { "off" });
            }
            (Command::Level(13.0), responder) => responder.refuse("it brings bad luck"),
            (Command::Level(percent), _) => lamp.level(percent),
            (Command::Slow, responder) => {
                let _ = responder.defer();
            }
        }
    }
}

/// Returns the frame of a property.
pub fn frame(name: &str, value: impl std::fmt::Display) -> String {
    format!(r#"{{"label":"{name}","value":{value}}}"#)
}

/// Publishes what a device stores at the broker, with so many properties.
pub fn publish(client: &mut Client, id: &str, properties: usize) {
    let start = r#"{"wire":1,"hash":"0123456789abcdef","start":"00000001"}"#;
    client.publish(&format!("instep/{id}/thing"), frame("thing", start), true);
    for number in 0..properties {
        client.publish(&format!("instep/{id}/p{number}"), frame(&format!("p{number}"), number), true);
    }
    client.publish(&format!("instep/{id}"), "online", true);
    client.publish(&format!("instep/{id}/thing/td"), r#"{"title":"Simulated"}"#, true);
}
