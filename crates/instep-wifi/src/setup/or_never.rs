//! A wait that may have no end.

use core::future::{Future, pending};

/// Waits for a future, or for ever if there is none.
pub(super) async fn or_never<T>(future: Option<impl Future<Output = T>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}
