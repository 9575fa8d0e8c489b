//! The client: one connection after the other, with waiting times between them.

use super::open::{close, open};
use super::resolve::Room;
use super::session::{End, Session};
use super::target::{Broker, BrokerStatus, Counts};
use crate::clock::now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::LogIn;
use instep::broker::Followed;
use instep_mqtt::Report;

/// Number of sockets for which the network stack must have room.
pub const SOCKETS: usize = 1;

/// Client of a broker.
pub struct BrokerClient {
    pub(super) broker: &'static Broker,
    pub(super) followed: Followed<'static>,
    pub(super) log_in: Option<&'static LogIn>,
    pub(super) counts: &'static Counts,
    pub(super) receive: &'static mut [u8],
    pub(super) send: &'static mut [u8],
    pub(super) input: &'static mut [u8],
}

impl BrokerClient {
    /// Returns a function that reads how the connection stands.
    pub fn status(&self) -> impl Fn() -> BrokerStatus + use<> {
        let counts = self.counts;
        move || counts.status()
    }

    /// Connects to the broker again and again, on `stack`.
    ///
    /// `random` spreads the devices that lost the same broker.
    pub async fn run(self, stack: Stack<'static>, random: fn() -> u32) -> ! {
        let Self { broker, followed, log_in, counts, receive, send, input } = self;
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
            let (why, open_for) = match open(stack, &broker.address, random, room).await {
                Ok(mut socket) => {
                    let mut session = Session::new(now(), followed, broker, takes_commands(), &mut *input);
                    let opened = || {
                        Counts::note(&counts.opened);
                        report.connected();
                    };
                    let end = session.run(&mut socket, takes_commands, opened).await;
                    close(&mut socket, end.is_told()).await;
                    (end, session.open_for(now()))
                }
                Err(error) => (End::Transport(error), None),
            };
            if open_for.is_some() {
                Counts::note(&counts.closed);
            }
            Timer::after_millis(report.ended(&why, open_for, random())).await;
        }
    }
}
