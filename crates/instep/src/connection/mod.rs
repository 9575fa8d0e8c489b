//! One client, from the first byte to the last: a synchronous state machine that every driver turns.

mod bodies;
mod client;
mod context;
mod deadlines;
mod deflate;
mod eviction;
mod http_state;
mod inflate;
mod info;
mod receive;
mod requests;
mod routing;
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
