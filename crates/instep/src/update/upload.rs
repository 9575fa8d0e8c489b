//! Upload of a firmware image, shared by connections and the task that writes flash.

use super::state::State;
use super::status::FirmwareStatus;
use super::witness::Witness;
use core::cell::RefCell;
use core::fmt;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;

/// Clients that may update a device without a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// None, so updates need a password.
    LoggedIn,
    /// All clients, except those in the device's own network.
    Everyone,
}

/// Upload of a firmware image, for a `static`.
///
/// A driver gets it, and answers `/firmware` with it. One task of the board has its [`Receiver`](super::Receiver), and writes flash. At most one
/// upload runs at a time.
///
/// ```
/// use instep::update::{Event, FirmwareStatus, Permission, SECTOR, Upload};
///
/// static UPLOAD: Upload = Upload::new(Permission::LoggedIn);
///
/// async fn write_images(memory: &'static mut [u8; SECTOR]) -> ! {
///     UPLOAD.set_status(FirmwareStatus::UNKNOWN.with_version("0.2.0").with_capacity(Some(0x10_0000)));
///     let mut receiver = UPLOAD.receiver(memory);
///     loop {
///         match receiver.next().await {
///             Event::Begin(_offer) => {}    // nothing is written yet
///             Event::Sector(_bytes) => {}   // erase, write and read back; the client waits meanwhile
///             Event::End => receiver.done("0.2.1"),
///             Event::Abandoned => {}        // the other slot is worthless, the running image is untouched
///             _ => {}
///         }
///     }
/// }
/// # let _ = write_images;
/// ```
pub struct Upload {
    pub(super) permission: Permission,
    pub(super) witness: Witness,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
}

impl Upload {
    /// Creates an upload for a device whose clients have this permission.
    pub const fn new(permission: Permission) -> Self {
        Self { permission, witness: Witness::new(), state: Mutex::new(RefCell::new(State::NEW)) }
    }

    /// Sets what `GET /firmware` says of the device.
    ///
    /// No upload begins before [`FirmwareStatus::capacity`] is set.
    pub fn set_status(&self, status: FirmwareStatus) {
        self.with(|state| state.status = status);
    }

    /// Returns the record of served requests, for the trial of a new image.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        self.state.lock(|state| act(&mut state.borrow_mut()))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}
