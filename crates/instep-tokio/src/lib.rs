//! Driver of instep for Linux, on tokio.
//!
//! One task accepts connections, numbers them, and dispatches them to shards. A shard is a thread with its own
//! runtime and its own copy of the device's feed, which holds the latest values and the recent events. A publish
//! wakes each shard once, and the shard serves its clients from one loop. The application is a future, and runs on
//! the thread of its caller, or in that of the first shard ([`Server::with_application`]).
//!
//! A program makes the server once, runs the application on one thread, and serves on another:
//!
//! ```no_run
//! use instep::{Access, App, Asset, Device, Inbox, Limits, Message};
//! use instep_tokio::{Server, SocketLimits};
//! use std::net::TcpListener;
//!
//! static APP: App = App::new("hello", "Says hello").page("/", Asset::html("<h1>Hello</h1>")).endpoint("/ws");
//! static ACCESS: Access = Access::new("hello").with_ports(&[8080]);
//!
//! async fn run(device: &Device, inbox: &mut Inbox<'_>) {
//!     loop {
//!         if let Message::Open { client } = inbox.recv().await {
//!             device.send(client, "hello").ok();
//!         }
//!     }
//! }
//!
//! fn main() -> std::io::Result<()> {
//!     let server = Server::new(&APP, &ACCESS, Limits::LINUX, SocketLimits::default(), 1);
//!     let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
//!     let (application, listening) = (runtime()?, runtime()?);
//!     std::thread::spawn(move || {
//!         let mut inbox = server.inbox().expect("the inbox was taken before");
//!         application.block_on(run(server.device(), &mut inbox));
//!     });
//!     let listener = TcpListener::bind("127.0.0.1:8080")?;
//!     listening.block_on(server.serve(vec![listener], std::future::pending()))
//! }
//! ```
//!
//! The memory of a server is allocated once and lives as long as the process.

mod accept;
mod admission;
#[cfg(feature = "mqtt")]
mod broker;
#[cfg(feature = "tls")]
mod certificate;
mod client_socket;
mod clock;
mod connection;
mod date;
mod deadlines;
mod deflate;
pub mod devices;
mod dispatch;
mod eviction;
mod exhaustion;
mod limits;
mod listener;
mod login;
mod membership;
mod memory;
mod metrics;
mod mount;
mod permit;
mod rate_limit;
mod ready;
mod serve;
mod server;
mod shard;
mod shard_state;
mod socket;
mod tail;
mod thread;
mod throttle;
#[cfg(feature = "tls")]
mod tls;
mod transport;
#[cfg(feature = "tls")]
mod x509;

#[cfg(feature = "mqtt")]
pub use broker::{
    Broker, BrokerAddress, BrokerClient, BrokerLogin, BrokerStatus, Connections, run as run_broker_client,
};
#[cfg(feature = "tls")]
pub use certificate::{Certificate, CertificateError};
#[doc(hidden)]
pub use deflate::Deflate;
pub use limits::SocketLimits;
pub use listener::Listener;
pub use login::{SealedSessions, SessionKey, log_in, shared_log_in};
pub use metrics::{Lag, Metrics};
pub use server::Server;
#[cfg(feature = "tls")]
pub use x509::{Moment, Validity};
