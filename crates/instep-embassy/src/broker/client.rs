//! The client: one connection after the other, with waiting times between them.

use super::open::{Buffers, close, open};
use super::session::{End, Session};
use super::target::{Broker, BrokerStatus, Counts};
use crate::clock::now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::broker::Followed;
use instep_mqtt::{Outcome, Report};

/// Number of sockets for which the network stack must have room: the client's, and that of name queries.
pub const SOCKETS: usize = 2;

/// Client of a broker.
pub struct BrokerClient {
    pub(super) broker: &'static Broker,
    pub(super) followed: Followed<'static>,
    pub(super) counts: &'static Counts,
    pub(super) receive: &'static mut [u8],
    pub(super) send: &'static mut [u8],
    pub(super) input: &'static mut [u8],
    pub(super) output: &'static mut [u8],
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
        let Self { broker, followed, counts, receive, send, input, output } = self;
        let mut report = Report::new(broker.address, &broker.id, "give each one its own");
        let mut session = Session::new(now(), followed, broker, input, output);
        loop {
            let buffers = Buffers { receive: &mut *receive, send: &mut *send };
            let why = match open(stack, &broker.address, buffers).await {
                Ok(mut socket) => {
                    let end = session.run(&mut socket, || {
                        Counts::note(&counts.opened);
                        report.connected();
                    });
                    let end = end.await;
                    close(&mut socket, end.is_told()).await;
                    end
                }
                Err(error) => End::Transport(error),
            };
            let outcome = session.take_outcome(&why, now());
            if outcome != Outcome::NotOpened {
                Counts::note(&counts.closed);
            }
            Timer::after_millis(report.ended(&why, outcome, random())).await;
        }
    }
}
