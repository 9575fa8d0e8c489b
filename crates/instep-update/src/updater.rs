//! Access to the slots and to `otadata` in flash.

use crate::layout::SECTOR;
use crate::otadata::LABEL_OFFSET;
use crate::{
    AtStart, ENTRY_LENGTH, Entry, Flash, Identity, Label, LastTry, Layout, Network, Otadata, Partition,
    Reason, Refusal, ResetReason, Slot, State, Verdict, inspect, next_sequence,
};
use core::fmt::{self, Debug, Formatter};

/// Access to the slots and to `otadata`.
///
/// Each call returns when the flash is done. Other tasks run between the calls.
pub struct Updater<'f> {
    pub(crate) flash: &'f dyn Flash,
    otadata: u32,
    /// The slot that does not run.
    pub(crate) other: Partition,
    running: Slot,
    identity: &'f Identity,
    on_trial: bool,
    last_try: LastTry,
    #[cfg(feature = "signature")]
    pub(crate) signing: Option<crate::signature::Signing<'f>>,
}

/// Bytes of a flash operation, aligned to words as some flashes require.
#[repr(align(4))]
pub(crate) struct Aligned<const N: usize>(pub(crate) [u8; N]);

impl<'f> Updater<'f> {
    /// Opens the flash at the start of an image, and counts the start if the image is on trial.
    ///
    /// `running` is the slot from which the image runs, by the MMU. If this returns [`AtStart::GivenUp`], the device must
    /// restart at once: the old image starts then.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`], [`Refusal::NoSecondSlot`] if the flash ends before the layout does.
    pub fn open(
        flash: &'f dyn Flash,
        layout: Layout,
        running: Slot,
        identity: &'f Identity,
        reset: ResetReason,
    ) -> Result<(Self, AtStart), Refusal> {
        if usize::try_from(layout.end()).is_ok_and(|end| end > flash.capacity()) {
            return Err(Refusal::NoSecondSlot);
        }
        let mut updater = Self {
            flash,
            otadata: layout.otadata().offset,
            other: layout.slot(running.other()),
            running,
            identity,
            on_trial: false,
            last_try: LastTry::Unknown,
            #[cfg(feature = "signature")]
            signing: None,
        };
        let otadata = updater.otadata()?;
        updater.last_try = LastTry::of(&otadata, running);
        let own = otadata.newest_of(running);
        let mut at_start = AtStart::of(own.map(|sector| otadata.of(sector)), reset);
        if let AtStart::OnTrial { .. } = at_start
            && let Some(sector) = own
            // A flash that fails here would let the trial go on for ever.
            && !matches!(updater.mark_start(sector, otadata.of(sector)), Ok(true))
        {
            at_start = AtStart::GivenUp(Reason::FlashFailed);
        }
        match at_start {
            AtStart::Settled => {}
            AtStart::OnTrial { .. } => updater.on_trial = true,
            AtStart::GivenUp(reason) => {
                if updater.give_up(reason).is_err()
                    && let Some(label) = own.map(|sector| otadata.of(sector).label)
                {
                    // Otherwise the image would run unjudged. A restart now could go on for ever.
                    at_start = AtStart::OnTrial { start: label.starts() + 1, before: label.before() };
                    updater.on_trial = true;
                }
            }
        }
        Ok((updater, at_start))
    }

    /// Accepts only images that are signed with the secret part of this key.
    #[cfg(feature = "signature")]
    pub fn require_signature(&mut self, key: &'f crate::PublicKey) {
        self.signing = Some(crate::signature::Signing::new(key));
    }

    /// Returns what the running image is.
    pub fn identity(&self) -> &Identity {
        self.identity
    }

    /// Returns whether the running image is on trial.
    pub fn is_on_trial(&self) -> bool {
        self.on_trial
    }

    /// Returns what became of the last update.
    pub fn last_try(&self) -> LastTry {
        self.last_try
    }

    /// Returns the maximum length of content, in bytes.
    pub fn length_max(&self) -> u32 {
        self.other.size
    }

