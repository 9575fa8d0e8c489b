//! A device as the client of a broker.

mod commands;
mod discovery;
mod house;
mod publishing;
