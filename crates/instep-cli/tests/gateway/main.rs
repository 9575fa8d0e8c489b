//! `instep gateway` with mosquitto, and a device or a test that stands for one.
//!
//! Without mosquitto, the tests are skipped.

mod balanced;
mod commands;
mod endurance;
mod faults;
mod house;
mod limits;
mod login;
#[path = "../scraped/mod.rs"]
mod scraped;
#[path = "../served/mod.rs"]
mod served;
mod sessions;
mod viewers;
