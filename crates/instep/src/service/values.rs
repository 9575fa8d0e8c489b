//! Values of a Thing, read from its frames.

use super::context::Context;
use instep_proto::frame::server_payload;

/// Calls `with` with the latest value of a property in its encoding on the wire.
pub(crate) fn with_value<R>(number: usize, context: &Context<'_>, with: impl FnOnce(&[u8]) -> R) -> R {
    let thing = context.manifest.thing;
    let name = thing.and_then(|thing| thing.interactions.get(number)).map_or("", |found| found.name);
    let topic = thing.and_then(|thing| thing.topic(number)).unwrap_or(usize::MAX);
    context
        .device
        .read_topic(topic, |frame| with(frame.and_then(|frame| value(frame, name)).unwrap_or(b"null")))
}

/// Returns the value in a frame of that label.
///
/// The sequence number of an event is left out. Returns `None` if the frame has another label.
pub(crate) fn value<'f>(frame: &'f [u8], label: &str) -> Option<&'f [u8]> {
    let rest = server_payload(frame).strip_prefix(b"{\"label\":\"")?;
    let value = rest.strip_prefix(label.as_bytes())?.strip_prefix(b"\",\"value\":")?.strip_suffix(b"}")?;
    // A value cannot end like a sequence number, because a text ends with a quote, and quotes within a text are escaped.
    let digits = value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = &value[..value.len() - digits];
    Some(before.strip_suffix(b",\"seq\":").filter(|_| digits > 0).unwrap_or(value))
}
