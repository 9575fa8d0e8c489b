//! Values that survive a restart, in a file.

use instep_settings::{FileError, FileStorage, Kept, LoadOutcome, PowerUp, Saver, Settings};
use std::fmt;
use std::io;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The persisted values and the thread that saves them.
pub(crate) struct Persistence {
    settings: Option<&'static Settings>,
    saver: Option<Saver<'static, FileStorage>>,
    about: Option<String>,
    saving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Persistence {
    /// Reads the file. Without a file, nothing is persisted.
    pub(crate) fn open(path: Option<&Path>, power_up: PowerUp) -> Result<Self, String> {
        let Some(path) = path else {
            return if power_up == PowerUp::Last {
                Err("--power-up last needs a file for the last state; add --state-file FILE".into())
            } else {
                Ok(Self { settings: None, saver: None, about: None, saving: None })
            };
        };
        let storage = FileStorage::new(path).map_err(|error| error.to_string())?;
        storage.check().map_err(|error| error.to_string())?;
        let settings: &'static Settings = Box::leak(Box::new(Settings::new()));
        let (saver, opened) = runtime()
            .map_err(|error| format!("cannot read the persisted values: {error}"))?
            .block_on(Saver::open(settings, storage));
        let about = match opened {
            // The program does not start, because the user can repair the file.
            LoadOutcome::Unreadable(error) => return Err(error.to_string()),
            opened if opened.is_warning() => Some(opened.to_string()),
            _ => None,
        };
        Ok(Self { settings: Some(settings), saver: Some(saver), about, saving: None })
    }

    /// Returns the persisted values of the application.
    pub(crate) fn kept(&self) -> Kept<'static> {
        self.settings.map_or(Kept::nothing(), Kept::by)
    }

    /// Returns the store for the properties of a Thing, if there is a file.
    pub(crate) fn properties(&self) -> Option<&'static Kept<'static>> {
        self.settings.map(|settings| &*Box::leak(Box::new(Kept::by(settings))))
    }

    /// Returns the warnings about the file, one a line of the log.
    pub(crate) fn about(&self) -> impl Iterator<Item = &str> {
        self.about.as_deref().into_iter()
    }

    /// Starts the thread that saves changes, because a disk may be slow.
    pub(crate) fn start(&mut self) -> io::Result<()> {
        let (Some(settings), Some(saver)) = (self.settings, self.saver.take()) else { return Ok(()) };
        let runtime = runtime()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("settings".into())
            .spawn(move || runtime.block_on(save(settings, saver, stopped)))?;
        self.saving = Some((stop, thread));
        Ok(())
    }

    /// Saves the changes that are not saved yet, and ends the thread.
    pub(crate) fn end(self) {
        if let Some((stop, thread)) = self.saving {
            let _ = stop.send(());
            // A panic of the thread would have ended the program.
            let _ = thread.join();
        }
    }
}

/// Failure of a reset.
#[derive(Debug)]
pub(crate) enum ResetError {
    /// No option names a file.
    NoFile,
    /// The file cannot be removed.
    File(FileError),
}

impl fmt::Display for ResetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str(
                "cannot reset: no state file is named; name it by --state-file FILE, by INSTEP_STATE_FILE, or as state_file \
                 in the configuration",
            ),
            Self::File(error) => error.fmt(f),
        }
    }
}

/// Removes the persisted values, and returns a sentence for the user.
pub(crate) fn reset(path: Option<&Path>) -> Result<String, ResetError> {
    let storage = FileStorage::new(path.ok_or(ResetError::NoFile)?).map_err(ResetError::File)?;
    let existed = storage.remove().map_err(ResetError::File)?;
    let path = storage.path().display();
    Ok(if existed { format!("Removed the values in {path}") } else { format!("No values in {path}") })
}

async fn save(
    settings: &'static Settings,
    mut saver: Saver<'static, FileStorage>,
    mut stopped: oneshot::Receiver<()>,
) {
    let start = Instant::now();
    let mut failed = false;
    loop {
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match saver.turn(now).await {
            Ok(()) => failed = false,
            // Only the first failure is logged, because every retry on a full disk fails.
            Err(error) if !failed => {
                failed = true;
                log::error!("{error}");
            }
            Err(_) => {}
        }
        let next = async {
            match saver.due() {
                Some(due) => tokio::time::sleep(Duration::from_millis(due.saturating_sub(now))).await,
                None => settings.changed().await,
            }
        };
        tokio::select! {
            () = next => {}
            _ = &mut stopped => break,
        }
    }
    if let Err(error) = saver.save().await {
        log::error!("{error}");
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()
}
