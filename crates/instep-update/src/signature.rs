//! Signatures of images: Ed25519 over a text that names the image and its hash.
//!
//! The crate for it is salty, because it takes half of the flash that ed25519-compact takes. It takes longer, which one
//! pause at the end of an update can.

use crate::ed25519::Verification;
use crate::{Identity, Refusal, WholeImage};
use core::fmt::{self, Write};
use heapless::String;

/// Maximum length of a signed text, in bytes.
pub const SIGNED_TEXT_MAX: usize = 192;

/// Public key of the images that a device accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// Check of signatures.
///
/// Only [`Signing::new`] names the function, so firmware without a key does not link it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing<'k> {
    pub(crate) key: &'k PublicKey,
    pub(crate) verify: fn(&PublicKey, &Identity, &WholeImage) -> Result<(), Refusal>,
}

impl<'k> Signing<'k> {
    pub(crate) fn new(key: &'k PublicKey) -> Self {
        Self { key, verify: PublicKey::verify }
    }
}

impl PublicKey {
    /// Creates a key from its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses 64 hexadecimal digits.
    ///
    /// Returns `None` for any other text.
    pub const fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let (mut bytes, mut index) = ([0; 32], 0);
        while index < 64 {
            let digit = match digits[index] {
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'a'..=b'f' => digit - b'a' + 10,
                digit @ b'A'..=b'F' => digit - b'A' + 10,
                _ => return None,
            };
            bytes[index / 2] = bytes[index / 2] << 4 | digit;
            index += 1;
        }
        Some(Self(bytes))
    }

    /// Checks the signature of an image.
    ///
    /// # Errors
    /// [`Refusal::NotSigned`] or [`Refusal::WrongSignature`].
    pub fn verify(&self, image: &Identity, whole: &WholeImage) -> Result<(), Refusal> {
        let signature = whole.signature.as_ref().ok_or(Refusal::NotSigned)?;
        let mut verification = Verification::new(&self.0, signature).ok_or(Refusal::WrongSignature)?;
        let written = write_signed_text(&mut verification, image, &whole.hash);
        if written.is_ok() && verification.finish() { Ok(()) } else { Err(Refusal::WrongSignature) }
    }
}

/// Returns the text that a signature is made of.
///
/// These are lines, each with a line feed at its end: `instep firmware 1`; the number of the chip in decimal digits; the
/// names of the board and of the application; the version; the SHA-256 of the image in small hexadecimal digits. No name
/// has a line feed, so each text names one image.
pub fn signed_text(image: &Identity, hash: &[u8; 32]) -> String<SIGNED_TEXT_MAX> {
    let mut text = String::new();
    // The longest texts have 18 + 6 + 3 * 33 + 65 = 188 bytes, so nothing is cut.
    let _ = write_signed_text(&mut text, image, hash);
    text
}

fn write_signed_text(text: &mut dyn Write, image: &Identity, hash: &[u8; 32]) -> fmt::Result {
    let Identity { chip, board, application, version, .. } = image;
    write!(text, "instep firmware 1\n{}\n{board}\n{application}\n{version}\n", chip.0)?;
    for byte in hash {
        write!(text, "{byte:02x}")?;
    }
    text.write_str("\n")
}
