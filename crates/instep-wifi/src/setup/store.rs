//! The task that saves the settings.

use super::or_never::or_never;
use super::provisioning::SetUp;
use crate::lines;
use embassy_futures::select::{Either4, select4};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Instant, Timer};
use instep_settings::{Saver, Storage};

/// Saves changes of the settings, and never returns. Run it in its own task.
///
/// Changes are saved after a delay, or at once on request. If `saver` is `None`, nothing is saved, and requests fail.
pub async fn store<S: Storage>(set_up: &SetUp, mut saver: Option<Saver<'_, S>>) -> ! {
    loop {
        let due = saver.as_ref().and_then(Saver::due);
        let due = or_never(due.map(|due| Timer::at(Instant::from_millis(due))));
        let event = select4(set_up.save.wait(), due, set_up.settings.changed(), set_up.reset.wait()).await;
        let resets = matches!(event, Either4::Fourth(()));
        let waits = resets || matches!(event, Either4::First(()));
        let stored = match &mut saver {
            Some(saver) if resets => saver.reset().await.map(|()| true),
            Some(saver) if waits => saver.save().await.map(|()| true),
            Some(saver) => saver.turn(Instant::now().as_millis()).await.map(|()| true),
            None => Ok(false),
        };
        if let Err(error) = &stored {
            lines::error(format_args!("The settings are not stored: {error}"));
        }
        if waits {
            set_up.saved.signal(stored.unwrap_or(false));
        }
    }
}

impl SetUp {
    /// Clears all settings, and returns whether the storage is cleared, too. Restart the device then.
    pub async fn reset(&self) -> bool {
        self.store_by(&self.reset).await
    }

    /// Saves the settings now, and returns whether that succeeded.
    pub async fn save(&self) -> bool {
        self.store_by(&self.save).await
    }

    async fn store_by(&self, request: &Signal<CriticalSectionRawMutex, ()>) -> bool {
        let _alone = self.saving.lock().await;
        self.saved.reset();
        request.signal(());
        self.saved.wait().await
    }
}
