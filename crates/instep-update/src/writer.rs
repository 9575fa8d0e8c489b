//! Writing of an image into the slot that does not run.

use crate::layout::SECTOR;
use crate::updater::Aligned;
use crate::{
    Allowed, Identity, ImageCheck, Network, Partition, Refusal, SECTOR_SIZE, UpdateError, Updater, inspect,
};
use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::MultiwriteNorFlash;

/// Number of bytes that are written at once: a page of the flash.
const PAGE: usize = 256;
/// Number of pages after which other tasks run.
const PAGES_AT_ONCE: usize = 4;
/// Number of bytes that are read back at once.
const READ_AT_ONCE: usize = 64;
/// Number of bytes at the start of the image that are written last.
const FIRST_WORD: usize = 4;

/// Writing of an image, by [`Updater::begin`].
///
/// If it is dropped before [`Writer::finish`], the slot holds no image, and the running one stays.
#[derive(Debug)]
pub struct Writer<'a, F> {
    updater: &'a mut Updater<F>,
    offered: Identity,
    slot: Partition,
    check: ImageCheck,
    written: u32,
    first_word: [u8; FIRST_WORD],
}

impl<F: MultiwriteNorFlash> Updater<F> {
    /// Begins an update, after a look at the first sector of an image, of 4096 bytes unless the image is shorter.
    ///
    /// Nothing is erased if this is refused. The first sector is written as the others are, by [`Writer::write`].
    ///
    /// # Errors
    /// The reason why the image is not accepted.
    pub async fn begin(
        &mut self,
        first: &[u8],
        allowed: Allowed,
    ) -> Result<Writer<'_, F>, UpdateError<F::Error>> {
        // The other slot holds the image to return to.
        if self.is_on_trial() {
            return Err(Refusal::OnTrial.into());
        }
        let offered = inspect(first)?;
        self.identity().accepts(&offered, allowed)?;
        self.settle().await?;
        Ok(Writer::new(self, offered))
    }
}

impl<'a, F: MultiwriteNorFlash> Writer<'a, F> {
    fn new(updater: &'a mut Updater<F>, offered: Identity) -> Self {
        let slot = updater.layout.slot(updater.running().other());
        let check = ImageCheck::new(slot.size);
        Self { updater, offered, slot, check, written: 0, first_word: [0xff; FIRST_WORD] }
    }

    /// Returns what the image is.
    pub fn offered(&self) -> &Identity {
        &self.offered
    }

    /// Returns the number of bytes that were written.
    pub fn written(&self) -> u32 {
        self.written
    }

    /// Writes the next sector: 4096 bytes, or fewer at the end.
    ///
    /// The bytes should be aligned to words, because esp-storage otherwise copies them through 4 KiB of the stack.
    /// The sector is erased just ahead. Other tasks run after that, and every four pages.
    ///
    /// # Errors
    /// The reason why the image is not accepted, or an error of the flash. The writer is of no use then.
    pub async fn write(&mut self, sector: &[u8]) -> Result<(), UpdateError<F::Error>> {
        // Only the last sector may be shorter, and an image is whole words.
        if !self.written.is_multiple_of(SECTOR) || !sector.len().is_multiple_of(4) {
            return Err(Refusal::CutShort.into());
        }
        if sector.len() > SECTOR_SIZE || self.written >= self.slot.size {
            return Err(Refusal::TooLong.into());
        }
        let offset = self.slot.offset + self.written;
        self.updater.flash.erase(offset, offset + SECTOR).await.map_err(UpdateError::Flash)?;
        yield_now().await;
        for (index, page) in sector.chunks(PAGE).enumerate() {
            self.write_page(page).await?;
            if index % PAGES_AT_ONCE == PAGES_AT_ONCE - 1 {
                yield_now().await;
            }
        }
        Ok(())
    }

    /// Checks the image as a whole, and makes it the boot loader's choice.
    ///
    /// `before` is the network in which this device is reached. The device must restart after the answer to its client:
    /// the new image starts then, on trial. If the updater has a key, nothing else runs while the signature is checked:
    /// about 0.6 s on a chip with 160 MHz. This is the only pause of an update that is longer than an erasure.
    ///
    /// # Errors
    /// The reason why the image is not accepted, or an error of the flash. The writer is of no use after this.
    pub async fn finish(&mut self, before: Network) -> Result<(), UpdateError<F::Error>> {
        let whole = self.check.finish()?;
        #[cfg(feature = "signature")]
        if let Some(signing) = self.updater.signing {
            // Other tasks run first, because nothing else runs while the signature is checked.
            yield_now().await;
            (signing.verify)(&signing.key, &self.offered, &whole)?;
        }
        #[cfg(not(feature = "signature"))]
        let _ = whole;
        // From here on, the slot holds an image that can be loaded.
        self.updater
            .flash
            .write(self.slot.offset, &Aligned(self.first_word).0)
            .await
            .map_err(UpdateError::Flash)?;
        let mut kept = Aligned([0; FIRST_WORD]);
        self.updater.flash.read(self.slot.offset, &mut kept.0).await.map_err(UpdateError::Flash)?;
        if kept.0 != self.first_word {
            return Err(Refusal::WrongReadBack.into());
        }
        self.updater.activate(before).await
    }

    /// Writes a page, reads it back, and checks what was read.
    async fn write_page(&mut self, page: &[u8]) -> Result<(), UpdateError<F::Error>> {
        let mut offset = self.slot.offset + self.written;
        let mut held = 0;
        if self.written == 0 {
            held = FIRST_WORD;
            self.first_word = *page.first_chunk().ok_or(Refusal::CutShort)?;
        }
        let after = offset + if held == 0 { 0 } else { 4 };
        self.updater.flash.write(after, &page[held..]).await.map_err(UpdateError::Flash)?;
        for wanted in page.chunks(READ_AT_ONCE) {
            let mut kept = Aligned([0; READ_AT_ONCE]);
            let kept = &mut kept.0[..wanted.len()];
            self.updater.flash.read(offset, kept).await.map_err(UpdateError::Flash)?;
            if self.written == 0 {
                if kept[..FIRST_WORD] != [0xff; FIRST_WORD] {
                    return Err(Refusal::WrongReadBack.into());
                }
                kept[..FIRST_WORD].copy_from_slice(&self.first_word);
            }
            if wanted != kept {
                return Err(Refusal::WrongReadBack.into());
            }
            self.check.take(kept)?;
            #[allow(clippy::cast_possible_truncation, reason = "this is at most READ_AT_ONCE bytes")]
            let length = wanted.len() as u32;
            self.written += length;
            offset += length;
        }
        Ok(())
    }
}
