//! WebSocket server that keeps every open page in step with a device.
//!
//! The same application runs on an ESP32 and on Linux. It consists of an [`App`], which declares its pages, endpoints and topics,
//! and of an `async fn`. The function publishes through a [`Device`], and receives the messages of clients from an [`Inbox`]:
//!
//! ```
//! use instep::{App, Asset, Device, Inbox, Message};
//!
//! instep::topics! { const TOPICS = [LED]; }
//! pub const APP: App = App::new("lamp", "One lamp").page("/", Asset::html("<h1>Lamp</h1>")).endpoint("/ws").topics(TOPICS);
//!
//! pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
//!     let mut on = false;
//!     device.publish(LED, "0"); // retained, so a new client receives it first
//!     loop {
//!         if let Message::Text { text: "toggle", .. } = inbox.recv().await {
//!             on = !on;
//!             device.publish(LED, if on { "1" } else { "0" }); // every page, the sender's too
//!         }
//!     }
//! }
//! ```
//!
//! An application with a Thing declares properties, actions and events by the macro [`thing!`]. The JSON messages, the REST
//! interface, the description and the panel's page follow from that declaration.
//!
//! Drivers are crates of their own, `instep-tokio` for Linux and `instep-embassy` for microcontrollers. A driver moves bytes
//! between sockets and [`Client::turn`], which advances the state machine of one connection. This crate does no I/O and reads no
//! clock, and it allocates only with the feature `alloc`.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod access;
mod app;
mod buffer;
mod connection;
mod device;
mod limits;
mod log;
pub mod login;
mod model;
mod service;
mod time;

pub use access::Access;
pub use app::App;
#[doc(hidden)]
pub use device::Invoked;
pub use device::{
    ClientId, Device, HistoryPoint, Inbox, Message, PageValueError, PublishError, Request, Responder,
    SendError,
};
#[doc(hidden)]
pub use instep_macros::{__thing, __topics};
pub use instep_proto::http::Asset;
pub use limits::Limits;
pub use login::LogIn;
pub use model::{
    Endpoint, History, Input, Interaction, IntoNumber, IntoSwitch, Kind, PERSISTED_MAX, PropertyStore,
    Reading, Severity, Thing, Topic, Topics,
};
pub use time::Instant;

/// The state machine of one connection and the memory of a device, for drivers.
///
/// A driver moves bytes between sockets and a [`Client`](driver::Client), and wakes at the times that the client names. The crates
/// `instep-tokio` and `instep-embassy` are drivers; an application needs nothing of this.
pub mod driver {
    pub use crate::buffer::Buffer;
    pub use crate::connection::{
        AddressLimit, Client, Compression, ConnectionInfo, EvictionPriority, HttpState, HttpStateMemory,
        Inflated, Inflater, Turn, TurnContext,
    };
    pub use crate::device::{Counts, DropReason, Follower, Memory, Recorder, RefusalReason, SlotMemory};
    pub use crate::log::LogRateLimit;
    pub use instep_proto::delivery::{Feed, Ring, RingEntry, SendWindow, Table, TableEntry};
    #[doc(hidden)]
    pub use instep_proto::frame::CLIENT_HEADER_MAX;
    pub use instep_proto::frame::{CloseCode, SERVER_HEADER_MAX};
    pub use instep_proto::http::{Date, HEADERS_MAX, HeadLimits};
}

/// Pages that a board serves beside those of the application, such as the set-up of its network.
pub mod board {
    pub use crate::service::{BoardPage, BoardPages, PAGE_PART_MAX};
    pub use instep_proto::http::form_value;
}

/// The files of a page in a folder, read when they are asked for.
pub mod folder {
    pub use crate::service::{FOLDER_FILES_MAX, FileContent, Files, Folder, FolderFile, Found};
}

/// Targets of log lines that a program treats apart.
pub mod log_target {
    pub use crate::log::{FROM_CLIENT, NOT_PUBLISHED, SECRET};
}
