//! Writing of an image into the slot that does not run.

use crate::layout::SECTOR;
use crate::updater::Aligned;
use crate::{Allowed, ImageCheck, Network, Refusal, Updater, inspect};

/// Number of bytes that the flash writes at once.
const PAGE: usize = 256;
/// Number of bytes at the start of the image that are written last.
const FIRST_WORD: usize = 4;

/// Writing of an image, by [`Updater::begin`].
///
/// If it is dropped, the slot holds no image, and the running one stays.
#[derive(Debug)]
pub struct Writer<'u, 'f> {
    updater: &'u mut Updater<'f>,
    check: ImageCheck,
    /// End of the last erased sector.
    erased: u32,
    first_word: [u8; FIRST_WORD],
}

/// An image that is written and checked as a whole, by [`Writer::verify`].
///
/// If it is dropped, the slot holds no image, and the running one stays.
#[derive(Debug)]
pub struct Verified<'w, 'u, 'f>(&'w mut Writer<'u, 'f>);

impl<'f> Updater<'f> {
    /// Begins an update, after a look at the first sector of an image, of 4096 bytes unless the image is shorter.
    ///
    /// Nothing is erased if this is refused. The first sector is written as the others are, by [`Writer::write`].
    ///
    /// # Errors
    /// The reason why the image is not accepted.
    pub fn begin(&mut self, first: &[u8], allowed: Allowed) -> Result<Writer<'_, 'f>, Refusal> {
        // The other slot holds the image to return to.
        if self.is_on_trial() {
            return Err(Refusal::OnTrial);
        }
        let offered = inspect(first)?;
        self.identity().accepts(&offered, allowed)?;
        self.settle()?;
        let check = ImageCheck::new(self.other.size);
        Ok(Writer { updater: self, check, erased: 0, first_word: [0xff; FIRST_WORD] })
    }
}

impl<'u, 'f> Writer<'u, 'f> {
    /// Returns the number of bytes that were written.
    pub fn written(&self) -> u32 {
        self.check.length()
    }

    /// Does the next step of writing `bytes`, and returns those that are left.
    ///
    /// A step is an erasure of the next sector, about 45 ms, or a write of up to 256 bytes, about 0.7 ms. Other tasks should
    /// run between the steps.
    ///
    /// The bytes are whole words, and aligned to words, because esp-storage otherwise copies them through 4 KiB of the
    /// stack.
    ///
    /// # Errors
    /// The reason why the image is not accepted. The writer is of no use then.
    pub fn write<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Refusal> {
        if bytes.is_empty() {
            return Ok(bytes);
        }
        if self.written() == self.erased {
            if self.erased >= self.updater.other.size {
                return Err(Refusal::TooLong);
            }
            self.updater.flash.erase(self.updater.other.offset + self.erased)?;
            self.erased += SECTOR;
            return Ok(bytes);
        }
        let in_page = self.written() as usize % PAGE;
        let (page, rest) = bytes.split_at_checked(PAGE - in_page).unwrap_or((bytes, &[]));
        self.write_page(page)?;
        Ok(rest)
    }

    /// Checks the image as a whole.
    ///
    /// If the updater has a key, this checks the signature, in one piece: about 0.6 s on a chip with 160 MHz. This is the
    /// only step of an update that is longer than an erasure.
    ///
    /// # Errors
    /// The reason why the image is not accepted.
    pub fn verify(&mut self) -> Result<Verified<'_, 'u, 'f>, Refusal> {
        let whole = self.check.finish()?;
        #[cfg(feature = "signature")]
        if let Some(signing) = self.updater.signing {
            // From the flash, as the hash is.
            let image = self.updater.inspect_other(Some(self.first_word))??;
            (signing.verify)(signing.key, &image, &whole)?;
        }
        #[cfg(not(feature = "signature"))]
        let _ = whole;
        Ok(Verified(self))
    }

    /// Writes a page, or a part of one, reads it back, and checks what was read.
    fn write_page(&mut self, page: &[u8]) -> Result<(), Refusal> {
        // An image is whole words, so this is its end.
        if !page.len().is_multiple_of(4) {
            return Err(Refusal::CutShort);
        }
        let offset = self.updater.other.offset + self.written();
        let is_first = self.written() == 0;
        let (after, wanted) = match page.split_first_chunk() {
            Some((first_word, rest)) if is_first => {
                self.first_word = *first_word;
                (offset + 4, rest)
            }
            _ => (offset, page),
        };
        self.updater.flash.write(after, wanted)?;
        let mut kept = Aligned([0; PAGE]);
        let kept = kept.0.get_mut(..page.len()).unwrap_or_default();
        self.updater.flash.read(offset, kept)?;
        if let Some(first_word) = kept.first_chunk_mut()
            && is_first
        {
            if *first_word != [0xff; FIRST_WORD] {
                return Err(Refusal::WrongReadBack);
            }
            *first_word = self.first_word;
        }
        if page != kept {
            return Err(Refusal::WrongReadBack);
        }
        self.check.take(kept)
    }
}

impl Verified<'_, '_, '_> {
    /// Makes the image the boot loader's choice.
    ///
    /// `before` is the network in which this device is reached. The device must restart after the answer to its client:
    /// the new image starts then, on trial.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`] or [`Refusal::WrongReadBack`]. The running image stays.
    pub fn activate(self, before: Network) -> Result<(), Refusal> {
        let Writer { updater, first_word, .. } = self.0;
        let start = updater.other.offset;
        // From here on, the slot holds an image that can be loaded.
        updater.flash.write(start, &Aligned(*first_word).0)?;
        let mut kept = Aligned([0; FIRST_WORD]);
        updater.flash.read(start, &mut kept.0)?;
        if kept.0 != *first_word {
            return Err(Refusal::WrongReadBack);
        }
        updater.activate(before)
    }
}