    /// Reads what the image in the other slot is, if there is a whole start of one: the image before this one, or the one
    /// that was activated.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    pub fn other_identity(&mut self) -> Result<Option<Identity>, Refusal> {
        Ok(self.inspect_other(None)?.ok())
    }

    /// Reads what the image in the other slot is. Its first word is perhaps not written yet.
    pub(crate) fn inspect_other(
        &mut self,
        first_word: Option<[u8; 4]>,
    ) -> Result<Result<Identity, Refusal>, Refusal> {
        let mut first = Aligned([0; 512]);
        self.flash.read(self.other.offset, &mut first.0)?;
        if let (Some(word), Some(start)) = (first_word, first.0.first_chunk_mut()) {
            *start = word;
        }
        Ok(inspect(&first.0))
    }

    /// Ends the trial of the running image.
    ///
    /// After a verdict of [`Verdict::GivenUp`] the device must restart: the old image starts then. A power loss meanwhile
    /// leaves the old image, too.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`], [`Refusal::WrongReadBack`] if it does not keep the verdict.
    pub fn conclude(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        match verdict {
            Verdict::GivenUp(reason) => self.give_up(reason),
            Verdict::Confirmed(by) => {
                let otadata = self.otadata()?;
                let label = Label::BLANK.with_verdict(verdict);
                match otadata.newest_of(self.running) {
                    Some(sector) => {
                        let entry = otadata.of(sector).with_state(State::Valid).with_label(label);
                        self.write_entry(sector, &entry)?;
                    }
                    // The entry was damaged meanwhile.
                    None => self.settle()?,
                }
                (self.on_trial, self.last_try) = (false, LastTry::Confirmed(by));
                Ok(())
            }
        }
    }

    /// Makes the other slot the boot loader's choice, with a new image on trial.
    pub(crate) fn activate(&mut self, before: Network) -> Result<(), Refusal> {
        let otadata = self.otadata()?;
        // `settle` made sure that the running slot is the choice, and that there is a sequence left.
        let sequence = next_sequence(otadata.highest(), self.running.other()).ok_or(Refusal::FlashFailed)?;
        let sector = otadata.choice().map_or(0, |sector| 1 - sector);
        let entry = Entry::new(sequence, State::New, Label::for_trial(before));
        let written = self.write_entry(sector, &entry);
        if written.is_err() {
            // With another state, the new image would start without a trial.
            self.erase_entry(sector)?;
        }
        written
    }

    /// Makes the running slot the boot loader's choice, if it is not.
    ///
    /// Before the other slot is erased, and before a power loss lets a new image start without a trial. The sector that
    /// the boot loader does not choose is written, so a power loss leaves its choice as it was.
    pub(crate) fn settle(&mut self) -> Result<(), Refusal> {
        let otadata = self.otadata()?;
        let (choice, highest) = (otadata.choice(), otadata.highest());
        let other = self.running.other();
        if let Some(sector) = choice
            && otadata.of(sector).slot() == self.running
            && otadata.of(sector).state() == State::Valid
            && next_sequence(highest, other).is_some()
        {
            return Ok(());
        }
        let sector = choice.map_or(0, |sector| 1 - sector);
        let valid = |sequence| Entry::new(sequence, State::Valid, Label::BLANK);
        match next_sequence(highest, self.running) {
            Some(sequence) if next_sequence(sequence, other).is_some() => {
                self.write_entry(sector, &valid(sequence))
            }
            // The sequences are at their end, and begin again: until the other sector is erased, its entry is chosen.
            _ => {
                let first = next_sequence(0, self.running).unwrap_or(1);
                self.write_entry(sector, &valid(first))?;
                self.erase_entry(1 - sector)
            }
        }
    }

    /// Makes the other slot the boot loader's choice, and notes why.
    fn give_up(&mut self, reason: Reason) -> Result<(), Refusal> {
        let otadata = self.otadata()?;
        let own = otadata.newest_of(self.running);
        let other = self.running.other();
        let has_other = otadata.0.iter().any(|entry| entry.is_bootable() && entry.slot() == other);
        if !has_other {
            // The old image's entry was damaged. Without one, the boot loader would try `ota_0`, whatever it is.
            let sequence = own.map_or(0, |sector| otadata.of(sector).sequence()).saturating_sub(1);
            let sequence = if sequence == 0 { next_sequence(0, other).unwrap_or(1) } else { sequence };
            let entry = Entry::new(sequence, State::Valid, Label::BLANK);
            self.write_entry(own.map_or(0, |sector| 1 - sector), &entry)?;
        }
        if let Some(sector) = own {
            let entry = otadata.of(sector).with_state(State::Aborted);
            let label = entry.label.with_verdict(Verdict::GivenUp(reason));
            self.write_entry(sector, &entry.with_label(label))?;
        }
        Ok(())
    }

    fn otadata(&mut self) -> Result<Otadata, Refusal> {
        Ok(Otadata([self.read_entry(0)?, self.read_entry(1)?]))
    }

    fn read_entry(&mut self, sector: usize) -> Result<Entry, Refusal> {
        let mut bytes = Aligned([0; ENTRY_LENGTH]);
        let offset = self.entry_offset(sector);
        self.flash.read(offset, &mut bytes.0)?;
        Ok(Entry::from_bytes(&bytes.0))
    }

    fn write_entry(&mut self, sector: usize, entry: &Entry) -> Result<(), Refusal> {
        self.erase_entry(sector)?;
        let (offset, bytes) = (self.entry_offset(sector), Aligned(entry.to_bytes()));
        self.flash.write(offset, &bytes.0)?;
        let kept = self.read_entry(sector)? == *entry;
        if kept { Ok(()) } else { Err(Refusal::WrongReadBack) }
    }

    fn erase_entry(&mut self, sector: usize) -> Result<(), Refusal> {
        let offset = self.entry_offset(sector);
        self.flash.erase(offset)
    }

    /// Clears a bit of an entry's label, and returns whether the flash kept it.
    fn mark_start(&mut self, sector: usize, entry: &Entry) -> Result<bool, Refusal> {
        let marked = entry.label.with_start();
        let offset = self.entry_offset(sector) + LABEL_OFFSET;
        let word = Aligned(marked.starts_word());
        self.flash.write(offset, &word.0)?;
        Ok(self.read_entry(sector)?.label == marked)
    }

    fn entry_offset(&self, sector: usize) -> u32 {
        self.otadata + if sector == 0 { 0 } else { SECTOR }
    }
}

impl Debug for Updater<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { running, on_trial, last_try, .. } = self;
        f.debug_struct("Updater")
            .field("running", running)
            .field("on_trial", on_trial)
            .field("last_try", last_try)
            .finish_non_exhaustive()
    }
}
