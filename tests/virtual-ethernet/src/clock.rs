//! Runtimes of tests, on a virtual or on the real clock.

use std::future::Future;

/// Runs a test on a clock that advances only when all tasks wait.
///
/// # Panics
/// If the runtime cannot be built.
pub fn test(body: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("cannot build the runtime");
    tokio::task::LocalSet::new().block_on(&runtime, host_time::run(body));
}

/// Runs a test on the real clock, for links to other processes
/// ([`Link::wire`](crate::Link::wire)).
///
/// # Panics
/// If the runtime cannot be built.
pub fn test_in_real_time(body: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("cannot build the runtime");
    tokio::task::LocalSet::new().block_on(&runtime, host_time::run(body));
}

/// Runs a future that uses embassy-time beside the test.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    tokio::task::spawn_local(host_time::run(task));
}
