//! The limits, which are options, too. CONTRACTS section 6 is the rule.

use super::values;
use instep::Limits;
use instep::driver::HEADERS_MAX;
use instep_tokio::SocketLimits;
use std::ops::RangeInclusive;

/// The limits of the server and those of its sockets: one table for users.
#[derive(Clone, Copy)]
pub(crate) struct ServerLimits {
    pub(crate) server: Limits,
    pub(crate) sockets: SocketLimits,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self { server: Limits::LINUX, sockets: SocketLimits::default() }
    }
}

/// A limit: how it is called and which values can work.
pub(super) struct Limit {
    /// Its name in the table `limits` of the file, and after `--limit`. The variable is the same in capitals
    /// after `INSTEP_LIMIT_`.
    pub(super) key: &'static str,
    pub(super) unit: Unit,
    /// The values that can work; times are in milliseconds.
    range: RangeInclusive<u64>,
    pub(super) about: &'static str,
    at: fn(&mut ServerLimits) -> &mut dyn Number,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Bytes,
    Time,
}

impl Limit {
    pub(super) fn take(&self, limits: &mut ServerLimits, text: &str) -> Result<(), String> {
        let value = match self.unit {
            Unit::Count | Unit::Bytes => values::count(text)?,
            Unit::Time => values::time(text)?,
        };
        let (least, most) = (self.text(*self.range.start()), self.text(*self.range.end()));
        if !self.range.contains(&value) || !(self.at)(limits).write(value) {
            return Err(format!("is not possible: {} is from {least} to {most}", self.key));
        }
        Ok(())
    }

    pub(super) fn show(&self, limits: &ServerLimits) -> String {
        self.text((self.at)(&mut limits.clone()).read())
    }

    fn text(&self, value: u64) -> String {
        match self.unit {
            Unit::Count | Unit::Bytes => value.to_string(),
            Unit::Time => values::show_time(value),
        }
    }
}

/// A limit's field, however wide it is.
trait Number {
    fn read(&self) -> u64;
    /// `false`: it is not wide enough.
    fn write(&mut self, value: u64) -> bool;
}

macro_rules! number {
    ($($type:ty)*) => {$(
        impl Number for $type {
            fn read(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }

            fn write(&mut self, value: u64) -> bool {
                Self::try_from(value).map(|value| *self = value).is_ok()
            }
        }
    )*};
}

number!(u8 u16 u32 u64 usize);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;
/// The number of a slot has 16 bits.
const SLOTS_MAX: usize = 65_535;
/// What a reply takes in the outbox beside its text: its frame's header, its length and what it follows.
const BESIDE_A_REPLY: usize = 22;

pub(super) static LIMITS: &[Limit] = &[
    Limit {
        key: "clients",
        unit: Unit::Count,
        range: 1..=60_000,
        about: "WebSocket clients at once; above it: 503",
        at: |limits| &mut limits.server.clients,
    },
    Limit {
        key: "http_slots",
        unit: Unit::Count,
        range: 1..=60_000,
        about: "connections beside those of the clients",
        at: |limits| &mut limits.sockets.http_slots,
    },
    Limit {
        key: "per_address",
        unit: Unit::Count,
        range: 1..=SLOTS_MAX as u64,
        about: "connections from one other machine; above it: 503",
        at: |limits| &mut limits.sockets.per_address,
    },
    Limit {
        key: "message_rate",
        unit: Unit::Count,
        range: 0..=1_000_000,
        about: "messages a second from one address; 0: no limit",
        at: |limits| &mut limits.sockets.message_rate,
    },
    Limit {
        key: "head",
        unit: Unit::Bytes,
        // An upgrade without any header that it does not need.
        range: 256..=MIB,
        about: "bytes of a request's head; above it: 431",
        at: |limits| &mut limits.server.head.bytes,
    },
    Limit {
        key: "headers",
        unit: Unit::Count,
        // Those of an upgrade.
        range: 5..=HEADERS_MAX as u64,
        about: "headers of a request; above it: 431",
        at: |limits| &mut limits.server.head.headers,
    },
    Limit {
        key: "body",
        unit: Unit::Bytes,
        range: 0..=GIB,
        about: "bytes of a request's body; above it: 413",
        at: |limits| &mut limits.server.body,
    },
    Limit {
        key: "message",
        unit: Unit::Bytes,
        range: 1..=GIB,
        about: "bytes of a message from a client; above it: close 1009",
        at: |limits| &mut limits.server.message,
    },
    Limit {
        key: "frame",
        unit: Unit::Bytes,
        range: 1..=16 * MIB,
        about: "bytes of what the application sends; above it: not sent",
        at: |limits| &mut limits.server.frame,
    },
    Limit {
        key: "events",
        unit: Unit::Count,
        range: 0..=65_536,
        about: "events kept for clients that are a little behind",
        at: |limits| &mut limits.server.events,
    },
    Limit {
        key: "inbox",
        unit: Unit::Count,
        range: 1..=SLOTS_MAX as u64,
        about: "messages that wait; then their senders are not read",
        at: |limits| &mut limits.server.inbox,
    },
    Limit {
        key: "replies",
        unit: Unit::Count,
        range: 1..=SLOTS_MAX as u64,
        about: "replies that wait for one client; then it is not read",
        at: |limits| &mut limits.server.replies,
    },
    Limit {
        key: "outbox",
        unit: Unit::Bytes,
        range: 1 + BESIDE_A_REPLY as u64..=GIB,
        about: "bytes of replies that wait, and 22 for each",
        at: |limits| &mut limits.server.outbox,
    },
    Limit {
        key: "head_time",
        unit: Unit::Time,
        range: 100..=DAY,
        about: "how long a request's head may take; then: closed",
        at: |limits| &mut limits.server.head_time,
    },
    Limit {
        key: "idle_time",
        unit: Unit::Time,
        range: 100..=DAY,
        about: "between two requests on a connection; then: closed",
        at: |limits| &mut limits.server.idle_time,
    },
    Limit {
        key: "ping_every",
        unit: Unit::Time,
        range: SECOND..=DAY,
        about: "silence after which a client is pinged",
        at: |limits| &mut limits.server.ping_every,
    },
    Limit {
        key: "pings_missed",
        unit: Unit::Count,
        range: 1..=255,
        about: "pings without a word from the client; then: dropped",
        at: |limits| &mut limits.server.pings_missed,
    },
    Limit {
        key: "write_stall",
        unit: Unit::Time,
        range: SECOND..=DAY,
        about: "how long a client may accept nothing; then: dropped",
        at: |limits| &mut limits.server.write_stall,
    },
    Limit {
        key: "linger_time",
        unit: Unit::Time,
        range: 100..=DAY,
        about: "how long a closed connection is still read",
        at: |limits| &mut limits.server.linger_time,
    },
    Limit {
        key: "linger_bytes",
        unit: Unit::Bytes,
        range: 1..=GIB,
        about: "bytes of a closed connection that are still read",
        at: |limits| &mut limits.server.linger_bytes,
    },
    Limit {
        key: "unsent",
        unit: Unit::Bytes,
        range: 1..=GIB,
        about: "bytes that the kernel keeps unsent for one client",
        at: |limits| &mut limits.sockets.unsent,
    },
    Limit {
        key: "inflaters",
        unit: Unit::Count,
        range: 0..=1024,
        about: "messages a core decompresses at once; 0: none",
        at: |limits| &mut limits.sockets.inflaters,
    },
];

