//! Provisioning, which connects a device's server, radio and settings.
//!
//! * [`SetUp`] is the page that asks for a network, a name and a password (a board's page of the server);
//! * [`run`] joins the known network by a [`Radio`], and opens the device's own network if that fails;
//! * [`store`] saves the settings;
//! * [`reset_when_held`] clears all settings when a button is held;
//! * [`SetUp::set_passwords`] hashes a password from the page in small steps.
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
//! // Each in its own task:
//! store(set_up, saver).await
//! run(set_up, radio).await
//! set_up.set_passwords(server.device, random).await
//! server.check_passwords().await
//! ```

#[cfg(feature = "mqtt")]
mod broker;
mod button;
mod join;
mod or_never;
mod pages;
mod password;
mod provisioning;
mod store;
mod typed;
mod values;
mod wifi_manager;

pub use button::{HELD, reset_when_held};
pub use join::{protection, tell_join_string};
pub use password::{ROUNDS, kept_password, stored};
pub use provisioning::SetUp;
pub use store::store;
pub use wifi_manager::{
    AP_CLOSE_DELAY, AP_OPEN_DELAY, LEAVE_DELAY, RETRY_INTERVAL, RETRY_INTERVAL_WITH_AP, Radio, run,
};
