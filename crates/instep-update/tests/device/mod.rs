//! A device in a model: its flash, ESP-IDF's boot loader, and the firmware in its slots.

#![allow(dead_code, reason = "each test uses its part of it")]

use crate::mock_flash::{MockFlash, SECTOR};
use crate::sample_image::{APPLICATION, BOARD, Sample, load};
use instep_update::{
    Allowed, AtStart, Boot, Chip, Descriptor, Entry, Identity, Label, LastTry, Layout, Network, Otadata,
    Partition, Progress, Refusal, ResetReason, Slot, State, Times, Trial, Updater, Verdict, Writer, boot,
};
use std::cell::RefCell;

pub const OLD: &str = "0.1.0";
pub const NEW: &str = "0.2.0";

const OTADATA: usize = SECTOR;
const SLOTS: [usize; 2] = [4 * SECTOR, 8 * SECTOR];
const SLOT_SIZE: usize = 4 * SECTOR;

/// What a firmware does while it is on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// A client receives an answer.
    Serves,
    /// It panics after the start of the trial.
    Panics,
    /// It gets no address.
    Unreachable,
    /// The power fails at each start.
    LosesPower,
}

/// Result of a part of a device's life that a power cut ends.
pub type Live<T> = Result<T, Refusal>;

/// A device.
#[derive(Clone, Debug)]
pub struct Device {
    pub flash: MockFlash,
    pub rollback: bool,
    pub reset: ResetReason,
    /// Behaviour of each firmware but the old one.
    pub behaviour: Behaviour,
    /// Image that a client uploads next.
    pub wanted: Option<Vec<u8>>,
    /// Whether a trial has been concluded with a confirmation, at least in part.
    pub confirming: bool,
    /// Number of starts.
    pub starts: usize,
}

/// A start of a device.
#[derive(Debug)]
pub struct Start {
    pub slot: Slot,
    pub version: String,
    pub at_start: AtStart,
    pub last_try: LastTry,
}

impl Device {
    /// Returns a device with the old image in a slot, and an entry for it.
    pub fn new(running: Slot, rollback: bool) -> Self {
        let mut device = Self {
            flash: MockFlash::new(12 * SECTOR),
            rollback,
            reset: ResetReason::PowerOn,
            behaviour: Behaviour::Serves,
            wanted: None,
            confirming: false,
            starts: 0,
        };
        device.put(running, OLD);
        let sequence = if running == Slot::Ota0 { 1 } else { 2 };
        device.set_entry(running.index(), &Entry::new(sequence, State::Valid, Label::BLANK));
        device
    }

    /// Puts an image into a slot.
    pub fn put(&mut self, slot: Slot, version: &str) {
        self.slot_mut(slot).fill(0xff);
        let image = Sample::new(version).make();
        self.slot_mut(slot)[..image.len()].copy_from_slice(&image);
    }

    pub fn slot_mut(&mut self, slot: Slot) -> &mut [u8] {
        &mut self.flash.bytes[SLOTS[slot.index()]..][..SLOT_SIZE]
    }

    pub fn slot(&self, slot: Slot) -> &[u8] {
        &self.flash.bytes[SLOTS[slot.index()]..][..SLOT_SIZE]
    }

    pub fn entry(&self, sector: usize) -> Entry {
        Entry::from_bytes(self.flash.bytes[OTADATA + sector * SECTOR..].first_chunk().unwrap())
    }

    pub fn set_entry(&mut self, sector: usize, entry: &Entry) {
        self.entry_mut(sector).copy_from_slice(&entry.to_bytes());
    }

    pub fn entry_mut(&mut self, sector: usize) -> &mut [u8] {
        &mut self.flash.bytes[OTADATA + sector * SECTOR..][..32]
    }

    pub fn otadata(&self) -> Otadata {
        Otadata([self.entry(0), self.entry(1)])
    }

    fn write_entry(&mut self, sector: usize, entry: &Entry) -> Live<()> {
        self.flash.erase_now(OTADATA + sector * SECTOR).map_err(|_| Refusal::FlashFailed)?;
        self.flash.write_now(OTADATA + sector * SECTOR, &entry.to_bytes()).map_err(|_| Refusal::FlashFailed)
    }

