//! Keeping what is set.

use super::provisioning::SetUp;
use embassy_futures::select::{Either4, select4};
use embassy_time::{Instant, Timer};
use instep_settings::{Saver, Storage};

/// Stores what changes, for ever: a little later, or at once where somebody waits for it. To be called in a task of its own.
/// Without a place to store it (`None`) nothing is kept, and whoever waits is told so.
pub async fn store<S: Storage>(set_up: &SetUp, mut saver: Option<Saver<'_, S>>) -> ! {
    loop {
        let due = async {
            match saver.as_ref().and_then(Saver::due) {
                Some(due) => Timer::at(Instant::from_millis(due)).await,
                None => core::future::pending().await,
            }
        };
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
            log::error!("The settings are not stored: {error}");
        }
        if waits {
            set_up.saved.signal(stored.unwrap_or(false));
        }
    }
}

impl SetUp {
    /// Forgets all settings, and says whether the storage has, too. The device is to be started anew then.
    pub async fn reset(&self) -> bool {
        let _alone = self.saving.lock().await;
        self.saved.reset();
        self.reset.signal(());
        self.saved.wait().await
    }

    /// Stores the settings now, and says whether they are.
    pub(crate) async fn save(&self) -> bool {
        let _alone = self.saving.lock().await;
        self.saved.reset();
        self.save.signal(());
        self.saved.wait().await
    }
}
