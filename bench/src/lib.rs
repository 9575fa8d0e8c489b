//! Code that the measuring programs and the servers under measurement share.

pub mod client;
pub mod machine;
pub mod process;
pub mod sample;
#[cfg(feature = "servers")]
pub mod serving;
pub mod system;
pub mod wire;
