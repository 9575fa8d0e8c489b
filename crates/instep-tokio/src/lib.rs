//! The driver for Linux: tokio, threads, and as many sockets as the limits allow.
//!
//! One place accepts and numbers connections and deals them to shards. A shard is a thread with a runtime and
//! a feed of its own, which follows the device's: a publish wakes each shard once, and the shard serves its
//! clients from one loop. The application runs wherever its future is polled, on a thread of its own.

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
