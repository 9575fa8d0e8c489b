//! Firmware updates over HTTP (`docs/contracts.md`, section 8).
//!
//! `PUT /firmware` brings an image, and `GET /firmware` says what runs. A turn of a connection never touches flash: it puts the
//! content into one sector of memory, and one task of the board, which has the [`Receiver`], writes that sector. While it does, the
//! connection is not read, so TCP slows the client down.
//!
//! A connection has a state of its own for an upload, so updates are a feature, `update`. Without it, nothing of them is compiled.

mod content;
mod http;
mod incoming;
mod obstacle;
mod receiver;
mod refusal;
mod route;
mod short_text;
mod state;
mod status;
mod status_json;
mod unavailable;
mod upload;
mod witness;

pub use instep_proto::http::Status;
pub use receiver::{Event, Offer, Receiver};
pub use route::FirmwareRoute;
#[doc(hidden)]
pub use route::UpdateRoute;
pub use state::SECTOR;
pub use status::{FirmwareStatus, ImageState, LastUpdate, LastUpdateOutcome};
pub use unavailable::Unavailable;
pub use upload::{Permission, Upload};
pub use witness::{NETWORKS_MAX, Served, Witness};
