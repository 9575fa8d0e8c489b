//! `instep serve --mqtt` with mosquitto; and the image of a device, by the same tests.
//!
//! Without mosquitto, the tests are skipped.

mod delivery;
mod faults;
mod lamp;
mod login;
#[path = "../scraped/mod.rs"]
mod scraped;
#[path = "../served/mod.rs"]
mod served;
