//! Table of the limits, which are also options.
//!
//! Section 6 of docs/contracts.md defines them.

use super::values;
use instep::Limits;
use instep::driver::HEADERS_MAX;
use instep_tokio::SocketLimits;
use std::ops::RangeInclusive;

/// Limits of the server and of its sockets, which are one table for users.
#[derive(Clone, Copy)]
pub(crate) struct ServerLimits {
    pub(crate) server: Limits,
    pub(crate) sockets: SocketLimits,
    /// Limits of a gateway.
    #[cfg(feature = "gateway")]
    pub(crate) fleet: FleetSize,
}

/// Limits of what a gateway keeps of its devices.
#[cfg(feature = "gateway")]
#[derive(Clone, Copy)]
pub(crate) struct FleetSize {
    pub(crate) devices: usize,
    pub(crate) bytes: usize,
    pub(crate) history: usize,
    pub(crate) viewed: usize,
    pub(crate) viewers: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            server: Limits::LINUX,
            sockets: SocketLimits::default(),
            #[cfg(feature = "gateway")]
            fleet: FleetSize {
                devices: 20_000,
                bytes: 512 << 20,
                history: 64 << 20,
                viewed: 1_000,
                viewers: 512,
            },
        }
    }
}

/// A limit: its name, its unit and its range.
#[derive(Clone)]
pub(super) struct Limit {
    /// Key in the table `limits` of the file, and after `--limit`.
    ///
    /// The variable is the key in capitals after `INSTEP_LIMIT_`.
    pub(super) key: &'static str,
    pub(super) unit: Unit,
    /// Valid values. Times are in milliseconds.
    range: RangeInclusive<u64>,
    /// Help text.
    pub(super) about: &'static str,
    field: fn(&mut ServerLimits) -> &mut dyn Number,
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
        let (min, max) = (self.text(*self.range.start()), self.text(*self.range.end()));
        if !self.range.contains(&value) || !(self.field)(limits).write(value) {
            return Err(format!("is out of range: {} must be from {min} to {max}", self.key));
        }
        Ok(())
    }

    pub(super) fn show(&self, limits: &ServerLimits) -> String {
        self.text((self.field)(&mut limits.clone()).read())
    }

    fn text(&self, value: u64) -> String {
        match self.unit {
            Unit::Count | Unit::Bytes => value.to_string(),
            Unit::Time => values::show_time(value),
        }
    }
}

