//! The application's thread.

use crate::io::{Io, IoError};
use instep::{App, Device, Inbox};
use instep_settings::Kept;
use instep_tokio::Server;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::mpsc;

/// Failure to start the application.
#[derive(Debug)]
pub(crate) enum Error {
    Io(IoError),
    System(io::Error),
}

/// Starts the application on a thread of its own.
///
/// Returns once its future is pending for the first time.
///
/// Returns the lines for the log about its simulated inputs and outputs.
pub(crate) fn start<F>(
    server: Server,
    app: &'static App,
    io: impl FnOnce() -> Io + Send + 'static,
    properties: Option<&'static Kept<'static>>,
    run: impl FnOnce(&'static App, &'static Device, &'static mut Inbox<'static>, Io) -> F + Send + 'static,
) -> Result<Vec<String>, Error>
where
    F: Future<Output = ()> + 'static,
{
    let (started, start) = mpsc::channel();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::System)?;
    let application = move || async move {
        // Leaked, because the application lives as long as the program.
        let Some(inbox) = server.inbox().map(|inbox| Box::leak(Box::new(inbox))) else { return };
        if let Some(properties) = properties {
            inbox.keep_in(properties);
        }
        let io = io();
        let table = io.table();
        let mut application = pin!(run(app, server.device(), inbox, io));
        let mut start = Some(started);
        poll_fn(|context| {
            let poll = application.as_mut().poll(context);
            if let Some(started) = start.take() {
                // The receiver waits for this.
                let _ = started.send(table.finish());
            }
            poll
        })
        .await;
    };
    std::thread::Builder::new()
        .name("application".into())
        .spawn(move || runtime.block_on(host_time::run(application())))
        .map_err(Error::System)?;
    // A panic of the application ends the program.
    start.recv().unwrap_or(Ok(Vec::new())).map_err(Error::Io)
}
