//! What brings the settings into their storage.

use crate::table::Table;
use crate::{Key, Loaded, Settings, Storage, VERSION};
use core::fmt::{self, Display};

/// From a change to its being stored, in milliseconds: so at most one save in that time, however often something
/// changes.
pub const SAVE_EVERY: u64 = 5_000;

/// What was found when the settings were opened. It displays as one line for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadOutcome<E> {
    /// Nothing was ever stored.
    Empty,
    /// The settings.
    Loaded,
    /// What does not make sense. The device begins with defaults, and the first change replaces it.
    Corrupt,
    /// Settings of this newer version. The device runs with defaults, and leaves them alone for as long as nobody sets one of
    /// the settings: what a build brings or the application keeps is no reason to lose them.
    Newer(u16),
    /// The storage cannot be read. The device runs with defaults, and leaves alone what is there as it does with a newer version.
    Unreadable(E),
}

impl<E> LoadOutcome<E> {
    /// Whether somebody should hear of it.
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

/// What a save may do to what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SavePolicy {
    /// Add to it.
    Sound,
    /// Replace it.
    Lost,
    /// Replace it, if a person sets something.
    NotOurs,
}

/// Stores what changes. There is one for each [`Settings`].
#[derive(Debug)]
pub struct Saver<'a, S> {
    settings: &'a Settings,
    storage: S,
    standing: SavePolicy,
    due: Option<u64>,
}

impl<'a, S: Storage> Saver<'a, S> {
    /// Reads the settings. Whatever it finds, the device can run.
    pub async fn open(settings: &'a Settings, mut storage: S) -> (Self, LoadOutcome<S::Error>) {
        let opened = read(settings, &mut storage).await;
        let standing = match opened {
            LoadOutcome::Empty | LoadOutcome::Loaded => SavePolicy::Sound,
            LoadOutcome::Corrupt => SavePolicy::Lost,
            LoadOutcome::Newer(_) | LoadOutcome::Unreadable(_) => SavePolicy::NotOurs,
        };
        (Self { settings, storage, standing, due: None }, opened)
    }

    /// Saves if it is time to; `now` is the caller's clock, in milliseconds. To be called after
    /// [`Settings::changed`], and when [`Saver::due`] says.
    ///
    /// # Errors
    /// If the storage fails. It is tried again after [`SAVE_EVERY`].
    pub async fn turn(&mut self, now: u64) -> Result<(), S::Error> {
        if !self.is_needed() {
            self.due = None;
            return Ok(());
        }
        match self.due {
            None => self.due = Some(now.saturating_add(SAVE_EVERY)),
            Some(due) if now >= due => {
                // Also if it fails, or is dropped.
                self.due = Some(now.saturating_add(SAVE_EVERY));
                self.save().await?;
                self.due = None;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// When the next [`turn`](Saver::turn) is due, by the caller's clock. None: when something has changed.
    pub const fn due(&self) -> Option<u64> {
        self.due
    }

    /// Saves now what is not saved yet: before the device is switched off or starts anew, and when a person waits for it.
    /// If it is dropped on its way, the next one does it all.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn save(&mut self) -> Result<(), S::Error> {
        if !self.is_needed() {
            return Ok(());
        }
        if self.standing == SavePolicy::Sound {
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
        self.standing = SavePolicy::Sound;
        Ok(())
    }

    /// Forgets every setting and all that is stored, whatever it is.
    ///
    /// # Errors
    /// If the storage fails; then nothing is set, but something may still be stored.
    pub async fn reset(&mut self) -> Result<(), S::Error> {
        let mut new = Table::NEW;
        new.change_version();
        self.settings.replace(new);
        self.due = None;
        self.storage.clear().await?;
        self.standing = SavePolicy::Sound;
        Ok(())
    }

    fn is_needed(&self) -> bool {
        self.settings.read(|table| match self.standing {
            SavePolicy::Sound | SavePolicy::Lost => table.is_worth_saving(),
            SavePolicy::NotOurs => table.set,
        })
    }
}

async fn read<S: Storage>(settings: &Settings, storage: &mut S) -> LoadOutcome<S::Error> {
    let (mut table, mut sound, mut version) = (Table::NEW, true, None);
    let version_key = Key::version();
    let mut each = |key: &Key, value: &[u8]| {
        if *key != version_key {
            sound &= table.load(key, value);
        } else if let Ok(bytes) = value.try_into() {
            version = Some(u16::from_le_bytes(bytes));
        } else {
            sound = false;
        }
    };
    let opened = match storage.load(&mut each).await {
        Err(error) => LoadOutcome::Unreadable(error),
        Ok(Loaded::Nothing) => LoadOutcome::Empty,
        // What else a newer version wrote may mean anything.
        Ok(_) if version > Some(VERSION) => LoadOutcome::Newer(version.unwrap_or_default()),
        Ok(Loaded::Records) if sound && version == Some(VERSION) => LoadOutcome::Loaded,
        Ok(_) => LoadOutcome::Corrupt,
    };
    if !matches!(opened, LoadOutcome::Loaded) {
        table = Table::NEW;
        table.change_version();
    }
    settings.replace(table);
    opened
}
