//! Access to the slots and to `otadata` in flash.

use crate::layout::SECTOR;
use crate::otadata::LABEL_OFFSET;
use crate::{
    AtStart, ENTRY_LENGTH, Entry, Identity, Label, LastTry, Layout, Network, Otadata, Reason, Refusal,
    ResetReason, Slot, State, UpdateError, Verdict, inspect, next_sequence,
};
use embedded_storage_async::nor_flash::MultiwriteNorFlash;

/// Access to the slots and to `otadata`.
///
/// The flash is shared with the settings: each gets a part of one mutex, as
/// `embassy_embedded_hal::flash::partition::Partition` offers, of which this one spans the whole flash. Offsets are those
/// of the flash. `embassy_embedded_hal::adapter::BlockingAsync` adapts a blocking driver, such as esp-storage.
#[derive(Debug)]
pub struct Updater<F> {
    pub(crate) flash: F,
    pub(crate) layout: Layout,
    running: Slot,
    identity: Identity,
    on_trial: bool,
    last_try: LastTry,
    #[cfg(feature = "signature")]
    pub(crate) signing: Option<crate::signature::Signing>,
}

/// Bytes of a flash operation, aligned to words as some flashes require.
#[repr(align(4))]
pub(crate) struct Aligned<const N: usize>(pub(crate) [u8; N]);

impl<F: MultiwriteNorFlash> Updater<F> {
    /// Whether the flash has words of at most 4 bytes and sectors of 4096 bytes.
    const IS_USABLE: bool =
        4 % F::WRITE_SIZE == 0 && 4 % F::READ_SIZE == 0 && F::ERASE_SIZE == SECTOR as usize;

    /// Opens the flash at the start of an image, and counts the start if the image is on trial.
    ///
    /// `running` is the slot from which the image runs, by the MMU. If this returns [`AtStart::GivenUp`], the device must
    /// restart at once: the old image starts then.
    ///
    /// # Errors
    /// [`UpdateError::Flash`] if the flash fails, [`Refusal::NoSecondSlot`] if the layout or the flash cannot be used.
    pub async fn open(
        flash: F,
        layout: Layout,
        running: Slot,
        identity: Identity,
        reset: ResetReason,
    ) -> Result<(Self, AtStart), UpdateError<F::Error>> {
        if !Self::IS_USABLE || usize::try_from(layout.end()).is_ok_and(|end| end > flash.capacity()) {
            return Err(Refusal::NoSecondSlot.into());
        }
        let mut updater = Self {
            flash,
            layout,
            running,
            identity,
            on_trial: false,
            last_try: LastTry::Unknown,
            #[cfg(feature = "signature")]
            signing: None,
        };
        let otadata = updater.otadata().await?;
        updater.last_try = LastTry::of(&otadata, running);
        let own = otadata.newest_of(running);
        let mut at_start = AtStart::of(own.map(|sector| &otadata.0[sector]), reset);
        if let AtStart::OnTrial { .. } = at_start
            && let Some(sector) = own
            // A flash that fails here would let the trial go on for ever.
            && !matches!(updater.mark_start(sector, &otadata.0[sector]).await, Ok(true))
        {
            at_start = AtStart::GivenUp(Reason::FlashFailed);
        }
        match at_start {
            AtStart::Settled => {}
            AtStart::OnTrial { .. } => updater.on_trial = true,
            AtStart::GivenUp(reason) => updater.give_up(reason).await?,
        }
        Ok((updater, at_start))
    }

    /// Accepts only images that are signed with the secret part of this key.
    #[cfg(feature = "signature")]
    pub fn require_signature(&mut self, key: crate::PublicKey) {
        self.signing = Some(crate::signature::Signing::new(key));
    }

    /// Returns the slot from which the image runs.
    pub fn running(&self) -> Slot {
        self.running
    }

    /// Returns what the running image is.
    pub fn identity(&self) -> &Identity {
        &self.identity
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
        self.layout.slot(self.running.other()).size
    }

    /// Reads what the image in the other slot is, if there is a whole start of one.
    ///
    /// # Errors
    /// [`UpdateError::Flash`] if the flash fails.
    pub async fn other_identity(&mut self) -> Result<Option<Identity>, UpdateError<F::Error>> {
        let mut first = Aligned([0; 512]);
        let offset = self.layout.slot(self.running.other()).offset;
        self.flash.read(offset, &mut first.0).await.map_err(UpdateError::Flash)?;
        Ok(inspect(&first.0).ok())
    }

    /// Ends the trial of the running image.
    ///
    /// After a verdict of [`Verdict::GivenUp`] the device must restart: the old image starts then. A power loss meanwhile
    /// leaves the old image, too.
    ///
    /// # Errors
    /// [`UpdateError::Flash`] if the flash fails, [`Refusal::WrongReadBack`] if it does not keep the verdict.
    pub async fn conclude(&mut self, verdict: Verdict) -> Result<(), UpdateError<F::Error>> {
        match verdict {
            Verdict::GivenUp(reason) => self.give_up(reason).await,
            Verdict::Confirmed(by) => {
                let otadata = self.otadata().await?;
                let label = Label::BLANK.with_verdict(verdict);
                match otadata.newest_of(self.running) {
                    Some(sector) => {
                        let entry = otadata.0[sector].with_state(State::Valid).with_label(label);
                        self.write_entry(sector, &entry).await?;
                    }
                    // The entry was damaged meanwhile.
                    None => self.settle().await?,
                }
                (self.on_trial, self.last_try) = (false, LastTry::Confirmed(by));
                Ok(())
            }
        }
    }

