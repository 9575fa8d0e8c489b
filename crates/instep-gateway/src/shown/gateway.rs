//! The devices of a fleet as a server shows them: opened when a viewer asks for one, closed some time after the last one left.

use super::declarations::{Declarations, NoDeclaration};
use super::forward::Forwarder;
use super::gateway_limits::GatewayLimits;
use super::mirror::Mirror;
use super::pool::{AllDevices, Pool};
use super::viewed::Viewed;
use crate::fleet::Fleet;
use instep::driver::Absence;
use instep::thing::Thing;
use instep::{Asset, Device, Limits, Past, PastValues};
use instep_mqtt::DeviceId;
use instep_tokio::devices::{Devices, Found, ShownDevice as _};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Time for which a device stays open after its last viewer has left.
const LINGER: Duration = Duration::from_secs(30);
/// Interval at which devices are closed that nobody looks at.
const SWEEP: Duration = Duration::from_secs(5);

/// Pages of each device, such as the panel's, with their paths.
pub type Pages = &'static [(&'static str, Asset)];

/// The devices of a fleet, each below the path `/<id>/` of a server.
///
/// It is the [`Devices`] of a server. [`run`](Self::run) passes requests on.
#[derive(Debug)]
pub struct Gateway {
    fleet: Arc<Fleet>,
    pages: Pages,
    limits: GatewayLimits,
    opened: Mutex<Opened>,
    all: Arc<AllDevices>,
    forwarders: mpsc::UnboundedSender<Forwarder>,
    /// Taken by [`run`](Self::run).
    begun: Mutex<Option<mpsc::UnboundedReceiver<Forwarder>>>,
}

/// The devices that are open.
#[derive(Debug)]
struct Opened {
    devices: HashMap<DeviceId, Entry>,
    declarations: Declarations,
    pool: Pool,
    is_told: bool,
}

#[derive(Debug)]
struct Entry {
    viewed: Arc<Viewed>,
    /// The time since which nobody looks at it, as far as was seen.
    unused_since: Option<Instant>,
}

impl Gateway {
    /// Creates the devices of a fleet, for a server with so many shards.
    ///
    /// `base` has the limits of the server, such as how long pings are waited for.
    pub fn new(fleet: Arc<Fleet>, pages: Pages, limits: GatewayLimits, base: Limits, shards: usize) -> Self {
        let (forwarders, begun) = mpsc::unbounded_channel();
        // The buffers of a shard are as long as the server's own frames need them.
        let of_device = base
            .with_clients(limits.viewers)
            .with_frame(limits.frame.min(base.frame))
            .with_message(limits.frame.min(base.message))
            .with_events(limits.events);
        let all = Arc::new(AllDevices::default());
        let opened = Opened {
            devices: HashMap::new(),
            declarations: Declarations::default(),
            pool: Pool::new(of_device, shards, limits.viewed, all.clone()),
            is_told: false,
        };
        let (opened, begun) = (Mutex::new(opened), Mutex::new(Some(begun)));
        Self { fleet, pages, limits, opened, all, forwarders, begun }
    }

    /// Returns the number of devices that are open.
    pub fn viewed(&self) -> usize {
        self.opened().devices.len()
    }

