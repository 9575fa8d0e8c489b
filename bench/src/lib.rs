//! Code that the servers under measurement and the measuring program share.

pub mod serving;
pub mod wire;
