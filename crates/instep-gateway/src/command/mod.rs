//! Commands to devices, on their way over the broker.

mod error;
mod pending;
mod reply;

pub use error::CommandError;
pub use pending::{Command, Wait};
pub(crate) use pending::{Commands, Queued};
pub use reply::Reply;
