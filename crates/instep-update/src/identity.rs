//! What an image is, and whether it may replace another one.

use crate::version::is_lower;
use crate::{Descriptor, Name, Refusal};
use core::fmt::{self, Display};

/// Chip, by the number that images of it have in their header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chip(pub u16);

impl Chip {
    /// ESP32.
    pub const ESP32: Self = Self(0);
    /// ESP32-S2.
    pub const ESP32S2: Self = Self(2);
    /// ESP32-C3.
    pub const ESP32C3: Self = Self(5);
    /// ESP32-S3.
    pub const ESP32S3: Self = Self(9);
    /// ESP32-C6.
    pub const ESP32C6: Self = Self(0xd);
}

impl Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::ESP32 => "ESP32",
            Self::ESP32S2 => "ESP32-S2",
            Self::ESP32C3 => "ESP32-C3",
            Self::ESP32S3 => "ESP32-S3",
            Self::ESP32C6 => "ESP32-C6",
            Self(number) => return write!(f, "chip {number:#06x}"),
        };
        f.write_str(name)
    }
}

/// What an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Chip.
    pub chip: Chip,
    /// Name of the board.
    pub board: Name,
    /// Name of the application.
    pub application: Name,
    /// Version of the application descriptor.
    pub version: Name,
    /// Version of instep.
    pub instep: Name,
}

/// What an upload may do besides replacing an image by one of the same application and no lower version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Whether the version may be lower.
    pub downgrade: bool,
    /// Whether the application may be another one.
    pub other_application: bool,
}

impl Identity {
    /// Creates the identity of the running image from its descriptor.
    ///
    /// # Panics
    /// If the version is empty, longer than 32 bytes, or not printable ASCII. In a constant this is an error of the
    /// compiler.
    pub const fn new(chip: Chip, version: &str, descriptor: &Descriptor) -> Self {
        let [board, application, instep] = descriptor.fields();
        Self {
            chip,
            board: name(board),
            application: name(application),
            version: Name::new(version),
            instep: name(instep),
        }
    }

    /// Creates an identity from its parts.
    pub(crate) const fn from_parts(chip: Chip, version: Name, names: [Name; 3]) -> Self {
        let [board, application, instep] = names;
        Self { chip, board, application, version, instep }
    }

    /// Checks whether an image may replace this one.
    ///
    /// A version that cannot be compared counts as lower. Versions of different applications are not compared.
    ///
    /// # Errors
    /// The reason why it may not.
    pub fn accepts(&self, offered: &Self, allowed: Allowed) -> Result<(), Refusal> {
        if offered.chip != self.chip {
            return Err(Refusal::OtherChip);
        }
        if offered.board != self.board {
            return Err(Refusal::OtherBoard);
        }
        if offered.application != self.application {
            return if allowed.other_application { Ok(()) } else { Err(Refusal::OtherApplication) };
        }
        if !allowed.downgrade && is_lower(offered.version.as_str(), self.version.as_str()) {
            return Err(Refusal::LowerVersion);
        }
        Ok(())
    }
}

/// Returns the name of a descriptor's field, which came from a name.
const fn name(field: &[u8; Name::MAX]) -> Name {
    let mut length = 0;
    while length < Name::MAX && field[length] != 0 {
        length += 1;
    }
    let (text, _) = field.split_at(length);
    match core::str::from_utf8(text) {
        Ok(text) => Name::new(text),
        Err(_) => panic!("a name is printable ASCII"),
    }
}
