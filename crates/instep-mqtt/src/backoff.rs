//! Waiting time before the next connection.

use instep::Instant;

/// Waiting time before the first retry, in ms.
const FIRST_MS: u32 = 1_000;
/// Maximum waiting time, in ms.
const MAX_MS: u32 = 60_000;
/// Time after which a connection counts as stable, in ms.
const STABLE_MS: u64 = 60_000;
/// Number of short connections in a row that suggest another device of the same id.
const SHORT_MAX: u8 = 3;

/// Waiting time before the next connection, which grows from one failure to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
    /// The number of connections in a row that the broker accepted and soon closed.
    short: u8,
}

/// Outcome of an attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The broker did not accept the device.
    NotOpened,
    /// The broker accepted the device, and closed the connection after this time in ms.
    ClosedByBroker(u64),
    /// The broker accepted the device, and the connection ended otherwise after this time in ms, such as by silence.
    Ended(u64),
}

impl Outcome {
    /// Returns the outcome of a connection that has just ended. `opened_at` is the time at which the broker accepted it.
    pub fn new(opened_at: Option<Instant>, now: Instant, is_by_broker: bool) -> Self {
        let Some(opened_at) = opened_at else { return Self::NotOpened };
        let open_for = now.as_millis().saturating_sub(opened_at.as_millis());
        if is_by_broker { Self::ClosedByBroker(open_for) } else { Self::Ended(open_for) }
    }
}

impl Backoff {
    /// Returns the time to wait after an attempt, in ms, from 1 to 60 s.
    ///
    /// `random` spreads the devices that lost the same broker.
    pub fn after(&mut self, outcome: Outcome, random: u32) -> u64 {
        match outcome {
            Outcome::ClosedByBroker(STABLE_MS..) | Outcome::Ended(STABLE_MS..) => *self = Self::default(),
            Outcome::ClosedByBroker(_) => self.short = self.short.saturating_add(1),
            Outcome::NotOpened | Outcome::Ended(_) => self.short = 0,
        }
        let base = FIRST_MS.saturating_mul(1 << self.failures.min(6)).min(MAX_MS);
        self.failures = self.failures.saturating_add(1);
        let part = |of: u32| of * (random % 1_024) / 1_024;
        (base + part(base / 2)).min(MAX_MS - part(MAX_MS / 4)).into()
    }

    /// Returns whether the broker has closed three connections in a row soon after accepting them.
    ///
    /// A broker does so if another device has the same id, and not every broker says it.
    pub fn suggests_same_id(&self) -> bool {
        self.short >= SHORT_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_grows_from_one_second_to_one_minute() {
        let mut backoff = Backoff::default();
        let times: std::vec::Vec<u64> = (0..8).map(|_| backoff.after(Outcome::NotOpened, 0)).collect();
        assert_eq!(times, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(backoff.after(Outcome::Ended(60_000), 0), 1_000);
        assert!(!backoff.suggests_same_id());
    }

    #[test]
    fn time_is_spread() {
        for random in 0..2_048 {
            let mut backoff = Backoff::default();
            for base in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000] {
                let time = backoff.after(Outcome::NotOpened, random);
                assert!(
                    (base.min(45_000)..=(base * 3 / 2).min(60_000)).contains(&time),
                    "{time} after {base}"
                );
            }
        }
    }

    #[test]
    fn short_connections_suggest_another_device() {
        let mut backoff = Backoff::default();
        for expected in [false, false, true] {
            backoff.after(Outcome::ClosedByBroker(2_000), 0);
            assert_eq!(backoff.suggests_same_id(), expected);
        }
        backoff.after(Outcome::NotOpened, 0);
        assert!(!backoff.suggests_same_id());
    }

    #[test]
    fn cuts_of_the_network_suggest_no_other_device() {
        let mut backoff = Backoff::default();
        for _ in 0..4 {
            backoff.after(Outcome::Ended(2_000), 0);
            assert!(!backoff.suggests_same_id());
        }
    }
}
