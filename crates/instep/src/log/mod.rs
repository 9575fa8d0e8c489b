//! Log lines, their escaping, their rate limit, and log targets.

mod escape;
pub(crate) mod lines;
mod rate_limit;

pub(crate) use escape::{Escaped, EscapedText};
pub use rate_limit::LogRateLimit;
pub(crate) use rate_limit::Refusals;

/// Log target of lines with text of a client.
///
/// Code that forwards the log to clients must leave these lines out.
pub const FROM_CLIENT: &str = "instep::from_client";

/// Log target of lines that report a failed publish.
///
/// An application that publishes the log must leave these lines out, because each could cause the next one.
pub const NOT_PUBLISHED: &str = "instep::not_published";

/// Log target of lines that contain a secret, for the serial port only.
///
/// Code that forwards the log to clients must leave these lines out.
pub const SECRET: &str = "instep::secret";
