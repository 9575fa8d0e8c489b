//! Names for the expansion of [`start!`](crate::start!).

pub use crate::describe_update;
pub use crate::limits::{AP_CLIENTS, HAS_OWN_MESSAGE_SIZE, LIMITS, RECEIVE, SEND, STATION_CLIENTS};
pub use crate::memory::ServerMemory;
#[cfg(not(feature = "update"))]
pub use crate::memory::UpdateBuild;
pub use crate::servers::PORT;
pub use crate::start::start;
#[cfg(feature = "update")]
pub use crate::update::{UpdateBuild, descriptor, identity};
pub use embassy_net::Stack;
pub use esp_bootloader_esp_idf;
pub use esp_radio::wifi::Interface;
pub use instep::{Access, App, Inbox};
pub use instep_embassy;
