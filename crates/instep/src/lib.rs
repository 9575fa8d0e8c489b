//! A WebSocket server for devices.
//!
//! One application runs on an ESP32 and on Linux, and every open page shows its current state.
//!
//! An application is two items: an [`App`], which declares its pages, endpoints and controls, and an `async fn`, which is handed a
//! [`Device`] to publish with and an [`Inbox`] to receive from. A driver serves both: the crate `instep-tokio` on Linux, the crate
//! `instep-embassy` on microcontrollers. This crate does no I/O and needs no heap.
//!
//! # From nothing to a Thing
//!
//! The least application has a page, a WebSocket endpoint and one topic:
//!
//! ```
//! use instep::{App, Asset, Device, Inbox, Message};
//!
//! instep::topics! { const TOPICS = [LED]; }
//! pub const APP: App = App::new("lamp", "One lamp").page("/", Asset::html("<h1>Lamp</h1>")).endpoint("/ws").topics(TOPICS);
//!
//! pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
//!     let mut on = false;
//!     device.publish(LED, "0"); // retained: a client that connects later gets it first
//!     loop {
//!         if let Message::Text { text: "toggle", .. } = inbox.recv().await {
//!             on = !on;
//!             device.publish(LED, if on { "1" } else { "0" }); // every page, the sender's too
//!         }
//!     }
//! }
//! ```
//!
//! The application has no list of clients. It publishes state, and each client gets the latest value of each topic, at the speed
//! at which it reads: a slow client skips values and delays nobody. An event is sent once and never replaced ([`Device::emit`]).
//! A reply goes to one client ([`Device::send`]).
//!
//! A device with controls is better declared as a *Thing*. A Thing has JSON messages, REST routes and a W3C Thing Description, all
//! from its declaration. The panel of the crate `instep-panel` is a page for any Thing ([`App::pages`]). The application receives
//! only commands that are valid for the declaration:
//!
//! ```
//! use instep::{App, Device, Inbox};
//!
//! instep::thing! {
//!     pub Heater: "A heater", commands Command {
//!         power => Power: switch { title: "Power", kept },
//!         target => Target: number { title: "Target", min: 5, max: 30, step: 0.5, unit: "°C" },
//!         name => Name: text { title: "Name", max: 32 },
//!         temperature: sensor { title: "Temperature", unit: "°C", precision: 1, history: 120 every 1_000 },
//!     }
//! }
//!
//! pub const APP: App = App::new("heater", "One heater").thing(&Heater::THING);
//!
//! pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
//!     let heater = Heater::new(device);
//!     heater.power(false);
//!     heater.temperature(None); // unavailable until it is measured
//!     loop {
//!         match heater.recv(inbox).await {
//!             (Command::Power(on), _) => heater.power(on), // switch the hardware first, then publish
//!             (Command::Target(degrees), _) => heater.target(degrees),
//!             (Command::Name(name), responder) if name.trim().is_empty() => {
//!                 responder.refuse(format_args!("{name:?} is no name"));
//!             }
//!             (Command::Name(name), _) => heater.name(name),
//!         }
//!     }
//! }
//! ```
//!
//! A command comes with its [`Responder`]. If the application does not answer, the client gets `ok` when the next command is
//! received. [`Responder::respond`] answers with an output, [`Responder::refuse`] with a reason, and [`Responder::defer`] keeps the
//! request open, for example until a motor has stopped. [`thing!`] lists all kinds of controls.
//!
//! A program serves the application: on Linux by `instep_tokio::Server::new(&APP, &ACCESS, LIMITS, SocketLimits::default(), 1)`,
//! on a chip by `instep_embassy::resources!`. The documentation of these crates shows the whole `main`. Limits and access are
//! constants, too:
//!
//! ```
//! use instep::{Access, Limits};
//!
//! const LIMITS: Limits = Limits::DEVICE.with_clients(5);
//! static ACCESS: Access = Access::new("lamp").with_ports(&[80]).with_hosts(&["lamp.example.com"]);
//! ```
//!
//! # Layers
//!
//! ```text
//! your application      driver: instep-tokio, instep-embassy (sockets, timers)
//!        |                  |
//!        |              connection: driver::Client, one for each connection (HTTP/1.1, WebSocket, routing)
//!        |                  |
//!        |              services: pages, REST, Server-Sent Events, log-in
//!        |                  |
//!     device: latest values, events, inbox, replies (one short lock)
//!        |
//!     model: the declaration of a Thing, and its JSON
//!        |
//!     instep-proto: bytes to frames and requests, and back
//! ```
//!
//! A layer calls only the layers below it. [`Client::turn`](driver::Client::turn) is the one function that turns bytes into messages and state
//! into bytes, so both drivers, the tests and the fuzzers run the same code. All memory is bounded by [`Limits`] and lent to the
//! [`Device`] when it is made.
//!
//! # I want to ...
//!
//! | I want to | Use |
//! |---|---|
//! | declare controls and sensors | [`thing!`], [`App::thing`] |
//! | define my own messages | [`App::endpoint`], [`topics!`], [`Inbox::recv`] |
//! | receive in callback style | [`Inbox::on_message`] |
//! | show state to all clients, also to those that connect later | [`Device::publish`], or the method of the Thing's handle |
//! | send something once to all clients | [`Device::emit`], or an `event` of the Thing |
//! | show past events to clients that connect later | [`App::thing_with_backlog`] |
//! | answer one client | [`Device::send`]; a request of a Thing: [`Responder`] |
//! | refuse a command, or finish it later | [`Responder::refuse`], [`Responder::defer`] |
//! | keep a property over a restart | `kept` in [`thing!`], [`Inbox::keep_in`] |
//! | serve a page, a script, a picture | [`App::page`], [`Asset`] |
//! | serve a folder | [`App::with_folder`], [`folder`] |
//! | fill in `%NAME%` in a page | [`Asset::template`], [`Device::set_page_value`] |
//! | ask for a password | [`LogIn`], [`login`] |
//! | allow another host name, origin or proxy | [`Access`], [`access`] |
//! | have more clients or longer messages | [`Limits`] |
//! | use a Thing without the macro | [`thing`](mod@thing), [`Inbox::recv_request`] |
//! | add pages of a board, such as its Wi-Fi set-up | [`board`] |
//! | receive firmware updates over HTTP | the module `update`, with the feature of that name |
//! | follow a device as the client of a broker | [`broker`], and the crate `instep-mqtt` |
//! | handle some log lines separately, such as lines with text of a client | [`log_target`] |
//! | write a driver | [`driver`] |
//! | test my application | the module `testing`, with the feature of that name |
//!
//! # Errors, limits, features
//!
//! [`Device::publish`] and [`Device::emit`] log what cannot be sent; their `try_` variants return it as a [`PublishError`]. Mistakes in a
//! declaration do not compile. A client that breaks the protocol gets an error or is closed, and affects no other client.
//!
//! The feature `alloc` adds memory that grows ([`driver::Buffer::grown`]), for drivers with a heap. The feature `update` adds firmware
//! updates over HTTP, the module `update`; without it no connection has code for them. The feature `gateway` adds what a server needs that
//! shows other devices, each below a path of its own ([`driver::MountsRef`]). The feature `shared-sessions` lets several servers share the
//! sessions of their log-ins. The lock of the device needs an
//! implementation of the crate `critical-section`, which `instep-tokio` and the HAL of a chip have; a program that links neither enables
//! `critical-section/std`. The feature `testing` does so, and adds the module `testing`: an application is tested on the host, over a
//! simulated link and on a virtual clock.

