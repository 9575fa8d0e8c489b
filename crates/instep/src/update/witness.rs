//! Record of served requests, which decides the trial of a new image.

use crate::time::Instant;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::task::Waker;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;

/// Maximum number of networks in the record: the joined one, and the device's own.
pub const NETWORKS_MAX: usize = 2;

/// Requests that were served in one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Whether a client acknowledged a whole response, or the opening of a WebSocket or stream of events.
    pub acknowledged: bool,
    /// The time of the oldest request that has no response yet, not even a part of one.
    ///
    /// A driver that does not report leaves the question for its report unanswered.
    pub unanswered_since: Option<Instant>,
}

/// Record of one network.
struct Record {
    acknowledged: bool,
    /// The time of the oldest unanswered request, or [`Instant::NEVER`].
    unanswered_since: Instant,
    /// The time at which the trial asked for a report that has not come, or [`Instant::NEVER`].
    asked_at: Instant,
    /// The waker of the driver.
    waker: Option<Waker>,
}

/// Record of served requests, for the trial of a new image.
///
/// A network is the number of its driver, in the order of the board's declaration. The driver reports only between
/// [`watch`](Self::watch) and [`stop`](Self::stop), so a confirmed image spends no time on it. Times are parameters of the
/// trial, so it reads the record and judges.
pub struct Witness {
    is_watching: Mutex<CriticalSectionRawMutex, Cell<bool>>,
    networks: Mutex<CriticalSectionRawMutex, RefCell<[Record; NETWORKS_MAX]>>,
}

impl Witness {
    pub(super) const fn new() -> Self {
        Self {
            is_watching: Mutex::new(Cell::new(false)),
            networks: Mutex::new(RefCell::new([const { Record::NEW }; NETWORKS_MAX])),
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

    /// Returns the record of a network, and asks its driver for another report.
    ///
    /// A driver that has nothing to do reports because of this. One that is stuck, or that nobody started, does not.
    pub fn served(&self, network: usize, now: Instant) -> Served {
        self.networks.lock(|networks| {
            let mut networks = networks.borrow_mut();
            let Some(record) = networks.get_mut(network) else { return Served::default() };
            let since = record.unanswered_since.min(record.asked_at);
            if record.asked_at == Instant::NEVER {
                record.asked_at = now;
            }
            if let Some(waker) = &record.waker {
                waker.wake_by_ref();
            }
            let unanswered_since = (since != Instant::NEVER).then_some(since);
            Served { acknowledged: record.acknowledged, unanswered_since }
        })
    }

    /// Adds what a driver sees now. For drivers; `waker` is that of the driver's task.
    pub fn report(&self, network: usize, seen: Served, waker: &Waker) {
        self.networks.lock(|networks| {
            if let Some(record) = networks.borrow_mut().get_mut(network) {
                record.acknowledged |= seen.acknowledged;
                record.unanswered_since = seen.unanswered_since.unwrap_or(Instant::NEVER);
                record.asked_at = Instant::NEVER;
                record.waker = Some(waker.clone());
            }
        });
    }
}

impl Record {
    const NEW: Self =
        Self { acknowledged: false, unanswered_since: Instant::NEVER, asked_at: Instant::NEVER, waker: None };
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}
