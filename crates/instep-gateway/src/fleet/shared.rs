//! The fleet, which all threads share.

use super::changes::{Changes, Position};
use super::description::Description;
use super::follower::Follower;
use super::frame::{Frame, is_answer};
use super::limits::FleetLimits;
use super::summary::Summary;
use super::tables::Tables;
use crate::command::{Command, CommandError, Commands, Queued, Reply};
use instep::{Instant, Past};
use instep_mqtt::{DeviceId, Heard};
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::SystemTime;
use tokio::sync::watch;

/// The devices that a broker tells of, and the commands to them.
///
/// All calls are short, and may come from any thread. The client of the broker fills it.
pub struct Fleet {
    limits: FleetLimits,
    epoch: tokio::time::Instant,
    // Locked in this order.
    tables: Mutex<Tables>,
    commands: Mutex<Commands>,
    revision: watch::Sender<u64>,
}

/// What a fleet has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FleetCounts {
    /// The number of devices.
    pub devices: usize,
    /// The number of values, which are the retained frames of all devices.
    pub values: usize,
    /// The memory that frames and descriptions take, in bytes.
    pub bytes: usize,
    /// The number of messages of devices: states, descriptions, values, events and answers.
    pub heard: u64,
    /// The number of messages that were left out: no frames of devices, or above a limit.
    pub refused: u64,
    /// The number of commands.
    pub commands: u64,
    /// The number of answers that came too late, or to no command.
    pub late_answers: u64,
}

impl Fleet {
    /// Creates a fleet without devices.
    pub fn new(limits: FleetLimits) -> Arc<Self> {
        let random = RandomState::new().build_hasher().finish();
        Arc::new(Self {
            limits,
            epoch: tokio::time::Instant::now(),
            tables: Mutex::new(Tables::new(limits)),
            commands: Mutex::new(Commands::new(limits.commands, limits.commands_per_device, random)),
            revision: watch::Sender::new(0),
        })
    }

    /// Returns the limits.
    pub fn limits(&self) -> FleetLimits {
        self.limits
    }

    /// Returns whether the gateway is connected to the broker.
    pub fn is_connected(&self) -> bool {
        self.tables().is_connected()
    }

    /// Returns what was counted.
    pub fn counts(&self) -> FleetCounts {
        let tables = self.tables();
        let (commands, late_answers) = self.commands().counts();
        let (devices, heard) = (tables.count(), tables.heard);
        let (values, bytes, refused) =
            (tables.memory.values(), tables.memory.bytes(), tables.memory.refused());
        FleetCounts { devices, values, bytes, heard, refused, commands, late_answers }
    }

    /// Returns the device of that id, if the broker told of it.
    pub fn find(&self, id: &str) -> Option<Summary> {
        self.tables().summary(&DeviceId::new(id).ok()?)
    }

    /// Returns the revision of the list of devices, for whose changes can be waited.
    ///
    /// It changes with each summary, and with the connection to the broker.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Returns what has changed in the list of devices since a position.
    ///
    /// At most `max` summaries are returned, the oldest changes first: [`Changes::revision`] says how far, and
    /// [`Changes::position`] is where to go on.
    pub fn changes(&self, since: Position, max: usize) -> Changes {
        self.tables().changes(since, max)
    }

    /// Returns up to `max` devices in the order of their ids, from behind `after` on.
    pub fn list(&self, after: Option<&DeviceId>, max: usize) -> Vec<Summary> {
        self.tables().list(after, max)
    }