    /// Passes requests on, and closes devices that nobody looks at. It ends only if it was called before.
    ///
    /// Must be called in a runtime with time.
    pub async fn run(&self) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut begun) = begun else { return };
        let mut running = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                Some(forwarder) = begun.recv() => {
                    running.spawn(forwarder.run());
                }
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    // The forwarder has given up the inbox, so nothing refers to the memory.
                    if let Ok(Some(memory)) = ended {
                        self.opened().pool.put(memory);
                    }
                }
                _ = sweep.tick() => {
                    self.opened().sweep(LINGER);
                }
            }
        }
    }

    fn open(&self, id: &str) -> Result<Arc<Viewed>, Absence> {
        let known = DeviceId::new(id).map_err(|_| Absence::Unknown)?;
        let mut opened = self.opened();
        if let Some(entry) = opened.devices.get_mut(&known)
            && !entry.viewed.is_over()
        {
            entry.unused_since = None;
            return Ok(entry.viewed.clone());
        }
        opened.devices.remove(&known);
        let summary = self.fleet.find(id).ok_or(Absence::Unknown)?;
        let description = summary.description.ok_or(Absence::Undescribed)?;
        let declaration = opened.declarations.find(&description, self.pages, &self.limits);
        let declaration = declaration.map_err(|reason| match reason {
            NoDeclaration::Unreadable => Absence::Unreadable,
            NoDeclaration::Full => Absence::Full,
        })?;
        let topics = declaration.thing.property_count() + 1;
        let Some(memory) = opened.pool.take(topics) else {
            // Memory of devices that nobody looks at comes back in a moment.
            if !opened.sweep(Duration::ZERO) {
                opened.tell_full(&self.limits);
            }
            return Err(Absence::Full);
        };
        let device = memory.device;
        // Positions in streams hold at this gateway only, until an event shows that the device numbers them.
        device.set_boot_id(random());
        device.answer_histories_by(Arc::new(Charts {
            fleet: self.fleet.clone(),
            id: known,
            thing: declaration.thing,
        }));
        let mirror = Arc::new(Mirror::new(device, declaration, description));
        let Some(following) = self.fleet.follow(id, mirror.clone()) else {
            opened.pool.put(memory);
            return Err(Absence::Unknown);
        };
        let (closed, is_closed) = oneshot::channel();
        let viewed = Arc::new(Viewed::new(declaration, mirror, memory, following, closed));
        // The receiver is gone only if the program ends.
        let _ = self.forwarders.send(Forwarder {
            fleet: self.fleet.clone(),
            id: known,
            thing: declaration.thing,
            device,
            commands: self.limits.commands,
            closed: is_closed,
        });
        opened.devices.insert(known, Entry { viewed: viewed.clone(), unused_since: None });
        Ok(viewed)
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// Closes the devices that nobody has looked at for `linger`, and those that are over. Returns whether there were any.
    fn sweep(&mut self, linger: Duration) -> bool {
        let (now, before) = (Instant::now(), self.devices.len());
        self.devices.retain(|_, Entry { viewed, unused_since }| {
            if Arc::strong_count(viewed) > 1 {
                *unused_since = None;
                return !viewed.is_over();
            }
            let since = *unused_since.get_or_insert(now);
            now - since < linger && !viewed.is_over()
        });
        self.devices.len() < before
    }

    fn tell_full(&mut self, limits: &GatewayLimits) {
        if !std::mem::replace(&mut self.is_told, true) {
            log::warn!(
                "{} devices are looked at, and viewers of others get 503; raise --limit viewed",
                limits.viewed
            );
        }
    }
}

impl Devices for Gateway {
    fn find(&self, path: &str) -> Found {
        let Some(id) = path.strip_prefix('/').and_then(|rest| rest.split('/').next()) else {
            return Found::Server;
        };
        // A path that is no id, such as `/instep.js`, belongs to the server.
        if DeviceId::new(id).is_err() {
            return Found::Server;
        }
        match self.open(id) {
            Ok(device) => Found::Device { length: 1 + id.len(), device },
            Err(absence) => Found::Absent(absence),
        }
    }

    fn each(&self, with: &mut dyn FnMut(&Device)) {
        // A free device has no clients.
        for device in self.all.copied() {
            with(device);
        }
    }
}

/// Past values of the sensors of a device, which the fleet keeps.
struct Charts {
    fleet: Arc<Fleet>,
    id: DeviceId,
    thing: &'static Thing,
}

impl PastValues for Charts {
    fn past(&self, interaction: usize, from: u32) -> Option<(u32, Past)> {
        self.fleet.past(&self.id, self.thing.names().nth(interaction)?, from)
    }
}

/// Returns a number that distinguishes two openings, but is no secret.
#[expect(clippy::cast_possible_truncation, reason = "a part of it will do")]
fn random() -> u32 {
    RandomState::new().hash_one(0) as u32
}
