//! Tests of an application on the host, without sockets and without waiting.
//!
//! The feature `testing` adds this module, and needs `std`. It is for the tests of an application:
//!
//! ```toml
//! [dev-dependencies]
//! instep = { version = "0.2", features = ["testing"] }
//! ```
//!
//! [`run`] serves an application to a test over a simulated [`Link`]. The test opens pages, sends commands, asks by plain HTTP, and
//! sets and reads pins. The code that handles all that is the code of the chip: the same device, the same connections, the same
//! limits.
//!
//! ```
//! use embassy_time::Timer;
//! use embedded_hal::digital::OutputPin;
//! use instep::testing::{self, Output};
//! use instep::{App, Device, Inbox};
//!
//! instep::thing! {
//!     pub Pump: "A pump", commands Command { pump => Pump: button { title: "Pump for a minute" }, on: binary_sensor { title: "On" } }
//! }
//! const APP: App = App::new("pump", "A pump").thing(&Pump::THING);
//!
//! async fn run(device: &Device, inbox: &mut Inbox<'_>, mut pin: impl OutputPin) {
//!     let pump = Pump::new(device);
//!     loop {
//!         pump.on(false);
//!         let (Command::Pump, _) = pump.recv(inbox).await;
//!         pin.set_high().unwrap();
//!         pump.on(true);
//!         Timer::after_secs(60).await;
//!         pin.set_low().unwrap();
//!     }
//! }
//!
//! let pin = Output::new();
//! testing::run(&APP, |device, inbox| run(device, inbox, pin.clone()), async |link| {
//!     let mut page = link.open("/ws").await;
//!     page.wait_for(r#"{"label":"on","value":false}"#).await;
//!     page.send(r#"{"label":"pump"}"#).await;
//!     assert!(pin.is_on());
//!     assert_eq!(page.next().await, r#"{"label":"on","value":true}"#);
//!     link.sleep(60_000).await; // returns at once
//!     assert!(!pin.is_on());
//!     assert_eq!(link.get("/properties/on").await.text(), "false");
//! });
//! ```
//!
//! # Time
//!
//! The clock is virtual. It stands still while anything can be done, and jumps to the next timer when everything waits. It is the clock of
//! embassy-time and of the device, so a minute of the application takes no time, and a test has the same result on a busy machine. A
//! test goes on only when the application and the device wait: after `page.send(…).await` the application has handled the message, unless it
//! waits for something else.
//!
//! # Errors
//!
//! A test panics with a sentence if the application ends, if the application never waits, or if a page or a request waits for 60 virtual
//! seconds. The sentence names the line of the test.

mod caller;
mod connection;
mod frames;
mod handle;
mod input;
mod link;
mod memory;
mod net;
mod output;
mod page;
mod response;
mod run;
mod setup;

pub use input::Input;
pub use link::Link;
pub use output::Output;
pub use page::Page;
pub use response::Response;
pub use run::run;
pub use setup::Setup;
