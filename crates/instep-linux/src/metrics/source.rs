//! What the metrics are of.

use instep_tokio::{BrokerStatus, Server};

/// What the metrics are of.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub(crate) server: Server,
    /// Returns what the server itself does not count.
    pub(crate) more: &'static (dyn Fn() -> More + Send + Sync),
}

/// What the server itself does not count.
#[derive(Default)]
pub(crate) struct More {
    pub(crate) broker: Option<BrokerStatus>,
    pub(crate) samples: Vec<Sample>,
}

/// A number with its name.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// Whether it only grows.
    pub(crate) is_counter: bool,
    pub(crate) value: u64,
}
