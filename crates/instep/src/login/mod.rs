//! The log-in: one password, and sessions in cookies (CONTRACTS section 5).
//!
//! Safari sends no Basic authorization with a WebSocket's handshake, hence the cookie; tools send the password with
//! each request. To hash a password takes long, so that guessing does, too: it is done one at a time, by
//! [`LogIn::check_passwords`], while everything else goes on.

mod checks;
mod failures;
mod http;
mod log_in;
mod page;
mod password;
mod sessions;
mod state;

pub use checks::PasswordCheck;
pub use failures::{FAILED_LOGINS_MAX, FailedLogin};
pub(crate) use http::{LOG_IN, LOG_OUT};
pub use log_in::LogIn;
pub use password::{PASSWORD_MAX, Password, PasswordError, find_password};
pub use sessions::{SESSION_SECONDS, Session};
pub use state::{LogInMemory, Random};
