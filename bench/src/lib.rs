//! What the servers under measurement and the program that measures them share.

pub mod serving;
pub mod wire;
