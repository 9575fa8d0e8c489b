//! A WebSocket device server: one application, on an ESP32 and on Linux, and every open page in step with it.
//!
//! An application is an [`App`] (its pages, its endpoints, its topics) and an `async fn` that is handed a
//! [`Device`] to publish with and an [`Inbox`] to hear from:
//!
//! ```
//! use instep::{App, Asset, Device, Inbox, Message, Topic};
//!
//! const LED: Topic = Topic::new(0);
//! pub const APP: App = App::new("lamp", "One lamp").page("/", Asset::html("<h1>Lamp</h1>")).endpoint("/ws").topics(1);
//!
//! pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
//!     let mut on = false;
//!     device.publish(LED, "0"); // retained: whoever connects gets it first
//!     loop {
//!         if let Message::Text { text: "toggle", .. } = inbox.next().await {
//!             on = !on;
//!             device.publish(LED, if on { "1" } else { "0" }); // every page, the sender's too
//!         }
//!     }
//! }
//! ```
//!
//! The same code runs on each driver: the crate `instep-tokio` on Linux, the crate `instep-embassy` on microcontrollers.
//! All drivers turn the one synchronous crank, [`Client::turn`].

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
#[doc(hidden)]
pub use log::LogRateLimit;
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
