//! The trial of a new image: a state machine over its caller's clock, in milliseconds.

use crate::{Confirmation, Network, Reason, Verdict};

/// Times of a trial, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A request that is unanswered for so long ends the trial.
    pub unanswered: u32,
    /// An address for so long confirms the image, if nobody asked.
    pub quiet: u32,
    /// No address for so long ends the trial, if the old image had one, and so does no network at all.
    pub no_address: u32,
    /// An own network for so long confirms the image, if the old image had no other.
    pub own_network: u32,
}

impl Default for Times {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Times {
    /// Times of a real device.
    pub const DEFAULT: Self =
        Self { unanswered: 30_000, quiet: 4 * 60_000, no_address: 5 * 60_000, own_network: 10 * 60_000 };

    /// Creates times that are all the same, for tests on real devices.
    pub const fn all(milliseconds: u32) -> Self {
        Self {
            unanswered: milliseconds,
            quiet: milliseconds,
            no_address: milliseconds,
            own_network: milliseconds,
        }
    }
}

/// State of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is decided.
    Undecided {
        /// Time at which the trial is decided, unless there is an input before.
        until: u64,
    },
    /// The trial is over. The verdict stays the same.
    Decided(Verdict),
}

/// Trial of the running image.
///
/// The image is confirmed by the first of:
///
/// * an HTTP answer that a client in the network of the old image acknowledged,
/// * the application's own check,
/// * an address for [`Times::quiet`], in which nobody asked,
/// * if the old image had no network but its own: any acknowledged answer, or [`Times::own_network`] in which that network is up.
///
/// It is given up by the first of:
///
/// * a request that came and is unanswered for [`Times::unanswered`],
/// * no address for [`Times::no_address`], where the old image had one, or no network at all for that time,
/// * the application's own check.
///
/// Resets end a trial as well: [`AtStart`](crate::AtStart). Inputs and polls must come in the order of their times. Their
/// order within one millisecond is that of the calls. A late poll decides as one in time.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    before: Network,
    times: Times,
    /// Start of the trial. All other times are since then, in 32 bits, because a trial lasts some minutes.
    start: u64,
    /// Whether the device has an address, and since when it is so.
    address: bool,
    address_changed_at: u32,
    /// Whether clients can join the device's own network, and since when it is so.
    own: bool,
    own_changed_at: u32,
    /// Time at which the last request ended, or the start.
    quiet_since: u32,
    /// Time at which the oldest unanswered request came.
    unanswered_since: Option<u32>,
    verdict: Option<Verdict>,
}

impl Trial {
    /// Begins a trial at the start of the image.
    pub const fn new(before: Network, times: Times, now: u64) -> Self {
        Self {
            before,
            times,
            start: now,
            address: false,
            address_changed_at: 0,
            own: false,
            own_changed_at: 0,
            quiet_since: 0,
            unanswered_since: None,
            verdict: None,
        }
    }

    /// Takes note of a client's acknowledgement of a whole HTTP answer.
    pub fn answered(&mut self, now: u64, network: Network) {
        self.advance(now);
        if network == Network::Joined || self.before == Network::Own {
            self.decide(Verdict::Confirmed(Confirmation::Answer));
        }
    }

    /// Takes note of whether the device has an address in a network that it joined.
    pub fn address(&mut self, now: u64, has_address: bool) {
        let now = self.advance(now);
        if self.address != has_address {
            (self.address, self.address_changed_at) = (has_address, now);
        }
    }

    /// Takes note of whether clients can join the device's own network.
    pub fn own_network(&mut self, now: u64, is_up: bool) {
        let now = self.advance(now);
        if self.own != is_up {
            (self.own, self.own_changed_at) = (is_up, now);
        }
    }

    /// Takes note of when the oldest request came that is not answered yet.
    ///
    /// A request is answered once its answer has left for the network; a client that goes away leaves none.
    pub fn unanswered_since(&mut self, now: u64, since: Option<u64>) {
        let now = self.advance(now);
        if self.unanswered_since.is_some() || since.is_some() {
            self.quiet_since = now;
        }
        self.unanswered_since = since.map(|since| self.since_start(since));
    }

    /// Takes note of what the application's own check says.
    pub fn checked(&mut self, now: u64, passed: bool) {
        self.advance(now);
        self.decide(match passed {
            true => Verdict::Confirmed(Confirmation::Check),
            false => Verdict::GivenUp(Reason::Check),
        });
    }

    /// Returns the state of the trial.
    pub fn poll(&mut self, now: u64) -> Progress {
        self.advance(now);
        match self.verdict {
            Some(verdict) => Progress::Decided(verdict),
            None => Progress::Undecided { until: self.start.saturating_add(self.deadline().0.into()) },
        }
    }

    fn decide(&mut self, verdict: Verdict) {
        self.verdict.get_or_insert(verdict);
    }

    fn since_start(&self, time: u64) -> u32 {
        u32::try_from(time.saturating_sub(self.start)).unwrap_or(u32::MAX)
    }

    /// Decides if the deadline has passed. Returns the time since the start.
    fn advance(&mut self, now: u64) -> u32 {
        let now = self.since_start(now);
        let (time, verdict) = self.deadline();
        if time <= now {
            self.decide(verdict);
        }
        now
    }

    /// Returns the time at which the trial is decided without an input, and the verdict.
    fn deadline(&self) -> (u32, Verdict) {
        let Times { unanswered, quiet, no_address, own_network } = self.times;
        let after = |since: u32, time, verdict| (since.saturating_add(time), verdict);
        let is_alone = self.before == Network::Own && self.own;
        let own = after(self.own_changed_at, own_network, Verdict::Confirmed(Confirmation::OwnNetwork));
        let since = match self.before {
            Network::Joined => self.address_changed_at,
            Network::Own => self.address_changed_at.max(self.own_changed_at),
        };
        let missing = after(since, no_address, Verdict::GivenUp(Reason::NoAddress));
        let is_missing = !self.address && !is_alone;
        if let Some(since) = self.unanswered_since {
            let answer = after(since, unanswered, Verdict::GivenUp(Reason::Unanswered));
            return if is_missing { earlier(answer, missing) } else { answer };
        }
        let since = self.address_changed_at.max(self.quiet_since);
        let silent = after(since, quiet, Verdict::Confirmed(Confirmation::Quiet));
        match (self.address, is_alone) {
            (true, true) => earlier(own, silent),
            (true, false) => silent,
            (false, true) => own,
            (false, false) => missing,
        }
    }
}

fn earlier(a: (u32, Verdict), b: (u32, Verdict)) -> (u32, Verdict) {
    if b.0 < a.0 { b } else { a }
}
