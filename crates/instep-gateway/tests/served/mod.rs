//! A served fleet, which hears from the test what a broker would say.

#![allow(dead_code, reason = "not every test uses all of it")]

use instep::{Access, Asset, Limits};
use instep_gateway::{Admittance, Fleet, FleetLimits, Gateway, GatewayLimits, List, Pages};
use instep_mqtt::{DeviceId, Heard};
use instep_tokio::{Server, SocketLimits};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

pub const THING: &str =
    r#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00c0ffee"}}"#;

static ACCESS: Access = Access::new("gateway");
/// Pages of each device.
pub const PAGES: Pages = &[("/", Asset::html("the panel"))];

/// Server of a fleet, its devices and their list, which nobody runs yet.
pub struct Idle {
    pub addr: SocketAddr,
    pub listener: TcpListener,
    pub server: Server,
    pub gateway: &'static Gateway,
    pub list: &'static List,
    pub fleet: Arc<Fleet>,
    /// That of the fleet, which has its time.
    pub runtime: Runtime,
}

/// Running server of a fleet, which is stopped when dropped.
pub struct Served {
    pub addr: SocketAddr,
    pub gateway: &'static Gateway,
    pub fleet: Arc<Fleet>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Idle {
    pub fn new(fleet: FleetLimits, devices: GatewayLimits, server: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let addr = listener.local_addr().expect("no address");
        let runtime = runtime();
        let entered = runtime.enter();
        let fleet = Fleet::new(fleet);
        drop(entered);
        fleet.hear(Heard::Opened);
        let list = List::new(&fleet, Admittance::Local);
        let server = Server::new(list.app(), &ACCESS, server, SocketLimits::default(), 2);
        let gateway = Gateway::new(fleet.clone(), PAGES, devices, *server.device().limits(), server.shards());
        let gateway: &'static Gateway = Box::leak(Box::new(gateway));
        Self { addr, listener, server: server.with_devices(gateway), gateway, list, fleet, runtime }
    }

    /// Starts the server and all that belongs to it.
    pub fn start(self) -> Served {
        let Self { addr, listener, server, gateway, list, fleet, runtime } = self;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let mut inbox = server.inbox().expect("the inbox was taken");
            let stopped = async {
                tokio::select! {
                    _ = stopped => {}
                    () = gateway.run() => {}
                    () = list.run(server.device(), &mut inbox) => {}
                }
            };
            runtime.block_on(server.serve(vec![listener], stopped)).expect("the server failed");
        };
        Served { addr, gateway, fleet, stop: Some(stop), thread: Some(std::thread::spawn(run)) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(ended.is_some_and(|ended| ended.is_ok()), "the server panicked");
        }
    }
}

pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("no runtime")
}

pub fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("the id is valid")
}

/// Lets a fleet hear of a device that is online.
pub fn announce(fleet: &Fleet, device: &str, description: &str) {
    let id = id(device);
    fleet.hear(Heard::Thing { id, frame: THING.as_bytes() });
    fleet.hear(Heard::Description { id, text: description.as_bytes() });
    fleet.hear(Heard::State { id, online: true });
}