    /// Starts as ESP-IDF's boot loader does, and returns the slot and the version.
    fn boot(&mut self) -> Live<(Slot, String)> {
        let Boot { writes, order, writes_initial } = boot(self.otadata(), self.rollback);
        for (sector, entry) in writes.iter().enumerate() {
            if let Some(entry) = entry {
                self.write_entry(sector, entry)?;
            }
        }
        for slot in order {
            if let Some(version) = load(self.slot(slot)) {
                if writes_initial {
                    self.write_entry(0, &Boot::initial_entry(slot))?;
                }
                return Ok((slot, version));
            }
        }
        panic!("a brick: no slot can be loaded; {:?}", self.otadata());
    }

    /// Starts the device once, and does what its firmware does.
    pub fn run_once(&mut self) -> Live<Start> {
        self.starts += 1;
        let (slot, version) = self.boot()?;
        let (running, flash) = (identity(&version), RefCell::new(&mut self.flash));
        let (mut updater, at_start) = Updater::open(&flash, layout(), slot, &running, self.reset)?;
        let start = Start { slot, at_start, last_try: updater.last_try(), version };
        match at_start {
            AtStart::GivenUp(_) => self.reset = ResetReason::OwnReset,
            AtStart::Settled => {
                if let Some(image) = self.wanted.take() {
                    upload(&mut updater, &image)?;
                    self.reset = ResetReason::OwnReset;
                }
            }
            AtStart::OnTrial { before, .. } => {
                let mut trial = Trial::new(before, Times::default(), 1_000);
                let is_old = start.version == OLD;
                match if is_old { Behaviour::Serves } else { self.behaviour } {
                    Behaviour::Panics => self.reset = ResetReason::Panic,
                    Behaviour::LosesPower => self.reset = ResetReason::BrownOut,
                    Behaviour::Serves => trial.answered(2_000, Network::Joined),
                    Behaviour::Unreachable => self.reset = ResetReason::OwnReset,
                }
                let waits = matches!(self.behaviour, Behaviour::Serves | Behaviour::Unreachable) || is_old;
                if let Progress::Decided(verdict) = trial.poll(if waits { 301_000 } else { 3_000 }) {
                    self.confirming |= matches!(verdict, Verdict::Confirmed(_)) && !is_old;
                    updater.conclude(verdict)?;
                }
            }
        }
        Ok(start)
    }

    /// Runs the device until it is settled and nothing is wanted, and returns the last start.
    pub fn live(&mut self) -> Live<Start> {
        for _ in 0..12 {
            let idle = self.wanted.is_none();
            let start = self.run_once()?;
            if idle && start.at_start == AtStart::Settled {
                return Ok(start);
            }
        }
        panic!("the device never settles: {:?}", self.otadata());
    }

    /// Returns after a power cut.
    pub fn power_on(&mut self) {
        (self.flash.power, self.reset, self.wanted) = (None, ResetReason::PowerOn, None);
    }

    /// Updates to a version that serves, and fails unless it runs then.
    pub fn update_again(&mut self, version: &str) {
        self.behaviour = Behaviour::Serves;
        self.wanted = Some(Sample::new(version).make());
        let start = self.live().unwrap();
        assert_eq!(start.version, version, "{:?} {:?}", start.last_try, self.otadata());
    }
}

/// Uploads an image.
pub fn upload(updater: &mut Updater<'_>, image: &[u8]) -> Live<()> {
    let first = image.chunks(SECTOR).next().unwrap();
    let mut writer = updater.begin(first, Allowed::default())?;
    image.chunks(SECTOR).try_for_each(|sector| write(&mut writer, sector))?;
    writer.verify()?.activate(Network::Joined)
}

/// Writes a sector.
pub fn write(writer: &mut Writer<'_, '_>, mut sector: &[u8]) -> Live<()> {
    while !sector.is_empty() {
        sector = writer.write(sector)?;
    }
    Ok(())
}

pub fn layout() -> Layout {
    let part = |offset: usize, size: usize| Partition {
        offset: u32::try_from(offset).unwrap(),
        size: u32::try_from(size).unwrap(),
    };
    Layout::new(part(OTADATA, 2 * SECTOR), SLOTS.map(|offset| part(offset, SLOT_SIZE))).unwrap()
}

pub fn identity(version: &str) -> Identity {
    Identity::new(Chip::ESP32C3, version, &Descriptor::new(BOARD, APPLICATION, "0.2.0"))
}
