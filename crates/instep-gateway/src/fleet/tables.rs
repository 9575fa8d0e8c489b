//! Tables of all devices.

use super::changes::{ChangeOrder, Changes, Position};
use super::device::DeviceTable;
use super::follower::{Change, Follower};
use super::frame::{Frame, greeting, is_event, is_value, number};
use super::left_out::LeftOut;
use super::limits::{FleetLimits, Full};
use super::memory::Memory;
use super::summary::Summary;
use instep::{Instant, Past};
use instep_mqtt::DeviceId;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

/// Time in which the frame `thing` of a device follows what else is heard of it, in ms.
const THING_TIMEOUT_MS: u64 = 60_000;
/// Time after which a device that was not heard of again since a connection is gone, in ms.
///
/// A device is back 60 s after a broker that has lost its store, or a little later.
const RETURN_TIMEOUT_MS: u64 = 90_000;
/// Time between the end of what the broker has stored and the end of devices that were not among it, in ms.
///
/// The nodes of a cluster may say it in another order.
const SWEEP_DELAY_MS: u64 = 10_000;

/// Maximum length of a frame `thing`, in bytes.
const THING_MAX: usize = 1_024;

/// Tables of all devices.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) memory: Memory,
    devices: BTreeMap<DeviceId, Box<DeviceTable>>,
    /// Devices whose frame `thing` was not heard, with the time at which they are forgotten, in the order of these times. Some may
    /// be there meanwhile, or gone.
    unborn: VecDeque<(Instant, DeviceId)>,
    /// The number of devices whose frame `thing` was heard.
    count: usize,
    order: ChangeOrder,
    is_connected: bool,
    /// The number of the connection to the broker.
    session: u32,
    /// The time at which devices that were not heard of again are gone.
    sweep_at: Instant,
    /// The time until which devices may return to the broker, or [`Instant::NEVER`] until all was heard over this connection.
    returns_until: Instant,
    followers: u64,
    left_out: LeftOut,
    /// The number of messages of devices.
    pub(super) heard: u64,
}

