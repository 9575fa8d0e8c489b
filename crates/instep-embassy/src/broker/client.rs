//! The client: one connection after the other, with waiting times between them.

use super::open::{close, open};
use super::resolve::Room;
use super::session::{End, Session};
use super::target::Broker;
use super::wait::pause;
use crate::clock::now;
use embassy_net::Stack;
use embassy_time::Duration;
use instep::LogIn;
use instep::broker::Followed;
use instep_mqtt::{Outcome, Report};

/// Number of sockets for which the network stack must have room.
pub const SOCKETS: usize = 1;

/// Client of a broker.
pub struct BrokerClient {
    pub(super) broker: &'static Broker,
    pub(super) followed: Followed<'static>,
    pub(super) log_in: Option<&'static LogIn>,
    pub(super) receive: &'static mut [u8],
    pub(super) send: &'static mut [u8],
    pub(super) input: &'static mut [u8],
}

impl BrokerClient {
    /// Connects to the broker again and again, on `stack`.
    ///
    /// `random` spreads the devices that lost the same broker.
    pub async fn run(self, stack: Stack<'static>, random: fn() -> u32) -> ! {
        let Self { broker, followed, log_in, receive, send, input } = self;
        // A password may be set while the device runs.
        let takes_commands = || broker.commands || !log_in.is_some_and(LogIn::is_on);
        let mut told = false;
        let mut report = Report::new(broker.address, &broker.id, "give each one its own");
        loop {
            if !takes_commands() && !core::mem::replace(&mut told, true) {
                log::warn!(
                    "The broker's commands are ignored, because the device has a password; INSTEP_MQTT_COMMANDS=true takes them"
                );
            }
            let room = Room { receive: &mut *receive, send: &mut *send, query: &mut *input };
            // Not within the `match`, so that the memory of this future is used again for the session.
            let opened = open(stack, &broker.address, random, room).await;
            let (why, outcome) = match opened {
                Ok(mut socket) => {
                    let mut session = Session::new(now(), followed, broker, takes_commands(), &mut *input);
                    let end = session.run(&mut socket, takes_commands, || report.connected()).await;
                    close(&mut socket, end.is_told()).await;
                    let outcome = session.outcome(&end, now());
                    (end, outcome)
                }
                Err(error) => (End::Transport(error), Outcome::NotOpened),
            };
            pause(Duration::from_millis(report.ended(&why, outcome, random()))).await;
        }
    }
}
