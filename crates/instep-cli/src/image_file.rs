//! Files with an image of firmware.

use instep_update::{Identity, ImageCheck, Refusal, SIGNATURE_LENGTH, WholeImage, inspect};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Maximum length of an image, in bytes: the flash of an ESP32 with the most of it.
const LENGTH_MAX: u32 = 16 << 20;

/// A whole image, with a signature or without.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) identity: Identity,
    pub(crate) whole: WholeImage,
}

/// Reason why a file is no image.
#[derive(Debug)]
pub(crate) enum ImageError {
    /// The file cannot be read.
    Read(io::Error),
    /// The file is no whole image.
    Refused(Refusal),
    /// The file is firmware as the linker writes it.
    Elf,
}

impl Image {
    /// Reads a file, and checks it as a device does.
    ///
    /// # Errors
    /// The first reason why it is no whole image.
    pub(crate) fn read(path: &Path) -> Result<Self, ImageError> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(ImageError::Read)?;
        file.take(u64::from(LENGTH_MAX) + 1).read_to_end(&mut bytes).map_err(ImageError::Read)?;
        Self::parse(bytes)
    }

    /// Checks bytes as a device does.
    fn parse(bytes: Vec<u8>) -> Result<Self, ImageError> {
        if bytes.starts_with(b"\x7fELF") {
            return Err(ImageError::Elf);
        }
        let identity = inspect(&bytes).map_err(ImageError::Refused)?;
        let mut check = ImageCheck::new(LENGTH_MAX);
        let whole = check.take(&bytes).and_then(|()| check.finish()).map_err(ImageError::Refused)?;
        Ok(Self { bytes, identity, whole })
    }

    /// Returns the image without its signature.
    pub(crate) fn unsigned(&self) -> &[u8] {
        let signature = if self.whole.signature.is_some() { SIGNATURE_LENGTH } else { 0 };
        &self.bytes[..self.bytes.len() - signature]
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "{error}; name the file of an image"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Elf => f.write_str("this is an ELF file; name the image that was made from it (.bin)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use updatable_device::Sample;

    #[test]
    fn image_is_read_whole_with_and_without_signature() {
        let bytes = Sample::new("0.3.0").make();
        let image = Image::parse(bytes.clone()).unwrap();
        assert_eq!((image.identity.version.as_str(), image.whole.signature), ("0.3.0", None));
        assert_eq!(image.unsigned(), bytes);
        let image = Image::parse([&bytes[..], &[7; 64]].concat()).unwrap();
        assert_eq!((image.whole.signature, image.unsigned()), (Some([7; 64]), &bytes[..]));
    }

    #[test]
    fn other_files_are_told_apart() {
        let bytes = Sample::new("0.3.0").make();
        let mut flipped = bytes.clone();
        flipped[5000] ^= 1;
        for (bytes, says) in [
            (b"\x7fELF\x01\x01".to_vec(), "this is an ELF file"),
            (Vec::new(), "not a firmware image"),
            (b"<html>".repeat(100), "not a firmware image"),
            (bytes[..bytes.len() - 1].to_vec(), "incomplete"),
            ([&bytes[..], &[0; 4]].concat(), "goes on after the image"),
            (flipped, "checksum is wrong"),
        ] {
            let error = Image::parse(bytes).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
