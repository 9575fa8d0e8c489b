//! A device as a program on Linux.
//!
//! [`main`] joins an application with the server for Linux, [`instep_tokio`]. It adds all that a program needs beside the
//! application: options by flags, environment variables and a file, a log, TLS with certificates, a log-in, values that survive a
//! restart, metrics, signals, sockets from systemd, and pages from a folder.
//!
//! The application gets its inputs and outputs by names from [`Io`]: GPIO lines and I2C buses of this machine, or simulations.
//!
//! # Limits
//! [`main`] leaks what lives as long as the program, so call it once. A panic of any thread ends the program.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod addresses;
mod application;
mod broker;
mod certificate;
mod error;
#[cfg(feature = "gateway")]
mod gateway;
mod ground;
mod identity;
mod inherit;
mod io;
mod listen;
mod log;
mod metrics;
mod options;
mod page;
mod password;
mod persistence;
mod program;
mod run;
mod serve;
mod session_key;
mod signals;

pub use broker::read_broker_login;
#[cfg(feature = "gateway")]
pub use gateway::GATEWAY;
pub use identity::Command;
pub use io::{I2cBus, I2cBusError, I2cDevice, Input, Io, LineError, Output};
pub use password::read_password_file;
pub use program::{Program, main};
