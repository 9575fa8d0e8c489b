//! A server with two devices, each below a path of its own, and the client of one connection, on the simulated link.

use crate::link::{self, Simulation, http_state};
use instep::driver::{Absence, Client, Entry, Mounts, Stage, TurnContext};
use instep::thing::{Interaction, Kind, Thing};
use instep::{Access, App, Asset, Instant, Limits, LogIn};
use std::cell::Cell;
use std::num::NonZeroU32;

const SWITCH: Interaction = Interaction::new("led", "LED", Kind::Switch);
const SAID: Interaction = Interaction::new("said", "Said", Kind::Event);
pub static LAMP: Thing = Thing::new("Lamp", &[SWITCH, SAID]);
static FAN: Thing = Thing::new("Fan", &[SWITCH, SAID]);

static ROOT: App = App::new("gateway", "All devices").page("/", Asset::html("all devices"));
static LAMP_APP: App =
    App::new("lamp", "A lamp").page("/", Asset::html("a lamp")).thing_elsewhere(&LAMP, true);
static FAN_APP: App = App::new("fan", "A fan").page("/", Asset::html("a fan")).thing_elsewhere(&FAN, true);

pub static BEHIND: Access =
    link::ACCESS.with_proxies(&[instep::access::IpNetwork::host(link::PEER)]).with_base_path("/house");

/// A server with two devices, and the client of one connection.
pub struct Server {
    pub root: Simulation,
    pub devices: [Simulation; 2],
    client: Client,
    /// Index of the device in whose context the client is.
    pub current: Option<usize>,
    tail: Vec<u8>,
    received: Vec<u8>,
    /// Whether the socket takes any output.
    pub reads: bool,
    pub log_in: Option<&'static LogIn>,
    /// How often credentials were revoked at all devices.
    pub revoked: Cell<u32>,
    /// How often an admitted request asked for a device.
    pub admitted: Cell<u32>,
}

/// The devices as one turn sees them.
struct Places<'a> {
    current: Option<usize>,
    target: Cell<Option<Option<usize>>>,
    revoked: &'a Cell<u32>,
    admitted: &'a Cell<u32>,
}

impl Mounts for Places<'_> {
    fn enter(&self, path: &str, stage: Stage) -> Entry {
        let id = path.get(1..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if let (Stage::Waiting, Some(_)) = (stage, self.current) {
            return Entry::Here(1 + id.len());
        }
        if let (Stage::Unknown, None) = (stage, self.current) {
            return Entry::Here(0);
        }
        if stage == Stage::Admitted {
            self.admitted.set(self.admitted.get() + 1);
        }
        let found = match id {
            "lamp" => Some(0),
            "fan" => Some(1),
            "later" => return Entry::Absent(Absence::Undescribed),
            "" => None,
            _ if self.current.is_none() => return Entry::Absent(Absence::Unknown),
            _ => None,
        };
        if found == self.current {
            return Entry::Here(found.map_or(0, |_| 1 + id.len()));
        }
        self.target.set(Some(found));
        Entry::Elsewhere
    }

    fn places_taken(&self) -> Option<usize> {
        None
    }

    fn take_place(&self) -> Result<(), usize> {
        Ok(())
    }

    fn leave_place(&self) {}

    fn session_in_use(&self, _: NonZeroU32) -> bool {
        false
    }

    fn revoke(&self, _: Option<NonZeroU32>) {
        self.revoked.set(self.revoked.get() + 1);
    }
}

impl Server {
    pub fn new() -> Self {
        let limits = Limits::DEVICE.with_frame(600).with_outbox(700);
        let root = Simulation::with_app(&ROOT, limits);
        let client = Client::new(link::connection(), http_state(&limits, false), Instant::from_millis(0));
        let devices = [&LAMP_APP, &FAN_APP].map(|app| Simulation::with_app(app, limits));
        Self {
            root,
            devices,
            client,
            current: None,
            tail: Vec::new(),
            received: Vec::new(),
            reads: true,
            log_in: None,
            revoked: Cell::new(0),
            admitted: Cell::new(0),
        }
    }

    pub fn simulation(&mut self) -> &mut Simulation {
        match self.current {
            Some(device) => &mut self.devices[device],
            None => &mut self.root,
        }
    }

    /// Gives the client turns, until none wants another context.
    pub fn turn(&mut self) {
        loop {
            let places = Places {
                current: self.current,
                target: Cell::new(None),
                revoked: &self.revoked,
                admitted: &self.admitted,
            };
            let (mut tail, mut received) =
                (std::mem::take(&mut self.tail), std::mem::take(&mut self.received));
            let (simulation, reads) = match self.current {
                Some(device) => (&mut self.devices[device], self.reads),
                None => (&mut self.root, self.reads),
            };
            simulation.log_in = self.log_in;
            for slot in simulation.follow() {
                if self.client.slot() == Some(slot) {
                    self.client.expect_reply();
                }
            }
            let now = Instant::from_millis(simulation.now);
            let mut context = TurnContext { mounts: Some(&places), ..simulation.context() };
            let turn = self.client.turn(now, &mut tail, &mut context, &mut |bytes| {
                let length = if reads { bytes.len() } else { 0 };
                received.extend_from_slice(&bytes[..length]);
                length
            });
            tail.drain(..turn.used);
            (self.tail, self.received) = (tail, received);
            match places.target.get() {
                Some(target) => self.current = target,
                None => return,
            }
        }
    }

    pub fn send(&mut self, bytes: &[u8]) -> String {
        self.tail.extend_from_slice(bytes);
        self.turn();
        String::from_utf8_lossy(&std::mem::take(&mut self.received)).into_owned()
    }

    pub fn get(&mut self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n\r\n").as_bytes())
    }
}

pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
