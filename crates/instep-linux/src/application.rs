//! The application: on a thread of its own, or in that of the clients.

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

/// Threads of the application and of the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The application has a thread, and clients have one for each core.
    Many,
    /// One thread runs the application and serves all clients.
    One,
}

impl Threads {
    /// Returns the number of threads that serve clients.
    pub(crate) fn of_clients(self) -> usize {
        match self {
            Self::Many => std::thread::available_parallelism().map_or(1, usize::from),
            Self::One => 1,
        }
    }
}

/// Starts the application, and returns once its future is pending for the first time.
///
/// Returns the server that serves with it, and the lines for the log about its simulated inputs and outputs.
pub(crate) fn start<F>(
    server: Server,
    threads: Threads,
    app: &'static App,
    io: impl FnOnce() -> Io + Send + 'static,
    properties: Option<&'static Kept<'static>>,
    run: impl FnOnce(&'static App, &'static Device, &'static mut Inbox<'static>, Io) -> F + Send + 'static,
) -> Result<(Server, Vec<String>), Error>
where
    F: Future<Output = ()> + 'static,
{
    let (started, start) = mpsc::channel();
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
    let application = move || host_time::run(application());
    let server = match threads {
        Threads::One => server.with_application(application).map_err(Error::System)?,
        Threads::Many => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(Error::System)?;
            std::thread::Builder::new()
                .name("application".into())
                .spawn(move || runtime.block_on(application()))
                .map_err(Error::System)?;
            server
        }
    };
    // A panic of the application ends the program.
    let simulated = start.recv().unwrap_or(Ok(Vec::new())).map_err(Error::Io)?;
    Ok((server, simulated))
}
