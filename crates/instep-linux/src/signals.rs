//! The signals that end the server.

use std::future::pending;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that ends the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Ctrl-C or SIGTERM. A second one ends the program at once.
    AtOnce,
    /// SIGHUP, because the terminal was closed.
    HangUp,
}

/// Handlers of the signals.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Stream of SIGHUP, or `None` if it was ignored when the program started.
    ///
    /// It then stays ignored, as under `nohup`.
    hang_up: Option<Signal>,
}

impl Signals {
    /// Installs the handlers.
    pub(crate) fn install() -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hang_up = SignalKind::hangup();
        let ignored = ignores(&status, hang_up);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if ignored { None } else { Some(signal(hang_up)?) },
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> End {
        let Self { interrupt, terminate, hang_up } = self;
        let hang_up = async {
            match hang_up {
                Some(signal) => signal.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => End::AtOnce,
            _ = terminate.recv() => End::AtOnce,
            _ = hang_up => End::HangUp,
        }
    }
}

/// Returns whether a process with this `/proc/PID/status` ignores the signal.
///
/// `SigIgn` is a mask in hexadecimal digits, and signal 1 is the lowest bit.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let bit = signal.as_raw_value() - 1;
    mask >> bit & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signal_is_a_bit_of_the_mask() {
        let status =
            |mask: &str| format!("Name:\tinstep\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\nSigCgt:\t0\n");
        for (mask, hang_up, terminate) in [
            ("0000000000000000", false, false),
            ("0000000000000001", true, false),
            ("0000000000001000", false, false),
            ("0000000000004001", true, true),
        ] {
            assert_eq!(ignores(&status(mask), SignalKind::hangup()), hang_up, "{mask}");
            assert_eq!(ignores(&status(mask), SignalKind::terminate()), terminate, "{mask}");
        }
        assert!(!ignores("", SignalKind::hangup()));
    }
}
