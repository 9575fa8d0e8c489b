//! Record of served requests, which decides the trial of a new image.

use crate::time::Instant;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::task::Waker;
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
    ///
    /// A driver that does not report leaves the question for its report unanswered.
    pub unanswered_since: Option<Instant>,
}

/// Record of one network.
struct Record {
    served: Served,
    /// The time at which the trial asked for a report that has not come.
    asked_at: Option<Instant>,
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
    /// What the application's own check says, if it has said anything.
    check: Mutex<CriticalSectionRawMutex, Cell<Option<bool>>>,
}

impl Witness {
    pub(super) const fn new() -> Self {
        Self {
            is_watching: Mutex::new(Cell::new(false)),
            networks: Mutex::new(RefCell::new([const { Record::NEW }; NETWORKS_MAX])),
            check: Mutex::new(Cell::new(None)),
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

    /// Takes note of what the application's own check of a new image says. For boards.
    ///
    /// An image that passes stays, and one that fails is given up, whatever the networks show.
    pub fn note_check(&self, passed: bool) {
        self.check.lock(|check| check.set(Some(passed)));
    }

    /// Returns what the application's own check says, if it has said anything.
    pub fn check(&self) -> Option<bool> {
        self.check.lock(Cell::get)
    }

    /// Returns the record of a network, and asks its driver for another report.
    ///
    /// A driver that has nothing to do reports because of this. One that is stuck, or that nobody started, does not.
    pub fn served(&self, network: usize, now: Instant) -> Served {
        self.networks.lock(|networks| {
            let mut networks = networks.borrow_mut();
            let Some(Record { served, asked_at, waker }) = networks.get_mut(network) else {
                return Served::default();
            };
            let since = [served.unanswered_since, *asked_at].into_iter().flatten().min();
            asked_at.get_or_insert(now);
            if let Some(waker) = waker {
                waker.wake_by_ref();
            }
            Served { unanswered_since: since, ..*served }
        })
    }

    /// Adds what a driver sees now. For drivers; `waker` is that of the driver's task.
    pub fn report(&self, network: usize, seen: Served, waker: &Waker) {
        self.networks.lock(|networks| {
            if let Some(record) = networks.borrow_mut().get_mut(network) {
                record.served.asked |= seen.asked;
                record.served.acknowledged |= seen.acknowledged;
                record.served.unanswered_since = seen.unanswered_since;
                record.asked_at = None;
                match &mut record.waker {
                    Some(known) => known.clone_from(waker),
                    none => *none = Some(waker.clone()),
                }
            }
        });
    }
}

impl Record {
    const NEW: Self = Self {
        served: Served { asked: false, acknowledged: false, unanswered_since: None },
        asked_at: None,
        waker: None,
    };
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}