impl Tables {
    pub(super) fn new(limits: FleetLimits) -> Self {
        Self {
            memory: Memory::new(limits),
            devices: BTreeMap::new(),
            unborn: VecDeque::new(),
            count: 0,
            order: ChangeOrder::default(),
            is_connected: false,
            session: 0,
            sweep_at: Instant::NEVER,
            returns_until: Instant::NEVER,
            followers: 0,
            left_out: LeftOut::default(),
            heard: 0,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn revision(&self) -> u64 {
        self.order.revision()
    }

    /// Returns the table of a device that is there.
    pub(super) fn find(&self, id: &DeviceId) -> Option<&DeviceTable> {
        self.devices.get(id).map(|table| &**table).filter(|table| table.greeting.is_some())
    }

    pub(super) fn summary(&self, id: &DeviceId) -> Option<Summary> {
        self.find(id).map(|table| table.summary(*id))
    }

    pub(super) fn changes(&self, since: Position, max: usize) -> Changes {
        self.order.since(since, max, |id| self.summary(id))
    }

    pub(super) fn list(&self, after: Option<&DeviceId>, max: usize) -> Vec<Summary> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let devices = self.devices.range((from, Bound::Unbounded));
        let there = devices.filter(|(_, table)| table.greeting.is_some());
        there.take(max).map(|(id, table)| table.summary(*id)).collect()
    }

    /// Follows a device that is there, and returns the number of the follower.
    pub(super) fn follow(&mut self, id: &DeviceId, follower: Arc<dyn Follower>) -> Option<u64> {
        let table = self.devices.get_mut(id).filter(|table| table.greeting.is_some())?;
        self.followers += 1;
        table.follow(self.followers, follower);
        Some(self.followers)
    }

    pub(super) fn unfollow(&mut self, id: &DeviceId, number: u64) {
        if let Some(table) = self.devices.get_mut(id) {
            table.unfollow(number);
        }
    }

    /// Notes that the broker has accepted the gateway.
    pub(super) fn open(&mut self) {
        self.is_connected = true;
        self.memory.log_anew();
        self.returns_until = Instant::NEVER;
        self.resync();
        self.order.note();
    }

    /// Notes that the broker says anew all that it has stored. What it does not say is gone.
    pub(super) fn resync(&mut self) {
        self.sweep_at = Instant::NEVER;
        self.session = self.session.wrapping_add(1);
        self.left_out.clear();
    }

    /// Notes that the gateway is no longer connected, so that no device is seen online.
    pub(super) fn close(&mut self, time: SystemTime) {
        if !std::mem::take(&mut self.is_connected) {
            return;
        }
        self.sweep_at = Instant::NEVER;
        self.order.note();
        let Self { devices, order, .. } = self;
        for (id, table) in devices {
            if table.lose(time) && table.greeting.is_some() {
                note(order, id, table);
            }
        }
    }

    /// Notes that all that the broker had stored was heard.
    pub(super) fn complete(&mut self, now: Instant) {
        if self.returns_until == Instant::NEVER {
            self.returns_until = now.after(RETURN_TIMEOUT_MS);
        }
        self.sweep_at = self.returns_until.max(now.after(SWEEP_DELAY_MS));
    }

    pub(super) fn wake_at(&self) -> Instant {
        let unborn_until = self.unborn.front().map_or(Instant::NEVER, |(until, _)| *until);
        self.sweep_at.min(self.ask_at()).min(unborn_until)
    }

    /// Returns the time from which on the broker is to be asked for everything again: there is room for devices that were left out.
    pub(super) fn ask_at(&self) -> Instant {
        self.left_out.ask_at(self.is_connected && self.count < self.memory.limits.devices)
    }

    /// Notes that the broker was asked for everything again.
    pub(super) fn note_asked(&mut self, now: Instant) {
        self.left_out.note_asked(now);
    }

    /// Forgets devices whose time has come.
    pub(super) fn turn(&mut self, now: Instant) {
        while let Some((_, id)) = self.unborn.pop_front_if(|(until, _)| *until <= now) {
            self.forget_unborn(&id);
        }
        if now < self.sweep_at {
            return;
        }
        self.sweep_at = Instant::NEVER;
        let session = self.session;
        let is_gone = |table: &DeviceTable| table.greeting.is_some() && table.session != session;
        let gone = self.devices.iter().filter(|(_, table)| is_gone(table)).map(|(id, _)| *id);
        for id in gone.collect::<Vec<_>>() {
            self.remove(&id);
        }
        let Self { devices, memory, .. } = self;
        for table in devices.values_mut() {
            table.clear(|_, heard| heard != session, &mut |name, length| memory.remove_value(&name, length));
        }
    }

    pub(super) fn state(&mut self, now: Instant, time: SystemTime, id: DeviceId, online: bool) {
        if !online && !self.devices.contains_key(&id) {
            return;
        }
        let session = self.session;
        self.make_room(&id);
        let Self { devices, order, unborn, .. } = self;
        let table = table_of(devices, unborn, now, time, id);
        if table.hear_state(online, session, time) && table.greeting.is_some() {
            note(order, &id, table);
        }
    }

    /// Takes the frame `thing`.
    pub(super) fn thing(&mut self, now: Instant, time: SystemTime, id: DeviceId, frame: &[u8]) {
        if frame.is_empty() {
            return self.remove(&id);
        }
        let Some(greeting) = Some(frame).filter(|frame| frame.len() <= THING_MAX).and_then(greeting) else {
            return self.memory.refuse_invalid();
        };
        if !self.memory.has_room_for_frame(frame.len()) {
            return self.memory.refuse(Full::Bytes);
        }
        if self.find(&id).is_none() && self.count >= self.memory.limits.devices {
            self.left_out.note();
            self.memory.refuse(Full::Devices);
            return self.forget_unborn(&id);
        }
        self.make_room(&id);
        let Self { devices, order, unborn, .. } = self;
        let table = table_of(devices, unborn, now, time, id);
        table.session = self.session;
        match &table.greeting {
            Some((known, _)) if **known == *frame => return,
            Some((known, _)) => self.memory.remove_greeting(known.len()),
            None => self.count += 1,
        }
        self.memory.add_greeting(frame.len());
        let start = greeting.start;
        let before = table.greeting.replace((frame.into(), greeting.clone()));
        // The description of another declaration follows behind all values.
        let is_other = before.is_some_and(|(_, before)| before.hash != greeting.hash);
        let outdated = table.description.take_if(|_| is_other);
        if outdated.is_some() {
            self.memory.remove_history(table.histories.clear());
        }
        table.tell(Change::Greeting { frame, start });
        note(order, &id, table);
        if let Some(description) = outdated {
            self.memory.remove_description(&description);
        }
    }

    pub(super) fn description(&mut self, now: Instant, time: SystemTime, id: DeviceId, text: &[u8]) {
        if text.len() > self.memory.limits.description {
            return self.memory.refuse(Full::Description);
        }
        if !self.memory.has_room_for_description(text.len()) {
            return self.memory.refuse(Full::Bytes);
        }
        let Some(description) = self.memory.describe(text) else {
            return self.memory.refuse_invalid();
        };
        self.make_room(&id);
        let Self { devices, order, unborn, .. } = self;
        let table = table_of(devices, unborn, now, time, id);
        if table.description.as_ref().is_some_and(|known| Arc::ptr_eq(known, &description)) {
            return;
        }
        let before = table.description.replace(description.clone());
        self.memory.remove_history(table.histories.clear());
        table.tell(Change::Description(&description));
        if table.greeting.is_some() {
            note(order, &id, table);
        }
        if let Some(before) = before {
            self.memory.remove_description(&before);
        }
    }

    pub(super) fn value(&mut self, now: Instant, time: SystemTime, id: DeviceId, frame: Frame<'_>) {
        if frame.bytes.is_empty() {
            return self.clear(&id, frame.name);
        }
        if frame.bytes.len() > self.memory.limits.frame {
            return self.leave_out(Full::Frame, &id, frame.name);
        }
        if !is_value(frame.name, frame.bytes) {
            return self.memory.refuse_invalid();
        }
        if !self.memory.has_room_for_frame(frame.bytes.len()) {
            return self.leave_out(Full::Bytes, &id, frame.name);
        }
        self.make_room(&id);
        let Self { devices, memory, unborn, .. } = self;
        let table = table_of(devices, unborn, now, time, id);
        let before = table.length(frame.name);
        if before.is_none() && table.count() >= memory.limits.properties {
            return memory.refuse(Full::Properties);
        }
        memory.replace_value(before, frame.bytes.len());
        if !table.set(frame, self.session, || memory.names.find(frame.name)) {
            return;
        }
        // The time of a value that the broker had stored is unknown, so only new ones have a place in a chart.
        if let Some(description) = &table.description
            && !description.charted.is_empty()
            && let Some(value) = number(frame)
        {
            let room = memory.history_room();
            memory.add_history(table.histories.record(&description.charted, frame.name, value, now, room));
        }
    }

    /// Returns the past value of that number of a sensor, or the oldest one kept after it, with its number.
    pub(super) fn past(&self, id: &DeviceId, name: &str, from: u32, now: Instant) -> Option<(u32, Past)> {
        let table = self.find(id)?;
        table.histories.past(&table.description.as_ref()?.charted, name, from, now)
    }

    /// Passes an event on. It is kept for nobody.
    pub(super) fn event(&mut self, id: &DeviceId, frame: Frame<'_>) {
        let Some(table) = self.devices.get(id).filter(|table| table.has_followers()) else { return };
        if frame.bytes.len() <= self.memory.limits.frame && is_event(frame.name, frame.bytes) {
            table.tell(Change::Event(frame));
        } else {
            self.memory.refuse_invalid();
        }
    }

    /// Refuses a value, and clears the one before, because no value is right and the old one is wrong.
    fn leave_out(&mut self, full: Full, id: &DeviceId, name: &str) {
        self.memory.refuse(full);
        self.clear(id, name);
    }

    fn clear(&mut self, id: &DeviceId, name: &str) {
        let Self { devices, memory, .. } = self;
        if let Some(table) = devices.get_mut(id) {
            table.clear(|other, _| other == name, &mut |name, length| memory.remove_value(&name, length));
        }
    }

    /// Removes a device whose frame `thing` was not heard.
    fn forget_unborn(&mut self, id: &DeviceId) {
        if self.devices.get(id).is_some_and(|table| table.greeting.is_none()) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: &DeviceId) {
        let Some(mut table) = self.devices.remove(id) else { return };
        table.tell(Change::Gone);
        self.memory.remove_history(table.histories.clear());
        if let Some((frame, _)) = table.greeting.take() {
            self.count -= 1;
            self.memory.remove_greeting(frame.len());
            self.order.gone(*id, table.revision);
        }
        if let Some(description) = table.description.take() {
            self.memory.remove_description(&description);
        }
        for (name, frame) in table.into_frames() {
            self.memory.remove_value(&name, frame.len());
        }
    }

    /// Forgets the oldest device without a frame `thing` if there are too many of them, before one of this id is made.
    fn make_room(&mut self, id: &DeviceId) {
        if self.unborn.len() >= self.memory.limits.devices
            && !self.devices.contains_key(id)
            && let Some((_, oldest)) = self.unborn.pop_front()
        {
            self.forget_unborn(&oldest);
        }
    }
}

/// Returns the table of a device, which may be new.
fn table_of<'t>(
    devices: &'t mut BTreeMap<DeviceId, Box<DeviceTable>>,
    unborn: &mut VecDeque<(Instant, DeviceId)>,
    now: Instant,
    time: SystemTime,
    id: DeviceId,
) -> &'t mut DeviceTable {
    // Most devices are there soon after the first that is heard of them.
    if unborn.len() == unborn.capacity() {
        unborn.retain(|(_, id)| devices.get(id).is_some_and(|table| table.greeting.is_none()));
        if unborn.len() > unborn.capacity() / 2 {
            unborn.reserve(unborn.len());
        }
    }
    devices.entry(id).or_insert_with(|| {
        unborn.push_back((now.after(THING_TIMEOUT_MS), id));
        Box::new(DeviceTable::new(time))
    })
}

/// Notes a change of a summary.
fn note(order: &mut ChangeOrder, id: &DeviceId, table: &mut DeviceTable) {
    table.revision = order.changed(*id, table.revision);
}
