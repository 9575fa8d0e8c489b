//! A fleet that mosquitto fills.
//!
//! Without mosquitto, the tests are skipped.

mod commands;
mod faults;
mod gateway;
mod lamp;
mod notices;
mod reconnects;
mod tables;
