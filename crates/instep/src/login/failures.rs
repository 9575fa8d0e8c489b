//! Failed log-ins of each client network, a table of fixed size.

use crate::time::Instant;
use core::net::IpAddr;

/// Number of wrong passwords after which a network must wait.
pub const FAILED_LOGINS_MAX: u8 = 5;
/// First wait, in ms. Each further wait is twice as long.
const FIRST_WAIT_MS: u64 = 60_000;
/// Maximum wait, in ms.
const LONGEST_WAIT_MS: u64 = 15 * 60_000;
/// Time after the last failure at which a network's failures are forgotten, in ms.
const FAILURE_EXPIRY_MS: u64 = 60 * 60_000;

/// Network of a client, for which failed log-ins are counted.
///
/// It is one IPv4 address, or the first 64 bits of an IPv6 address, because one household has such a prefix. All link-local
/// addresses have the same prefix, so each of them counts as a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientPrefix {
    V4(u32),
    V6(u64),
    OnLink(u64),
}

impl From<IpAddr> for ClientPrefix {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, host @ ..] = address.octets();
                if address.is_unicast_link_local() {
                    Self::OnLink(u64::from_be_bytes(host))
                } else {
                    Self::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
                }
            }
        }
    }
}

/// Failed log-ins of one network.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailedLogin {
    prefix: Option<ClientPrefix>,
    /// The number of failures since the last wait.
    count: u8,
    /// The length of the last wait, in ms, or 0 before the first one.
    wait: u64,
    last: Instant,
}

impl FailedLogin {
    /// Returns the time at which the network may try again.
    fn until(&self) -> Instant {
        if self.count == 0 { self.last.after(self.wait) } else { Instant::default() }
    }
}

/// Table of the networks with failed log-ins.
#[derive(Debug)]
pub(super) struct FailedLogins {
    entries: &'static mut [FailedLogin],
}

impl FailedLogins {
    pub(super) fn new(entries: &'static mut [FailedLogin]) -> Self {
        assert!(!entries.is_empty(), "the memory of a log-in has no entry for failed log-ins");
        entries.fill(FailedLogin::default());
        Self { entries }
    }

    /// Returns the remaining wait of the network, in whole seconds.
    ///
    /// Returns 0 if it need not wait.
    pub(super) fn wait(&self, network: ClientPrefix, now: Instant) -> u16 {
        let until = self.find(network).map_or(Instant::default(), |i| self.entries[i].until());
        let seconds = until.as_millis().saturating_sub(now.as_millis()).div_ceil(1000);
        u16::try_from(seconds).unwrap_or(u16::MAX)
    }

    /// Counts a wrong password.
    ///
    /// Returns the wait that begins with it, in seconds, if one does.
    pub(super) fn add(&mut self, network: ClientPrefix, now: Instant) -> Option<u16> {
        let index = self.find(network).unwrap_or_else(|| self.least_important(now));
        let entry = &mut self.entries[index];
        if entry.prefix != Some(network) || now >= entry.last.after(FAILURE_EXPIRY_MS) {
            *entry = FailedLogin { prefix: Some(network), ..FailedLogin::default() };
        }
        entry.count += 1;
        entry.last = now;
        if entry.count < FAILED_LOGINS_MAX {
            return None;
        }
        entry.count = 0;
        entry.wait = (entry.wait * 2).clamp(FIRST_WAIT_MS, LONGEST_WAIT_MS);
        Some(self.wait(network, now))
    }

    /// Removes the failures of a network, because it has sent the right password.
    pub(super) fn forget(&mut self, network: ClientPrefix) {
        if let Some(index) = self.find(network) {
            self.entries[index] = FailedLogin::default();
        }
    }

    fn find(&self, network: ClientPrefix) -> Option<usize> {
        self.entries.iter().position(|entry| entry.prefix == Some(network))
    }

    /// Returns the index of the entry for one more network.
    ///
    /// Free entries come first. Then comes the network with the oldest failure, of the networks that need not wait, and then the
    /// network whose wait ends first.
    fn least_important(&self, now: Instant) -> usize {
        let importance = |entry: &FailedLogin| {
            let waits = entry.until() > now;
            (entry.prefix.is_some(), waits, if waits { entry.until() } else { entry.last })
        };
        (0..self.entries.len()).min_by_key(|i| importance(&self.entries[*i])).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const HERE: ClientPrefix = ClientPrefix::V4(1);
    const THERE: ClientPrefix = ClientPrefix::V4(2);

    fn failures(count: usize) -> FailedLogins {
        FailedLogins::new(vec![FailedLogin::default(); count].leak())
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn fifth_failure_begins_wait_that_doubles_to_15_min() {
        let mut failures = failures(4);
        let mut now = 1000;
        for minutes in [1, 2, 4, 8, 15, 15] {
            for _ in 0..4 {
                assert_eq!(failures.add(HERE, at(now)), None);
                assert_eq!(failures.wait(HERE, at(now)), 0);
            }
            assert_eq!(failures.add(HERE, at(now)), Some(minutes * 60));
            assert_eq!(failures.wait(HERE, at(now + 10)), minutes * 60 - 10);
            assert_eq!(failures.wait(THERE, at(now)), 0);
            now += u64::from(minutes) * 60;
            assert_eq!(failures.wait(HERE, Instant::from_millis(now * 1000 - 1)), 1);
            assert_eq!(failures.wait(HERE, at(now)), 0);
        }
    }

    #[test]
    fn failures_expire_after_an_hour_or_right_password() {
        let mut failures = failures(4);
        for _ in 0..4 {
            failures.add(HERE, at(0));
            failures.add(THERE, at(0));
        }
        assert_eq!(failures.add(HERE, at(60 * 60)), None);
        failures.forget(THERE);
        for _ in 0..4 {
            assert_eq!(failures.add(THERE, at(1)), None);
        }
        assert_eq!(failures.add(THERE, at(1)), Some(60));
        assert_eq!(failures.wait(THERE, at(1)), 60);
        failures.forget(THERE);
        assert_eq!(failures.wait(THERE, at(1)), 0);
    }

    #[test]
    fn full_table_keeps_longest_waits() {
        let mut failures = failures(2);
        for _ in 0..5 {
            failures.add(HERE, at(1));
        }
        failures.add(THERE, at(2));
        failures.add(ClientPrefix::V4(3), at(3));
        assert_eq!(failures.wait(HERE, at(3)), 58);
        assert_eq!(failures.find(THERE), None);
        for _ in 0..5 {
            failures.add(THERE, at(4));
        }
        failures.add(ClientPrefix::V4(4), at(5));
        assert_eq!(failures.find(HERE), None, "both wait, and the wait of HERE ends first");
        assert_eq!(failures.wait(THERE, at(5)), 59);
    }

    #[test]
    fn ipv6_addresses_of_one_prefix_are_one_network() {
        let network = |text: &str| ClientPrefix::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("::1"), network("0.0.0.1"));
    }

    #[test]
    fn link_local_addresses_are_separate_networks() {
        let network = |address: &str| ClientPrefix::from(address.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("fe80::1"), network("fe80::2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
