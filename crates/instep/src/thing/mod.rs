//! The Thing: what a device is and can do, declared once. Its page, its JSON, its routes and its description follow.
//!
//! The words are those of the W3C Web of Things (Thing, property, action, event); the kinds are those of Home
//! Assistant (switch, number, sensor, ...).

mod answer;
mod decimal;
mod declare;
mod description;
mod hash;
mod kept;
mod macros;
mod publish;
mod request;
mod wrong;

pub use answer::Answer;
pub(crate) use answer::answer as send_answer;
pub(crate) use decimal::Decimal;
pub use declare::{History, Interaction, Kind, Thing};
pub(crate) use description::{CONTENT_TYPE, Description, Security};
pub use kept::{KEPT_MAX, PropertyStore};
pub use publish::{Reading, Severity};
pub(crate) use request::Given;
pub(crate) use wrong::{Reason, Wrong};
