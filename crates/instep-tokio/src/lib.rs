//! Driver of instep for Linux, on tokio.
//!
//! One task accepts connections, numbers them, and dispatches them to shards. A shard is a thread with a
//! runtime and a feed of its own, which follows the device's feed. A publish wakes each shard once, and the
//! shard serves its clients from one loop. The application runs on the thread that polls its future.

mod accept;
mod admission;
#[cfg(feature = "tls")]
mod certificate;
mod clock;
mod connection;
mod date;
mod deflate;
mod dispatch;
mod eviction;
mod exhaustion;
mod limits;
mod listener;
mod login;
mod memory;
mod metrics;
mod permit;
mod rate_limit;
mod ready;
mod serve;
mod server;
mod shard;
mod shard_state;
mod socket;
mod throttle;
#[cfg(feature = "tls")]
mod tls;
mod transport;
#[cfg(feature = "tls")]
mod x509;

#[cfg(feature = "tls")]
pub use certificate::{Certificate, CertificateError};
#[doc(hidden)]
pub use deflate::Deflate;
pub use limits::SocketLimits;
pub use listener::Listener;
pub use login::log_in;
pub use metrics::{Lag, Metrics};
pub use server::Server;
#[cfg(feature = "tls")]
pub use x509::{Moment, Validity};