/// Limits that do not go together, and why.
#[derive(Debug)]
pub(super) struct Clash {
    pub(super) keys: [&'static str; 2],
    pub(super) reason: String,
}

/// Checks what no limit can be asked alone.
pub(super) fn check(limits: &ServerLimits) -> Result<(), Clash> {
    let ServerLimits { server, sockets } = limits;
    if server.clients + sockets.http_slots > SLOTS_MAX {
        let reason = format!("they are at most {SLOTS_MAX} together");
        return Err(Clash { keys: ["clients", "http_slots"], reason });
    }
    let least = server.frame + BESIDE_A_REPLY;
    if server.outbox < least {
        let reason = format!("a whole frame has to fit into the outbox, so outbox is at least {least}");
        return Err(Clash { keys: ["frame", "outbox"], reason });
    }
    if server.frame as u64 * (server.events as u64 + 1) > GIB {
        let reason = "all events together may take 1 GiB at most, frame times events".into();
        return Err(Clash { keys: ["frame", "events"], reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &str)]) -> Result<ServerLimits, String> {
        let mut limits = ServerLimits::default();
        for (key, text) in changes {
            let limit = LIMITS.iter().find(|limit| limit.key == *key).unwrap();
            limit.take(&mut limits, text)?;
        }
        Ok(limits)
    }

    #[test]
    fn each_limit_is_a_field_of_its_own_and_its_default_can_work() {
        for limit in LIMITS {
            let default = limit.show(&ServerLimits::default());
            let least = limit.text(*limit.range.start());
            assert!(with(&[(limit.key, &default)]).is_ok(), "{}", limit.key);
            let changed = with(&[(limit.key, &least)]).unwrap();
            for other in LIMITS {
                let expected =
                    if other.key == limit.key { &least } else { &other.show(&ServerLimits::default()) };
                assert_eq!(&other.show(&changed), expected, "{} was set", limit.key);
            }
        }
    }

    #[test]
    fn every_field_is_a_limit() {
        let fields = |debug: String| debug.matches(": ").count();
        let ServerLimits { server, sockets } = ServerLimits::default();
        // The head is one field with two limits.
        let all = fields(format!("{server:?}")) - 1 + fields(format!("{sockets:?}"));
        assert_eq!(LIMITS.len(), all);
    }

    #[test]
    fn values_at_the_ends_of_the_range_are_taken_and_those_beyond_are_not() {
        for limit in LIMITS {
            let (least, most) = (*limit.range.start(), *limit.range.end());
            for good in [least, most] {
                assert!(with(&[(limit.key, &limit.text(good))]).is_ok(), "{} = {good}", limit.key);
            }
            for bad in [least.checked_sub(1), Some(most + 1)].into_iter().flatten() {
                let error = with(&[(limit.key, &limit.text(bad))]).err().unwrap();
                assert!(error.contains(limit.key) && error.contains(&limit.text(most)), "{error}");
            }
        }
    }

    #[test]
    fn limits_that_clash_are_told_so() {
        assert!(check(&ServerLimits::default()).is_ok());
        for (good, bad, keys) in [
            (
                [("clients", "60000"), ("http_slots", "5535")],
                ("http_slots", "5536"),
                ["clients", "http_slots"],
            ),
            ([("frame", "100"), ("outbox", "122")], ("outbox", "121"), ["frame", "outbox"]),
            ([("frame", "65536"), ("events", "16383")], ("events", "16384"), ["frame", "events"]),
        ] {
            assert!(check(&with(&good).unwrap()).is_ok(), "{keys:?}");
            assert_eq!(check(&with(&[good[0], bad]).unwrap()).unwrap_err().keys, keys);
        }
    }
}