/// Field of a limit, an unsigned integer of any width.
trait Number {
    fn read(&self) -> u64;
    /// Stores the value. Returns `false` if the field is too narrow.
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

/// 1 MiB, in bytes.
const MIB: u64 = 1 << 20;
/// 1 GiB, in bytes.
const GIB: u64 = 1 << 30;
/// One second, in ms.
const SECOND: u64 = 1000;
/// One day, in ms.
const DAY: u64 = 86_400 * SECOND;
/// Maximum number of slots, because a slot's number has 16 bits.
const MAX_SLOTS: usize = 65_535;
/// Overhead of a reply in the outbox, in bytes.
///
/// It holds the header of the frame, the length of the reply, and the revision that it follows.
const REPLY_OVERHEAD: usize = 22;

/// Declares a table of limits: key, unit, range, field and help of each.
macro_rules! limits {
    ($name:ident; $($key:ident: $unit:ident $range:expr, $part:ident.$($field:ident).+, $about:literal;)*) => {
        pub(super) static $name: &[Limit] = &[$(Limit {
            key: stringify!($key),
            unit: Unit::$unit,
            range: $range,
            about: $about,
            field: |limits| &mut limits.$part.$($field).+,
        }),*];
    };
}

limits! {
    LIMITS;
    clients: Count 1..=60_000, server.clients, "WebSockets and event streams at once; more get 503";
    http_slots: Count 1..=60_000, sockets.http_slots, "other connections at once";
    per_address: Count 1..=MAX_SLOTS as u64, sockets.per_address, "connections from one other machine; more get 503";
    message_rate: Count 0..=1_000_000, sockets.message_rate, "messages per second from one address; 0 is no limit";
    // The minima are those of a minimal upgrade.
    head: Bytes 256..=MIB, server.head.bytes, "bytes of a request's head; a larger one gets 431";
    headers: Count 5..=HEADERS_MAX as u64, server.head.headers, "headers of a request; more get 431";
    body: Bytes 0..=GIB, server.body, "bytes of a request's body; a larger one gets 413";
    message: Bytes 1..=GIB, server.message, "bytes of a client's message; a larger one gets 1009";
    frame: Bytes 1..=16 * MIB, server.frame, "bytes of a message to clients; no larger one is sent";
    events: Count 0..=65_536, server.events, "past events that are kept for slow clients";
    inbox: Count 1..=MAX_SLOTS as u64, server.inbox, "messages in the inbox; if it is full, senders wait";
    replies: Count 1..=MAX_SLOTS as u64, server.replies, "queued replies of a client; above it, reading stops";
    outbox: Bytes 1 + REPLY_OVERHEAD as u64..=GIB, server.outbox, "bytes of a client's replies; each needs 22 more";
    head_time: Time 100..=DAY, server.head_time, "timeout of a request's head; closes the connection";
    idle_time: Time 100..=DAY, server.idle_time, "timeout between requests; closes the connection";
    ping_every: Time SECOND..=DAY, server.ping_every, "time of silence after which a client gets a ping";
    pings_missed: Count 1..=255, server.pings_missed, "unanswered pings in a row until a client is dropped";
    write_stall: Time SECOND..=DAY, server.write_stall, "time of stalled output after which a client is dropped";
    linger_time: Time 100..=DAY, server.linger_time, "time for which a closed connection is drained";
    linger_bytes: Bytes 1..=GIB, server.linger_bytes, "bytes that are drained from a closed connection";
    unsent: Bytes 1..=GIB, sockets.unsent, "unsent bytes in the kernel for one client";
    inflaters: Count 0..=1024, sockets.inflaters, "messages that each core decompresses at once; 0: none";
}

#[cfg(feature = "gateway")]
limits! {
    FLEET_LIMITS;
    devices: Count 1..=1_000_000, fleet.devices, "devices; the gateway leaves out more";
    viewed: Count 1..=100_000, fleet.viewed, "devices that viewers look at at once; others get 503";
    viewers: Count 1..=52_000, fleet.viewers, "viewers of one device; more get 503";
    fleet_bytes: Bytes MIB..=64 * GIB, fleet.bytes, "bytes of all values and descriptions; more are left out";
    history_bytes: Bytes 0..=64 * GIB, fleet.history, "bytes of all past values of sensors; charts of others begin when they are opened";
}

/// Conflict between two limits.
#[derive(Debug)]
pub(super) struct Clash {
    pub(super) keys: [&'static str; 2],
    pub(super) reason: String,
}

/// Checks the limits against each other.
pub(super) fn check(limits: &ServerLimits) -> Result<(), Clash> {
    let ServerLimits { server, sockets, .. } = limits;
    if server.clients + sockets.http_slots > MAX_SLOTS {
        let reason = format!("their sum must be at most {MAX_SLOTS}");
        return Err(Clash { keys: ["clients", "http_slots"], reason });
    }
    let min = server.frame + REPLY_OVERHEAD;
    if server.outbox < min {
        let reason = format!("a whole frame must fit into the outbox; set outbox to at least {min}");
        return Err(Clash { keys: ["frame", "outbox"], reason });
    }
    if server.frame as u64 * (server.events as u64 + 1) > GIB {
        let reason = "frame times one more than events must be at most 1 GiB".into();
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
    fn limit_set_changes_only_its_field() {
        for limit in LIMITS {
            let default = limit.show(&ServerLimits::default());
            let min = limit.text(*limit.range.start());
            assert!(with(&[(limit.key, &default)]).is_ok(), "{}", limit.key);
            let changed = with(&[(limit.key, &min)]).unwrap();
            for other in LIMITS {
                let expected =
                    if other.key == limit.key { &min } else { &other.show(&ServerLimits::default()) };
                assert_eq!(&other.show(&changed), expected, "{} was set", limit.key);
            }
        }
    }

    #[test]
    fn table_has_a_row_for_every_field() {
        let fields = |debug: String| debug.matches(": ").count();
        let ServerLimits { server, sockets, .. } = ServerLimits::default();
        // The head is one field with two limits.
        let all = fields(format!("{server:?}")) - 1 + fields(format!("{sockets:?}"));
        assert_eq!(LIMITS.len(), all);
    }

    #[test]
    fn value_beyond_the_range_is_rejected() {
        for limit in LIMITS {
            let (min, max) = (*limit.range.start(), *limit.range.end());
            for good in [min, max] {
                assert!(with(&[(limit.key, &limit.text(good))]).is_ok(), "{} = {good}", limit.key);
            }
            for bad in [min.checked_sub(1), Some(max + 1)].into_iter().flatten() {
                let error = with(&[(limit.key, &limit.text(bad))]).err().unwrap();
                assert!(error.contains(limit.key) && error.contains(&limit.text(max)), "{error}");
            }
        }
    }

    #[test]
    fn conflicting_limits_are_rejected() {
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
