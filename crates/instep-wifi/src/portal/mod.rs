//! The captive portal: the state of provisioning, and its page.
//!
//! A network is saved only after it was joined, and the device's own network stays open until the phone has got the
//! device's new address. Passwords are never shown on a page and never printed.
//!
//! [`Portal`] does no I/O. The task of the radio takes the next [`Task`], at least after each form, and reports its
//! outcome. The server passes the forms and writes the page. All calls are short, so that one lock suffices.
//!
//! The server must check access before it calls [`Portal::submit`] or [`Portal::write_part`]: only clients of the device's
//! own network or with a session, and only requests of the device's own pages (docs/contracts.md section 5).

#[cfg(feature = "mqtt")]
mod broker;
mod networks;
mod page;
mod state;

#[cfg(feature = "mqtt")]
pub use broker::BrokerAbout;
pub use networks::{NETWORKS_MAX, Network, Networks, Ssid};
pub use page::{ADDRESS_PART, About, FIRST_PART, STYLE};
pub use state::{Credentials, FormError, Outcome, Portal, Task};

#[cfg(test)]
mod tests;
