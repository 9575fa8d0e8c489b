//! Waiting with a deadline.

use core::future::{Future as _, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};
use embassy_time::{Duration, Timer};

/// Polls until `poll` is ready, and returns `false` if a time has passed before.
///
/// All that the client waits for goes through this one future, because the state machine of each other one takes flash.
pub(super) async fn within(time: Duration, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) -> bool {
    let mut timer = Timer::after(time);
    poll_fn(|context| {
        if poll(context).is_ready() {
            return Poll::Ready(true);
        }
        Pin::new(&mut timer).poll(context).map(|()| false)
    })
    .await
}

/// Waits for a time.
pub(super) async fn pause(time: Duration) {
    within(time, &mut |_| Poll::Pending).await;
}
