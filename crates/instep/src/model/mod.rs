//! Model of a device, a *Thing* with properties, actions and events.
//!
//! An application declares its Thing once. The panel, the JSON messages, the REST routes and the description follow from the
//! declaration. The terms come from the W3C Web of Things (Thing, property, action, event), and the kinds from Home Assistant
//! (switch, number, sensor, ...).

mod check;
mod decimal;
mod description;
mod endpoint;
mod error;
mod fingerprint;
mod interaction;
mod invocation;
mod kind;
mod manifest;
mod property_store;
mod publishable;
mod thing;
mod topic;
mod value;

pub(crate) use decimal::{Decimal, Shortest};
pub(crate) use description::{Base, Beginning, CONTENT_TYPE, Description, Security};
pub use endpoint::Endpoint;
pub(crate) use error::{RequestError, RequestErrorKind, error_frame};
pub use interaction::{Interaction, PERSISTED_MAX};
pub(crate) use invocation::Invocation;
pub use kind::{History, Kind};
pub(crate) use manifest::Manifest;
pub use property_store::PropertyStore;
pub use publishable::{IntoNumber, IntoSwitch};
pub use thing::Thing;
pub use topic::{Topic, Topics};
pub(crate) use value::{EncodedValue, output};
pub use value::{Input, Reading, Severity};
