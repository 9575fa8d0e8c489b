//! Facts about the firmware, as the board states them.

use super::short_text::ShortText;
use crate::limits::builders;
use instep_proto::texts;

/// Maximum length of a version, in bytes.
pub(super) const VERSION_MAX: usize = 32;

/// Facts about the firmware of a device.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FirmwareStatus {
    /// The version of the running image.
    pub version: &'static str,
    /// The board for which the image is built.
    pub board: &'static str,
    /// The chip for which images are, as the number in their header. `None` if it is not told.
    pub chip: Option<u16>,
    /// The application of the image.
    pub application: &'static str,
    /// The slot from which the image runs, such as `ota_0`.
    pub slot: &'static str,
    /// The state of the running image.
    pub state: ImageState,
    /// The length of the slot for a new image, in bytes. `None` if there is no such slot.
    pub capacity: Option<u32>,
    /// Whether the flash failed when the device started, so that no image can be received.
    pub flash_failed: bool,
    /// What became of the last upload, if it is known.
    pub last: Option<LastUpdate>,
}

texts! {
    /// State of the running image.
    pub enum ImageState {
        /// It is on trial, so the image before it is kept, and no other is received.
        Trial = "trial",
        /// It stays.
        Confirmed = "confirmed",
    }
    /// Returns the state as JSON has it.
    fn as_str
}

texts! {
    /// Outcome of an upload, or of the trial after it.
    pub enum LastUpdateOutcome {
        /// The new image stays.
        Confirmed = "confirmed",
        /// The device came back with the old image.
        Returned = "returned",
        /// The device refused the image, so the running one was not replaced.
        Refused = "refused",
        /// The connection ended before the image was activated, so the running one was not replaced.
        Broken = "broken",
    }
    /// Returns the outcome as JSON has it.
    fn as_str
}

/// Outcome of the last update.
#[derive(Clone, Copy, Debug)]
pub struct LastUpdate {
    pub(super) outcome: LastUpdateOutcome,
    pub(super) version: ShortText<VERSION_MAX>,
    pub(super) reason: &'static str,
}

impl LastUpdate {
    /// Creates the outcome of an update to a version, with the reason for it.
    ///
    /// At most 32 bytes of the version are kept.
    pub fn new(outcome: LastUpdateOutcome, version: &str, reason: &'static str) -> Self {
        Self { outcome, version: ShortText::new(version), reason }
    }
}

impl FirmwareStatus {
    /// Nothing is known, and no image can be received.
    pub const UNKNOWN: Self = Self {
        version: "",
        board: "",
        chip: None,
        application: "",
        slot: "",
        state: ImageState::Confirmed,
        capacity: None,
        flash_failed: false,
        last: None,
    };
}

builders! {
    FirmwareStatus:
    with_version(version: &'static str);
    with_board(board: &'static str);
    with_chip(chip: Option<u16>);
    with_application(application: &'static str);
    with_slot(slot: &'static str);
    with_state(state: ImageState);
    with_capacity(capacity: Option<u32>);
    with_flash_failed(flash_failed: bool);
    with_last(last: Option<LastUpdate>);
}
