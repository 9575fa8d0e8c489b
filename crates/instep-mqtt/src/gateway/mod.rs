//! A gateway as the client of a broker: it hears all devices, and sends them commands.

mod client;
mod heard;
mod marks;
mod message;
mod progress;
mod topics;

pub use client::GatewayClient;
pub use heard::{Heard, NAME_MAX, is_name};
pub use message::{Message, Sent};
