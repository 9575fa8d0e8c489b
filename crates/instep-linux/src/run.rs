//! Serving until a signal.

use crate::certificate::{self, Keeper};
use crate::inherit;
use crate::signals::{End, Signals};
use instep_tokio::{Listener, Server};
use std::io;
use std::pin::pin;
use tokio::sync::oneshot;

/// Exit code after Ctrl-C, as shells report it.
const INTERRUPTED: i32 = 130;

/// Serves until a signal. A second Ctrl-C or SIGTERM ends the program at once.
pub(crate) async fn run(
    server: Server,
    listeners: Vec<Listener>,
    keeper: Option<Keeper>,
    announce: impl FnOnce(),
) -> io::Result<()> {
    let mut signals = Signals::install()?;
    // The log is written after the signal handlers are installed, because a supervisor may react to the log with a
    // signal.
    announce();
    inherit::notify_ready();
    if let Some(keeper) = keeper {
        tokio::spawn(certificate::watch(keeper));
    }
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    let mut serving = pin!(server.serve(listeners, async {
        // The receiver never fails, because the sender sends before it is dropped.
        let _ = stopped.await;
    }));
    loop {
        let signal = tokio::select! {
            result = &mut serving => return result,
            signal = signals.next() => signal,
        };
        match (stop.take(), signal) {
            (Some(stop), _) => {
                log::info!("Stopping");
                inherit::notify_stopping();
                let _ = stop.send(());
            }
            (None, End::AtOnce) => std::process::exit(INTERRUPTED),
            // A second SIGHUP is ignored, because the shell and the kernel both send one when a terminal is closed.
            (None, End::HangUp) => {}
        }
    }
}