#![cfg_attr(not(any(test, feature = "testing")), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod access;
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod app;
pub mod broker;
mod buffer;
mod connection;
mod device;
mod limits;
mod log;
pub mod login;
mod model;
mod service;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
#[cfg(feature = "update")]
pub mod update;
#[cfg(not(feature = "update"))]
#[path = "update/absent.rs"]
mod update;

pub use access::Access;
pub use app::App;
#[doc(hidden)]
pub use device::Invoked;
pub use device::{
    ClientId, Device, Inbox, Message, PageValueError, PublishError, Request, Responder, SendError,
};
#[cfg(feature = "gateway")]
pub use device::{Forwarded, Past, PastValues};
#[doc(hidden)]
pub use instep_macros::{__thing, __topics};
pub use instep_proto::http::Asset;
pub use limits::Limits;
pub use login::LogIn;
pub use model::{Input, IntoNumber, IntoSwitch, Reading, Severity, Topic, Topics};
pub use time::Instant;

/// The types behind the macro [`thing!`], and the storage of properties.
///
/// With these types an application declares a Thing without the macro.
pub mod thing {
    pub use crate::device::HistoryPoint;
    pub use crate::model::{History, Interaction, Kind, PERSISTED_MAX, PropertyStore, Thing};
}

/// The state machine of one connection and the memory of a device, for drivers.
///
/// A driver moves bytes between sockets and a [`Client`](driver::Client), and calls the client again at
/// [`Turn::wake_at`](driver::Turn::wake_at). The crates `instep-tokio` and `instep-embassy` are drivers. An application needs none
/// of these items.
pub mod driver {
    pub use crate::buffer::Buffer;
    pub use crate::connection::{
        AddressLimit, Client, Compression, ConnectionInfo, EvictionPriority, HttpState, HttpStateMemory,
        Inflated, Inflater, Turn, TurnContext,
    };
    pub use crate::device::{
        Counts, DropReason, Follower, Memory, Recorder, RefusalReason, SlotIndex, SlotMemory,
    };
    pub use crate::log::LogRateLimit;
    pub use crate::service::MountsRef;
    #[cfg(feature = "gateway")]
    pub use crate::service::{Absence, Entry, Mounts, Stage, event_number};
    pub use crate::update::UpdateRoute;
    pub use instep_proto::delivery::{Feed, Newest, Ring, RingEntry, SendWindow, Table, TableEntry};
    #[doc(hidden)]
    pub use instep_proto::frame::CLIENT_HEADER_MAX;
    pub use instep_proto::frame::{CloseCode, SERVER_HEADER_MAX};
    pub use instep_proto::http::{Date, HEADERS_MAX, HeadLimits};
}

/// Pages of a board beside the pages of the application, such as the set-up of its network.
pub mod board {
    pub use crate::service::{BoardPage, BoardPages, PAGE_PART_MAX};
    pub use instep_proto::http::form_value;
}

/// Files of a page in a folder, read when a client requests them.
pub mod folder {
    pub use crate::service::{FOLDER_FILES_MAX, FileContent, Files, Folder, FolderFile, Found};
}

/// Targets of log lines that a program handles separately, such as lines with text of a client.
pub mod log_target {
    pub use crate::log::{FROM_CLIENT, NOT_PUBLISHED, SECRET};
}