    /// Makes the other slot the boot loader's choice, with a new image on trial.
    pub(crate) async fn activate(&mut self, before: Network) -> Result<(), UpdateError<F::Error>> {
        let otadata = self.otadata().await?;
        // `settle` made sure that the running slot is the choice, and that there is a sequence left.
        let sequence = next_sequence(otadata.highest(), self.running.other()).ok_or(Refusal::FlashFailed)?;
        let sector = otadata.choice().map_or(0, |sector| 1 - sector);
        let entry = Entry::new(sequence, State::New, Label::for_trial(before));
        let written = self.write_entry(sector, &entry).await;
        if written.is_err() {
            // With another state, the new image would start without a trial.
            self.erase_entry(sector).await?;
        }
        written
    }

    /// Makes the running slot the boot loader's choice, if it is not.
    ///
    /// Before the other slot is erased, and before a power loss lets a new image start without a trial. The sector that
    /// the boot loader does not choose is written, so a power loss leaves its choice as it was.
    pub(crate) async fn settle(&mut self) -> Result<(), UpdateError<F::Error>> {
        let otadata = self.otadata().await?;
        let (choice, highest) = (otadata.choice(), otadata.highest());
        let other = self.running.other();
        if let Some(sector) = choice
            && otadata.0[sector].slot() == self.running
            && otadata.0[sector].state() == State::Valid
            && next_sequence(highest, other).is_some()
        {
            return Ok(());
        }
        let sector = choice.map_or(0, |sector| 1 - sector);
        let valid = |sequence| Entry::new(sequence, State::Valid, Label::BLANK);
        match next_sequence(highest, self.running) {
            Some(sequence) if next_sequence(sequence, other).is_some() => {
                self.write_entry(sector, &valid(sequence)).await
            }
            // The sequences are at their end, and begin again: until the other sector is erased, its entry is chosen.
            _ => {
                let first = next_sequence(0, self.running).unwrap_or(1);
                self.write_entry(sector, &valid(first)).await?;
                self.erase_entry(1 - sector).await
            }
        }
    }

    /// Makes the other slot the boot loader's choice, and notes why.
    async fn give_up(&mut self, reason: Reason) -> Result<(), UpdateError<F::Error>> {
        let otadata = self.otadata().await?;
        let own = otadata.newest_of(self.running);
        let other = self.running.other();
        let has_other = otadata.0.iter().any(|entry| entry.is_bootable() && entry.slot() == other);
        if !has_other {
            // The old image's entry was damaged. Without one, the boot loader would try `ota_0`, whatever it is.
            let sequence = own.map_or(0, |sector| otadata.0[sector].sequence()).saturating_sub(1);
            let sequence = if sequence == 0 { next_sequence(0, other).unwrap_or(1) } else { sequence };
            let entry = Entry::new(sequence, State::Valid, Label::BLANK);
            self.write_entry(own.map_or(0, |sector| 1 - sector), &entry).await?;
        }
        if let Some(sector) = own {
            let entry = otadata.0[sector].with_state(State::Aborted);
            let label = entry.label().with_verdict(Verdict::GivenUp(reason));
            self.write_entry(sector, &entry.with_label(label)).await?;
        }
        Ok(())
    }

    async fn otadata(&mut self) -> Result<Otadata, UpdateError<F::Error>> {
        Ok(Otadata([self.read_entry(0).await?, self.read_entry(1).await?]))
    }

    async fn read_entry(&mut self, sector: usize) -> Result<Entry, UpdateError<F::Error>> {
        let mut bytes = Aligned([0; ENTRY_LENGTH]);
        let offset = self.entry_offset(sector);
        self.flash.read(offset, &mut bytes.0).await.map_err(UpdateError::Flash)?;
        Ok(Entry::from_bytes(&bytes.0))
    }

    async fn write_entry(&mut self, sector: usize, entry: &Entry) -> Result<(), UpdateError<F::Error>> {
        self.erase_entry(sector).await?;
        let (offset, bytes) = (self.entry_offset(sector), Aligned(entry.to_bytes()));
        self.flash.write(offset, &bytes.0).await.map_err(UpdateError::Flash)?;
        let kept = self.read_entry(sector).await? == *entry;
        if kept { Ok(()) } else { Err(Refusal::WrongReadBack.into()) }
    }

    async fn erase_entry(&mut self, sector: usize) -> Result<(), UpdateError<F::Error>> {
        let offset = self.entry_offset(sector);
        self.flash.erase(offset, offset + SECTOR).await.map_err(UpdateError::Flash)
    }

    /// Clears a bit of an entry's label, and returns whether the flash kept it.
    async fn mark_start(&mut self, sector: usize, entry: &Entry) -> Result<bool, UpdateError<F::Error>> {
        let marked = entry.label().with_start();
        let offset = self.entry_offset(sector) + LABEL_OFFSET;
        let word = Aligned(marked.starts_word());
        self.flash.write(offset, &word.0).await.map_err(UpdateError::Flash)?;
        Ok(self.read_entry(sector).await?.label() == marked)
    }

    fn entry_offset(&self, sector: usize) -> u32 {
        self.layout.otadata().offset + if sector == 0 { 0 } else { SECTOR }
    }
}
