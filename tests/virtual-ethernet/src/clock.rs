//! Tests on a clock of their own, and what runs beside them.

use std::future::Future;

/// Runs a test on a clock that passes only when everybody waits.
///
/// # Panics
/// If there is no runtime to be had.
pub fn test(body: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, host_time::run(body));
}

/// Runs a test on the clock on the wall, with what is outside of this process ([`Link::wire`](crate::Link::wire)).
///
/// # Panics
/// If there is no runtime to be had.
pub fn test_in_real_time(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, host_time::run(body));
}

/// Runs a future that uses embassy-time beside the test.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    tokio::task::spawn_local(host_time::run(task));
}
