//! State machine of one connection, from its first byte to its last.
//!
//! It is synchronous, and every driver runs it by [`Client::turn`].

mod bodies;
mod client;
mod context;
mod deadlines;
mod deflate;
mod eviction;
mod http_state;
mod inflate;
mod info;
#[cfg(feature = "gateway")]
mod mounting;
mod receive;
mod requests;
mod routing;
mod send;
mod served;
mod timers;
mod transport;
mod turn;
mod upgrade_probe;
mod websocket;

pub use client::Client;
pub use context::{AddressLimit, TurnContext};
pub use deflate::Compression;
pub use eviction::EvictionPriority;
pub use http_state::{HttpState, HttpStateMemory};
pub use inflate::{Inflated, Inflater};
pub use info::ConnectionInfo;
pub use turn::Turn;
