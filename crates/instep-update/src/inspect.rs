//! What the first bytes of an image tell.

use crate::image::{APP_DESCRIPTOR, Header};
use crate::{Chip, Descriptor, Identity, Name, Refusal};

/// Start of an application descriptor.
const APP_MAGIC: [u8; 4] = 0xabcd_5432_u32.to_le_bytes();
/// Offset of the version in the application descriptor, in bytes.
const APP_VERSION: usize = 16;
/// Length of the application descriptor, in bytes.
const APP_LENGTH: usize = 256;

/// Reads from the first 4096 bytes of an image what it is.
///
/// Fewer bytes are enough if both descriptors are in them, which they are in the first 512 bytes.
///
/// # Errors
/// [`Refusal::NotAnImage`], [`Refusal::NoHash`], or [`Refusal::NoDescriptor`].
pub fn inspect(first: &[u8]) -> Result<Identity, Refusal> {
    let header = first.first_chunk().ok_or(Refusal::NotAnImage)?;
    let header = Header::parse(header)?;
    let (start, rest) =
        first.split_first_chunk::<{ APP_DESCRIPTOR + APP_LENGTH }>().ok_or(Refusal::NotAnImage)?;
    let app = &start[APP_DESCRIPTOR..];
    if !app.starts_with(&APP_MAGIC) {
        return Err(Refusal::NotAnImage);
    }
    let version = app[APP_VERSION..].first_chunk().and_then(Name::from_padded).ok_or(Refusal::NotAnImage)?;
    let names = Descriptor::find(rest).ok_or(Refusal::NoDescriptor)?;
    Ok(Identity::from_parts(Chip(header.chip), version, names))
}
