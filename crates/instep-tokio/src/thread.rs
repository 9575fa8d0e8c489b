//! Thread of a shard, which may also run the application.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Context;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Runs a shard until it has ended, and the application with it, if there is one.
pub(crate) type RunShard = Box<dyn FnOnce(Option<Application>) -> LocalFuture + Send>;
pub(crate) type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Application in the thread of a shard.
pub(crate) struct Application {
    future: LocalFuture,
    has_ended: bool,
}

/// Thread of the first shard, which runs the application alone until the shard starts.
pub(crate) struct ApplicationThread {
    /// Present until the shard has started.
    start: Mutex<Option<oneshot::Sender<RunShard>>>,
}

/// Starts a shard in a thread of its own.
pub(crate) fn spawn(follower: usize, run: RunShard) -> io::Result<()> {
    start(follower, |runtime| LocalSet::new().block_on(&runtime, run(None)))
}

impl Application {
    /// Polls the application, unless it has ended.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) {
        self.has_ended = self.has_ended || self.future.as_mut().poll(context).is_ready();
    }
}

impl ApplicationThread {
    /// Starts the thread and the application. The memory lives as long as the process.
    pub(crate) fn spawn<F>(application: impl FnOnce() -> F + Send + 'static) -> io::Result<&'static Self>
    where
        F: Future<Output = ()> + 'static,
    {
        let (sender, mut started) = oneshot::channel::<RunShard>();
        let run = async move || {
            let mut application = Application { future: Box::pin(application()), has_ended: false };
            let shard = poll_fn(|context| {
                application.poll(context);
                Pin::new(&mut started).poll(context)
            });
            // The sender is never dropped, because its memory lives as long as the process.
            if let Ok(run) = shard.await {
                run(Some(application)).await;
            }
        };
        start(0, |runtime| LocalSet::new().block_on(&runtime, run()))?;
        Ok(Box::leak(Box::new(Self { start: Mutex::new(Some(sender)) })))
    }

    /// Starts the shard. Returns the argument if one was started before.
    pub(crate) fn start(&self, run: RunShard) -> Option<RunShard> {
        match self.start.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(start) => start.send(run).err(),
            None => Some(run),
        }
    }
}

impl fmt::Debug for ApplicationThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationThread").finish_non_exhaustive()
    }
}

fn start(follower: usize, run: impl FnOnce(Runtime) + Send + 'static) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    std::thread::Builder::new().name(format!("shard {follower}")).spawn(move || run(runtime))?;
    Ok(())
}
