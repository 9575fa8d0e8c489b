//! Saver, which writes settings to their storage.

use crate::table::Table;
use crate::{Key, Loaded, Settings, Storage, VERSION};
use core::fmt::{self, Display};

/// Time from a change to its save, and between two saves, in ms.
pub const SAVE_EVERY: u64 = 5_000;

/// Outcome of loading the settings. It displays as one line for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadOutcome<E> {
    /// Storage without any settings.
    Empty,
    /// Settings that were loaded.
    Loaded,
    /// Invalid data.
    ///
    /// The device starts with defaults, and the first change replaces the data.
    Corrupt,
    /// Settings of this newer version. The device runs with defaults.
    ///
    /// The newer settings stay stored until a person sets one of the settings, because a build's defaults and an
    /// application's values must not delete them.
    Newer(u16),
    /// Storage that cannot be read.
    ///
    /// The device runs with defaults, and the data stays as for a newer version.
    Unreadable(E),
}

impl<E> LoadOutcome<E> {
    /// Returns whether the outcome is worth a warning.
    pub const fn is_warning(&self) -> bool {
        !matches!(self, Self::Empty | Self::Loaded)
    }
}

impl<E: Display> Display for LoadOutcome<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("There are no settings yet"),
            Self::Loaded => f.write_str("The settings were read"),
            Self::Corrupt => f.write_str("The settings are damaged: the device begins with defaults"),
            Self::Newer(version) => write!(
                f,
                "The settings are of version {version}, newer than version {VERSION} that is known here: the device runs with \
                 defaults and leaves them alone until something is set"
            ),
            Self::Unreadable(error) => {
                write!(f, "The settings cannot be read, the device runs with defaults: {error}")
            }
        }
    }
}

/// Effect of a save on the stored data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SavePolicy {
    /// Append to the data.
    Append,
    /// Replace the data.
    Replace,
    /// Replace the data, if a person has changed a setting.
    ReplaceIfSet,
}

/// Saver of changed settings. There is one for each [`Settings`].
#[derive(Debug)]
pub struct Saver<'a, S> {
    settings: &'a Settings,
    storage: S,
    policy: SavePolicy,
    due: Option<u64>,
}

impl<'a, S: Storage> Saver<'a, S> {
    /// Loads the settings. The device can run with any outcome.
    pub async fn open(settings: &'a Settings, mut storage: S) -> (Self, LoadOutcome<S::Error>) {
        let opened = read(settings, &mut storage).await;
        let policy = match opened {
            LoadOutcome::Empty | LoadOutcome::Loaded => SavePolicy::Append,
            LoadOutcome::Corrupt => SavePolicy::Replace,
            LoadOutcome::Newer(_) | LoadOutcome::Unreadable(_) => SavePolicy::ReplaceIfSet,
        };
        (Self { settings, storage, policy, due: None }, opened)
    }

    /// Saves if a save is due. `now` is the caller's clock, in milliseconds.
    ///
    /// Must be called after [`Settings::changed`], and at the time of [`Saver::due`].
    ///
    /// # Errors
    /// If the storage fails. The save is retried after [`SAVE_EVERY`].
    pub async fn turn(&mut self, now: u64) -> Result<(), S::Error> {
        if !self.is_needed() {
            self.due = None;
            return Ok(());
        }
        match self.due {
            None => self.due = Some(now.saturating_add(SAVE_EVERY)),
            Some(due) if now >= due => {
                // Set before the save, so that it is retried if it fails or is dropped.
                self.due = Some(now.saturating_add(SAVE_EVERY));
                self.save().await?;
                self.due = None;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Returns when the next [`turn`](Saver::turn) is due, by the caller's clock.
    ///
    /// Returns `None` if the next turn is due only after a change.
    pub const fn due(&self) -> Option<u64> {
        self.due
    }

    /// Saves all unsaved changes now.
    ///
    /// Call this before the device is switched off or restarts, and when a person waits for the save. If the future is
    /// dropped, the next save writes all settings.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn save(&mut self) -> Result<(), S::Error> {
        if !self.is_needed() {
            return Ok(());
        }
        if self.policy == SavePolicy::Append {
            let mut changed = self.settings.take();
            if self.storage.append(&mut changed).await? {
                changed.stored();
                return Ok(());
            }
        }
        self.settings.change_silently(Table::change_all);
        let mut all = self.settings.take();
        self.storage.replace(&mut all).await?;
        all.stored();
        self.policy = SavePolicy::Append;
        Ok(())
    }

    /// Clears all settings and the storage, with any content.
    ///
    /// # Errors
    /// If the storage fails. Then the settings are cleared, but data may still be stored.
    pub async fn reset(&mut self) -> Result<(), S::Error> {
        let mut new = Table::NEW;
        new.change_version();
        self.settings.replace(new);
        self.due = None;
        self.storage.clear().await?;
        self.policy = SavePolicy::Append;
        Ok(())
    }

    fn is_needed(&self) -> bool {
        self.settings.read(|table| match self.policy {
            SavePolicy::Append | SavePolicy::Replace => table.is_worth_saving(),
            SavePolicy::ReplaceIfSet => table.set,
        })
    }
}

async fn read<S: Storage>(settings: &Settings, storage: &mut S) -> LoadOutcome<S::Error> {
    let (mut table, mut valid, mut version) = (Table::NEW, true, None);
    let version_key = Key::version();
    let mut each = |key: &Key, value: &[u8]| {
        if *key != version_key {
            valid &= table.load(key, value);
        } else if let Ok(bytes) = value.try_into() {
            version = Some(u16::from_le_bytes(bytes));
        } else {
            valid = false;
        }
    };
    let opened = match storage.load(&mut each).await {
        Err(error) => LoadOutcome::Unreadable(error),
        Ok(Loaded::Nothing) => LoadOutcome::Empty,
        // Other records of a newer version may have any meaning.
        Ok(_) if version > Some(VERSION) => LoadOutcome::Newer(version.unwrap_or_default()),
        Ok(Loaded::Records) if valid && version == Some(VERSION) => LoadOutcome::Loaded,
        Ok(_) => LoadOutcome::Corrupt,
    };
    if !matches!(opened, LoadOutcome::Loaded) {
        table = Table::NEW;
        table.change_version();
    }
    settings.replace(table);
    opened
}
