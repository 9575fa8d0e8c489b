//! Record of served requests, which decides the trial of a new image.

use crate::time::Instant;
use core::cell::Cell;
use core::fmt;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;

/// Maximum number of networks in the record.
pub const NETWORKS_MAX: usize = 4;

/// Requests that were served in one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Whether any request came.
    pub asked: bool,
    /// Whether a client acknowledged a whole response, or the opening of a WebSocket or stream of events.
    pub acknowledged: bool,
    /// The time of the oldest request that has no response yet, not even a part of one.
    pub unanswered_since: Option<Instant>,
}

/// Record of served requests, for the trial of a new image.
///
/// A network is the number of its driver, in the order of the board's declaration. The driver reports only between
/// [`watch`](Self::watch) and [`stop`](Self::stop), so a confirmed image spends no time on it. Times are parameters of the
/// trial, so it reads the record and judges.
pub struct Witness {
    is_watching: Mutex<CriticalSectionRawMutex, Cell<bool>>,
    networks: Mutex<CriticalSectionRawMutex, Cell<[Served; NETWORKS_MAX]>>,
}

impl Witness {
    pub(super) const fn new() -> Self {
        const NOTHING: Served = Served { asked: false, acknowledged: false, unanswered_since: None };
        Self {
            is_watching: Mutex::new(Cell::new(false)),
            networks: Mutex::new(Cell::new([NOTHING; NETWORKS_MAX])),
        }
    }

    /// Begins the record. Call this before the drivers run.
    pub fn watch(&self) {
        self.is_watching.lock(|watching| watching.set(true));
    }

    /// Ends the record.
    pub fn stop(&self) {
        self.is_watching.lock(|watching| watching.set(false));
    }

    /// Returns whether drivers have to report.
    pub fn is_watching(&self) -> bool {
        self.is_watching.lock(Cell::get)
    }

    /// Returns the record of a network.
    pub fn served(&self, network: usize) -> Served {
        self.networks.lock(|networks| networks.get().get(network).copied().unwrap_or_default())
    }

    /// Adds what a driver sees now. For drivers.
    pub fn report(&self, network: usize, seen: Served) {
        self.networks.lock(|networks| {
            let mut all = networks.get();
            if let Some(served) = all.get_mut(network) {
                served.asked |= seen.asked;
                served.acknowledged |= seen.acknowledged;
                served.unanswered_since = seen.unanswered_since;
            }
            networks.set(all);
        });
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}
