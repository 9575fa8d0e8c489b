//! The log-in (`docs/contracts.md`, section 5).
//!
//! There is one password. A client sends it to get a session in a cookie, or with each request by Basic authentication.
//! Browsers use a cookie, because Safari sends no Basic authentication with a WebSocket's handshake. Tools send the
//! password with each request. Hashing is slow, so that guessing is slow, too. Passwords are hashed one at a time by
//! [`LogIn::check_passwords`], while everything else goes on.

mod checks;
mod cookie;
mod failures;
mod http;
mod log_in;
mod page;
mod password;
#[cfg(feature = "shared-sessions")]
mod sealed;
mod sessions;
#[cfg(feature = "shared-sessions")]
mod shared;
mod state;

pub use checks::PasswordCheck;
pub use failures::{FAILED_LOGINS_MAX, FailedLogin};
pub(crate) use http::{LOG_IN, LOG_OUT};
pub use log_in::LogIn;
pub use password::{PASSWORD_MAX, Password, PasswordError, find_password};
#[cfg(feature = "shared-sessions")]
pub use sealed::{SHARED_SESSION_SECONDS, SealedSession, SharedSessions};
pub use sessions::{SESSION_SECONDS, Session};
pub use state::{LogInMemory, Random};
