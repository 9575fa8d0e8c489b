//! What lines of the log need: text from outside that cannot make a line of its own, and a limit to lines about refusals.

mod escape;
mod rate_limit;

pub(crate) use escape::Escaped;
pub use rate_limit::LogRateLimit;
pub(crate) use rate_limit::Refusals;

/// The target of lines of the log that show what a client sent: whoever passes the log on leaves them out.
pub const FROM_CLIENT: &str = "instep::from_client";

/// The target of lines of the log that say why something was not published. An application that publishes the log leaves them out: each
/// would cause the next one.
pub const NOT_PUBLISHED: &str = "instep::not_published";

/// The target of lines of the log that hold a secret, for who has the board in hands: they are for its serial port, and
/// whoever passes the log on leaves them out.
pub const SECRET: &str = "instep::secret";