    /// Calls `with` for each retained frame of a device, and returns whether there is such a device.
    ///
    /// The fleet is locked meanwhile.
    pub fn frames(&self, id: &str, with: &mut dyn FnMut(Frame<'_>)) -> bool {
        let Ok(id) = DeviceId::new(id) else { return false };
        let tables = self.tables();
        let Some(table) = tables.find(&id) else { return false };
        table.frames().for_each(with);
        true
    }

    /// Returns the description of a device.
    pub fn description(&self, id: &str) -> Option<Arc<Description>> {
        self.find(id)?.description
    }

    /// Returns the past value of that number of a sensor, or the oldest one kept after it, with its number.
    ///
    /// Values are kept of sensors whose descriptions say that the device keeps a history, from the moment on at which the gateway
    /// heard the description.
    pub fn past(&self, id: &DeviceId, sensor: &str, from: u32) -> Option<(u32, Past)> {
        self.tables().past(id, sensor, from, self.now())
    }

    /// Follows a device, if there is one of that id.
    ///
    /// The follower is told the whole state before this returns, and from then on each change.
    pub fn follow(self: &Arc<Self>, id: &str, follower: Arc<dyn Follower>) -> Option<Following> {
        let id = DeviceId::new(id).ok()?;
        let number = self.tables().follow(&id, follower)?;
        Some(Following { fleet: self.clone(), id, number })
    }

    /// Sends a command to a device. It is sent once, and never repeated.
    ///
    /// # Errors
    /// If it was not sent.
    pub fn send(&self, command: &Command<'_>) -> Result<Reply, CommandError> {
        let tables = self.tables();
        if !tables.is_connected() {
            return Err(CommandError::NoBroker);
        }
        let table = tables.find(&command.id).ok_or(CommandError::Unknown)?;
        if !table.is_online() {
            return Err(CommandError::Offline);
        }
        if command.payload.len() > self.limits.frame {
            return Err(CommandError::TooLong);
        }
        // The device is online until the command is in the queue.
        self.commands().push(self.now(), command)
    }

    /// Takes what the broker said.
    ///
    /// The client of the broker calls it; a test may take its place.
    pub fn hear(&self, heard: Heard<'_>) {
        let (now, time) = (self.now(), SystemTime::now());
        let mut tables = self.tables();
        let is_step = matches!(heard, Heard::Opened | Heard::Resync | Heard::Complete | Heard::Incomplete);
        tables.heard += u64::from(!is_step);
        match heard {
            Heard::Opened => tables.open(),
            Heard::Resync => tables.resync(),
            Heard::Complete => {
                tables.complete(now);
                log_count(tables.count());
            }
            // Devices that were not heard of may be there.
            Heard::Incomplete => log_count(tables.count()),
            Heard::State { id, online } => {
                tables.state(now, time, id, online);
                if !online {
                    self.commands().fail_device(&id);
                }
            }
            Heard::Thing { id, frame } => tables.thing(now, time, id, frame),
            Heard::Description { id, text } => tables.description(now, time, id, text),
            Heard::Value { id, name, frame } => tables.value(now, time, id, Frame { name, bytes: frame }),
            Heard::Event { id, name, frame } => tables.event(&id, Frame { name, bytes: frame }),
            Heard::Answer { id, number, frame } if frame.len() <= self.limits.frame && is_answer(frame) => {
                self.commands().answer(&id, number, frame);
            }
            _ => tables.memory.refuse_invalid(),
        }
        self.note(&tables);
    }

    /// Notes that the gateway is no longer connected to the broker: no device is online, and no command has an answer.
    pub fn close(&self) {
        let mut tables = self.tables();
        tables.close(SystemTime::now());
        self.commands().fail_all();
        self.note(&tables);
    }

    /// Returns the time since the fleet was created, as all of its deadlines have it.
    pub fn now(&self) -> Instant {
        let millis = self.epoch.elapsed().as_millis();
        Instant::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// Returns the time at which the fleet was created.
    pub(crate) fn epoch(&self) -> tokio::time::Instant {
        self.epoch
    }

    /// Ends what has waited for too long.
    pub fn turn(&self) {
        let now = self.now();
        let mut tables = self.tables();
        tables.turn(now);
        self.commands().turn(now);
        self.note(&tables);
    }

    /// Returns the time of the next [`turn`](Self::turn) at the latest.
    pub fn wake_at(&self) -> Instant {
        let tables = self.tables().wake_at();
        tables.min(self.commands().wake_at())
    }

    /// Registers the waker that is called when there is a command to send.
    pub(crate) fn register(&self, waker: &Waker) {
        self.commands().register(waker);
    }

    /// Passes the next command to `send`, which returns what became of it, until it has no more room.
    pub(crate) fn send_queued(&self, send: &mut dyn FnMut(&Queued) -> instep_mqtt::Sent) {
        self.commands().send_queued(self.now(), send);
    }

    /// Calls `ask`, which asks the broker for everything again and returns whether it did, if there is room for devices that were
    /// left out.
    pub(crate) fn ask_again(&self, ask: &mut dyn FnMut() -> bool) {
        let now = self.now();
        if now >= self.tables().ask_at() && ask() {
            self.tables().note_asked(now);
        }
    }

    fn note(&self, tables: &Tables) {
        let revision = tables.revision();
        self.revision.send_if_modified(|last| std::mem::replace(last, revision) != revision);
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commands(&self) -> MutexGuard<'_, Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("limits", &self.limits).field("counts", &self.counts()).finish()
    }
}

/// Follower that follows until this is dropped.
#[derive(Debug)]
#[must_use = "the follower stops when this is dropped"]
pub struct Following {
    fleet: Arc<Fleet>,
    id: DeviceId,
    number: u64,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.fleet.tables().unfollow(&self.id, self.number);
    }
}

fn log_count(count: usize) {
    log::info!("The broker tells of {count} {}", if count == 1 { "device" } else { "devices" });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const THING: &[u8] = br#"{"label":"thing","value":{"wire":1,"hash":"1","start":"00000001"}}"#;

    fn thing(fleet: &Fleet, id: &str, frame: &[u8]) {
        fleet.hear(Heard::Thing { id: DeviceId::new(id).expect("an id"), frame });
    }

    fn asks(fleet: &Fleet, has_room: bool) -> bool {
        let mut is_asked = false;
        fleet.ask_again(&mut || {
            is_asked = true;
            has_room
        });
        is_asked
    }

    #[tokio::test(start_paused = true)]
    async fn broker_is_asked_again_for_devices_that_were_left_out() {
        let fleet = Fleet::new(FleetLimits::default().with_devices(1));
        fleet.hear(Heard::Opened);
        thing(&fleet, "one", THING);
        thing(&fleet, "one", b"");
        assert!(!asks(&fleet, true), "nothing was left out");
        thing(&fleet, "one", THING);
        thing(&fleet, "two", THING);
        assert!(!asks(&fleet, true), "there is no room");
        thing(&fleet, "one", b"");
        // Again, if the packet had no room.
        assert!(asks(&fleet, false) && asks(&fleet, true) && !asks(&fleet, true));
        thing(&fleet, "two", THING);
        thing(&fleet, "three", THING);
        thing(&fleet, "two", b"");
        // At most once in a minute, and then the driver is woken.
        assert!(!asks(&fleet, true) && fleet.wake_at() == fleet.now().after(60_000));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(asks(&fleet, true));
        // A new connection says everything anyway.
        thing(&fleet, "two", THING);
        thing(&fleet, "three", THING);
        fleet.hear(Heard::Opened);
        thing(&fleet, "two", b"");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(!asks(&fleet, true));
    }
}
