//! Options from a file, environment variables and flags. Flags override variables, variables override the file, and
//! the file overrides the program's defaults.
//!
//! To add an option:
//!
//! 1. a field of `Settings` in `settings.rs`, with its default;
//! 2. an entry of `SETTINGS` in `table.rs`, which gives its flag, its variable, its key in the file, its help, and
//!    its line in what the command `config` prints;
//! 3. a row in `docs/reference/configuration.md`; a test compares them.
//!
//! Copy the entry of `name` for a text, of `allow_host` for a list, of `page` for a file, and of `metrics` for a flag
//! whose value is optional. A switch has `value: None`; its value is `true` or `false`, which is checked before
//! `take`. A secret has `secret: true`. It can be set only by a variable, and output and errors show `***`.
//!
//! To add a number, add a field of [`instep::Limits`] or [`instep_tokio::SocketLimits`], an entry of `LIMITS` in
//! `limits.rs`, and a row in `docs/reference/configuration.md`. 0 means "off" for a limit that is off by default.
//!
//! `FOREIGN` in `variables.rs` lists variables of other programs. Remove a variable from it when it becomes an option.

mod configuration;
mod file;
mod flags;
#[cfg(feature = "gateway")]
mod gateway;
mod limits;
mod print;
mod raw;
mod setting;
mod settings;
mod spelling;
mod table;
mod values;
mod variables;

pub(crate) use configuration::{Configuration, command};
pub(crate) use flags::arguments;
#[cfg(feature = "gateway")]
pub(crate) use gateway::{gateway_command, read_gateway};
pub(crate) use limits::ServerLimits;
pub(crate) use settings::{LogFormat, Settings};
pub(crate) use spelling::advise;
