//! Devices that viewers look at: each an [`instep::Device`] that stands for the one at the broker.

mod declaration;
mod declarations;
mod forward;
mod gateway;
mod gateway_limits;
mod mirror;
mod pool;
#[cfg(test)]
mod tests;
mod viewed;

pub use gateway::{Gateway, Pages};
pub use gateway_limits::GatewayLimits;
