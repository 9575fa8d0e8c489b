//! Events of a Thing, which are numbered if the application has a backlog.

use super::shared::Device;
use crate::log::lines;
use core::fmt::{self, Display};
use core::num::NonZeroU32;
use core::sync::atomic::Ordering;
use instep_proto::frame::Payload;

/// Maximum length of an event's number in its frame, in bytes.
const SEQ_MAX: usize = r#","seq":18446744073709551615"#.len();

impl Device {
    /// Sets the id of this start of the device, a random number.
    ///
    /// The id is needed if the application has a backlog ([`App::has_backlog`](crate::App::has_backlog)), and must be set before the
    /// device is served. On Linux the server sets it. Without the id, a page that reconnects cannot detect that the numbers of events
    /// have begun anew, and shows events twice.
    pub fn set_boot_id(&self, random: u32) {
        self.start.store(random.max(1), Ordering::Relaxed);
    }

    /// Returns the id of this start of the device, if it was set.
    pub(crate) fn start(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.start.load(Ordering::Relaxed))
    }

    /// Emits an event of the Thing to every client.
    ///
    /// Logs the reason if the event cannot be sent.
    pub(crate) fn emit_event(&self, name: &str, value: &dyn Display) {
        let sent = self.with(|state| {
            let seq = self.backlog.then(|| state.feed.ring().next() + 1);
            let event = fmt::from_fn(|f| {
                write!(f, "{{\"label\":\"{name}\",\"value\":{value}")?;
                if let Some(seq) = seq {
                    write!(f, ",\"seq\":{seq}")?;
                }
                f.write_str("}")
            });
            state.emit(Payload::Text(&event))
        });
        if let Err(error) = sent {
            lines::not_published(format_args!("Not sent: {error}"));
        }
    }

    /// Returns the overhead of an event's frame, in bytes.
    ///
    /// `without_number` is the overhead of a frame without an event's number.
    pub(crate) fn event_overhead(&self, without_number: usize) -> usize {
        if self.backlog { without_number + SEQ_MAX } else { without_number }
    }
}
