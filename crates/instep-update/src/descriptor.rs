//! The descriptor of an image that instep made.
//!
//! | 128 bytes | |
//! |---|---|
//! | 8 | `instep`, 0xd5, version of the format (1) |
//! | 32, 32, 32 | names of the board and of the application, version of instep, each padded with NULs |
//! | 24 | 0 |

use crate::Name;

/// Start of a descriptor.
pub(crate) const MAGIC: [u8; 8] = *b"instep\xd5\x01";
/// Length of a descriptor, in bytes.
pub(crate) const LENGTH: usize = 128;

/// Descriptor by which an image tells its board and its application.
///
/// A firmware has it in a static directly behind the application descriptor (`esp_app_desc!`), which is the first thing
/// in an image: `#[unsafe(link_section = ".flash.appdesc.instep")]` with `#[used]`. The linker script of esp-hal keeps
/// `.flash.appdesc` first and `.flash.appdesc.*` behind it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    magic: [u8; 8],
    board: [u8; Name::MAX],
    application: [u8; Name::MAX],
    instep: [u8; Name::MAX],
    reserved: [u8; 24],
}

const _: () = assert!(size_of::<Descriptor>() == LENGTH && align_of::<Descriptor>() == 1);

impl Descriptor {
    /// Creates a descriptor from the names of the board and of the application and the version of instep.
    ///
    /// # Panics
    /// If a text is empty, longer than 32 bytes, or not printable ASCII. In a static this is an error of the compiler.
    pub const fn new(board: &str, application: &str, instep: &str) -> Self {
        Self {
            magic: MAGIC,
            board: *Name::new(board).padded(),
            application: *Name::new(application).padded(),
            instep: *Name::new(instep).padded(),
            reserved: [0; 24],
        }
    }

    /// Returns the fields of the names of board and application, and of the version of instep.
    pub(crate) const fn fields(&self) -> [&[u8; Name::MAX]; 3] {
        [&self.board, &self.application, &self.instep]
    }

    /// Returns the bytes of the descriptor, as they are in an image.
    pub fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let [board, application, instep] = self.fields();
        for (to, from) in [(0, &MAGIC[..]), (8, board), (40, application), (72, instep)] {
            bytes[to..to + from.len()].copy_from_slice(from);
        }
        bytes
    }

    /// Finds a descriptor in `bytes`, at whole words.
    ///
    /// Returns its names: board, application, version of instep. Returns `None` if there is no descriptor, or one whose
    /// names are no names.
    pub(crate) fn find(bytes: &[u8]) -> Option<[Name; 3]> {
        let mut rest = bytes;
        loop {
            let descriptor = rest.first_chunk::<LENGTH>()?;
            if let Some(fields) = descriptor.strip_prefix(&MAGIC) {
                let (fields, _) = fields.as_chunks();
                let [board, application, instep] = fields else { return None };
                let name = Name::from_padded;
                return Some([name(board)?, name(application)?, name(instep)?]);
            }
            (_, rest) = rest.split_at_checked(4)?;
        }
    }
}
