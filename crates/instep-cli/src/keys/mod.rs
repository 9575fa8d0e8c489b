//! Keys of firmware: `instep keygen` and `instep sign`.

mod key_file;
mod keygen;
mod outcome;
mod sign;

/// The command that makes a key.
pub(crate) const KEYGEN: instep_linux::Command = keygen::COMMAND;
/// The command that signs an image.
pub(crate) const SIGN: instep_linux::Command = sign::COMMAND;
