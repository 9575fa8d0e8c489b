//! Events of a Thing, with their numbers where past ones are told again.

use super::shared::Device;
use crate::log::NOT_PUBLISHED;
use core::fmt::{self, Display};
use core::num::NonZeroU32;
use core::sync::atomic::Ordering;
use instep_proto::frame::Payload;

/// The most bytes that an event's number takes.
const SEQ_MAX: usize = r#","seq":18446744073709551615"#.len();

impl Device {
    /// Tells this start of the device from all others, by any number that was not used before: a random one. Call it before the
    /// device is served, where the application has a backlog ([`App::has_backlog`](crate::App::has_backlog)); on Linux the
    /// server does. Without it, nobody knows whether numbers of events began anew: a page shows those again that it has had.
    pub fn set_boot_id(&self, random: u32) {
        self.start.store(random.max(1), Ordering::Relaxed);
    }

    /// Which start of the device this is, if somebody said.
    pub(crate) fn start(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.start.load(Ordering::Relaxed))
    }

    /// Emits an event of the Thing to every client. If it cannot be sent, the log says why.
    pub(crate) fn emit_event(&self, name: &str, value: &dyn Display) {
        let sent = self.with(|state| {
            let seq = self.backlog.then(|| state.next_event() + 1);
            state.emit(Payload::Text(&Event { name, value, seq }))
        });
        if let Err(error) = sent {
            log::error!(target: NOT_PUBLISHED, "Not sent: {error}");
        }
    }

    /// How many bytes of an event's frame are not for its value, of so many beside a number.
    pub(crate) fn event_overhead(&self, without_number: usize) -> usize {
        if self.backlog { without_number + SEQ_MAX } else { without_number }
    }
}

struct Event<'e> {
    name: &'e str,
    value: &'e dyn Display,
    seq: Option<u64>,
}

impl Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"label\":\"{}\",\"value\":{}", self.name, self.value)?;
        if let Some(seq) = self.seq {
            write!(f, ",\"seq\":{seq}")?;
        }
        f.write_str("}")
    }
}
