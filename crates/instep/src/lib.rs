//! WebSocket server that keeps every open page in step with a device.
//!
//! The same application runs on an ESP32 and on Linux. It consists of an [`App`], which declares its pages, endpoints and topics,
//! and of an `async fn`. The function publishes through a [`Device`], and receives the messages of clients from an [`Inbox`]:
//!
//! ```
//! use instep::{App, Asset, Device, Inbox, Message, Topic};
//!
//! const LED: Topic = Topic::new(0);
//! pub const APP: App = App::new("lamp", "One lamp").page("/", Asset::html("<h1>Lamp</h1>")).endpoint("/ws").topics(1);
//!
//! pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
//!     let mut on = false;
//!     device.publish(LED, "0"); // retained, so a new client receives it first
//!     loop {
//!         if let Message::Text { text: "toggle", .. } = inbox.next().await {
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

mod access;
mod app;
mod buffer;
mod connection;
mod device;
mod limits;
mod log;
mod login;
mod model;
mod service;
mod time;

pub use access::{
    Access, AllowHints, HttpsRedirect, IpNetwork, NoNetwork, OPEN_TO_EVERYONE, Origins, Refusal,
    is_framing_origin, is_host_name, is_origin, is_wide_origin,
};
pub use app::App;
pub use buffer::Buffer;
pub use connection::{
    AddressLimit, Client, Compression, EvictionPriority, HttpState, HttpStateMemory, Inflated, Inflater,
    Turn, TurnContext,
};
#[doc(hidden)]
pub use device::Invoked;
pub use device::{
    ClientId, Counts, Device, DropReason, Follower, HistoryPoint, Inbox, Memory, Message, PageValueError,
    PublishError, Recorder, RefusalReason, Request, Responder, SendError, SlotMemory,
};
pub use instep_proto::delivery::{Feed, Ring, RingEntry, SendWindow, Table, TableEntry};
#[doc(hidden)]
pub use instep_proto::frame::CLIENT_HEADER_MAX;
pub use instep_proto::frame::{CloseCode, SERVER_HEADER_MAX};
pub use instep_proto::http::{Asset, Date, HEADERS_MAX, HeadLimits, form_value};
pub use limits::Limits;
pub use log::{FROM_CLIENT, NOT_PUBLISHED, SECRET};
pub use login::{
    FAILED_LOGINS_MAX, FailedLogin, LogIn, LogInMemory, PASSWORD_MAX, Password, PasswordCheck, PasswordError,
    Random, SESSION_SECONDS, Session, find_password,
};
pub use model::{
    Endpoint, History, Input, Interaction, Kind, PERSISTED_MAX, PropertyStore, Reading, Severity, Thing,
    Topic,
};
pub use service::{
    BoardPage, BoardPages, FOLDER_FILES_MAX, FileContent, Files, Folder, FolderFile, Found, PAGE_PART_MAX,
};
pub use time::Instant;
