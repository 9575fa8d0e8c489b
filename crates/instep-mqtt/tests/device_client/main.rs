//! A device as the client of a broker.

mod commands;
mod house;
mod publishing;
