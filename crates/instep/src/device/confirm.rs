//! The application's own check of a new firmware image.

use super::shared::Device;
#[cfg(feature = "update")]
use super::shared::SETTLED;
#[cfg(feature = "update")]
use core::{future::poll_fn, pin::pin, sync::atomic::Ordering, task::Poll};

/// State of the running image: on trial, and the check has not ended.
#[cfg(feature = "update")]
const ON_TRIAL: u8 = 1;
/// State of the running image: on trial, and the check said yes.
#[cfg(feature = "update")]
const PASSED: u8 = 2;
/// State of the running image: on trial, and the check said no.
#[cfg(feature = "update")]
const FAILED: u8 = 3;

impl Device {
    /// Lets the application's own check decide whether a new firmware image stays.
    ///
    /// After an update the new image is on trial. Then this waits for `check`: if it returns `true`, the image stays, and if
    /// `false`, the device restarts with the image before. Otherwise, and in builds without updates, this returns at once,
    /// and `check` is not called.
    ///
    /// The check competes with the other reasons for which an image stays, such as an answer that a client received, so it
    /// should begin early and end soon. If another reason decides first, this returns, and the check is dropped. Await it beside the
    /// work of the application, or before it:
    ///
    /// ```
    /// # use instep::Device;
    /// # trait Sensor { async fn read(&mut self) -> Result<f32, ()>; }
    /// async fn run(device: &Device, mut sensor: impl Sensor) {
    ///     device.confirm_when(async || sensor.read().await.is_ok()).await;
    ///     // …
    /// }
    /// ```
    pub async fn confirm_when(&self, check: impl AsyncFnOnce() -> bool) {
        #[cfg(feature = "update")]
        if self.image.load(Ordering::Relaxed) == ON_TRIAL {
            let (mut check, mut end) = (pin!(check()), pin!(self.trial_ended.wait()));
            let passed = poll_fn(|context| match end.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => check.as_mut().poll(context).map(Some),
            });
            if let Some(passed) = passed.await {
                self.image.store(if passed { PASSED } else { FAILED }, Ordering::Relaxed);
            }
        }
        #[cfg(not(feature = "update"))]
        let _ = check;
    }

    /// Notes that the running image is on trial. For drivers, before the application runs.
    #[cfg(feature = "update")]
    pub fn begin_trial(&self) {
        self.image.store(ON_TRIAL, Ordering::Relaxed);
    }

    /// Notes that the running image stays, whatever its check says. For drivers.
    #[cfg(feature = "update")]
    pub fn end_trial(&self) {
        self.image.store(SETTLED, Ordering::Relaxed);
        self.trial_ended.signal(());
    }

    /// Returns what the application's check says of the image that is on trial, if it has said anything. For drivers.
    #[cfg(feature = "update")]
    pub fn image_check(&self) -> Option<bool> {
        match self.image.load(Ordering::Relaxed) {
            PASSED => Some(true),
            FAILED => Some(false),
            _ => None,
        }
    }
}
