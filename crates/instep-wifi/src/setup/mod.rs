//! How a device is set up, between its server, its radio and its settings: none of them knows of another.
//!
//! * [`SetUp`] is the page that asks for a network, a name and a password (a board's page of the server);
//! * [`run`] joins the network that is known, and opens the device's own where that does not work, with whatever [`Radio`] there is;
//! * [`store`] keeps what is set, at once where somebody waits for it;
//! * [`reset_when_held`] clears all of it when a button is held for long;
//! * [`SetUp::set_passwords`] hashes a password that was set on the page, a little at a time.
//!
//! ```ignore
//! static SETTINGS: Settings = Settings::new();
//! static SET_UP: StaticCell<SetUp> = StaticCell::new();
//!
//! let log_in = match kept_password(&SETTINGS) {
//!     Some(password) => LOG_IN.start(password, random),
//!     None => LOG_IN.start_without_password(random),
//! };
//! let set_up = SET_UP.init(SetUp::new(&SETTINGS, name, log_in));
//! let server = server.with_log_in(log_in).with_board(set_up);
//! // Each in a task of its own:
//! store(set_up, saver).await
//! run(set_up, radio).await
//! set_up.set_passwords(server.device, random).await
//! server.check_passwords().await
//! ```

mod button;
mod join;
mod pages;
mod password;
mod provisioning;
mod store;
mod typed;
mod values;
mod wifi_manager;

pub use button::{HELD, reset_when_held};
pub use join::tell_join_string;
pub use password::{ROUNDS, hash, kept_password};
pub use provisioning::SetUp;
pub use store::store;
pub use wifi_manager::{AP_STAYS, PATIENCE, RETRY, RETRY_BESIDE_AP, Radio, TOLD_STAYS, run};
