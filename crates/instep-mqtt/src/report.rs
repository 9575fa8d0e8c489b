//! What a driver logs of its connections to a broker, and how long it waits between them.

use crate::address::BrokerAddress;
use crate::backoff::{Backoff, Outcome};
use crate::id::DeviceId;
use crate::lines;
use core::fmt::{self, Display, Write};
use instep_proto::fnv1a;
use instep_proto::texts;

texts! {
    /// Failure of the transport to a broker: the cause, and what to do.
    pub enum TransportError: Error {
        /// No host of that name.
        Name = "there is no such host; correct the name, or use an IP address",
        /// Nothing listens.
        Refused = "nothing listens there; start the broker, or correct the port",
        /// No way to the host.
        Unreachable = "it is out of reach; check the network",
        /// No answer in time.
        TimedOut = "it does not answer; check the network and the address",
        /// End by the broker.
        Closed = "it closed the connection; see the broker's log",
        /// End by the network.
        Broken = "the connection broke; check the network",
    }
}

/// Log of the connections to one broker, with the waiting time before the next one.
///
/// It has one line for each failure, and none for a repeated one, which would hide others.
#[derive(Debug)]
pub struct Report<'a> {
    address: BrokerAddress<'a>,
    /// The id of the device, and how it gets one of its own. A client that is no device has none.
    id: Option<(&'a DeviceId, &'static str)>,
    backoff: Backoff,
    /// The hash of the last line.
    last: u64,
}

impl<'a> Report<'a> {
    /// Creates the log. `remedy` says how a device gets an id of its own, after a semicolon.
    pub fn new(address: BrokerAddress<'a>, id: &'a DeviceId, remedy: &'static str) -> Self {
        Self { id: Some((id, remedy)), ..Self::without_id(address) }
    }

    /// Creates the log of a client that is no device, such as a gateway.
    pub fn without_id(address: BrokerAddress<'a>) -> Self {
        Self { address, id: None, backoff: Backoff::default(), last: fnv1a::EMPTY }
    }

    /// Logs that the broker has accepted the client.
    pub fn connected(&self) {
        let Self { address, id, .. } = self;
        let device = fmt::from_fn(|f| match id {
            Some((id, _)) => write!(f, "; the device is {}/{id}", address.prefix),
            None => Ok(()),
        });
        lines::info(format_args!("Connected to the broker {address}{device}"));
    }

    /// Logs the end of a connection, or that there is none, and returns the time to wait in ms.
    ///
    /// `random` spreads the devices that lost the same broker.
    pub fn ended(&mut self, why: &dyn Display, outcome: Outcome, random: u32) -> u64 {
        let wait = self.backoff.after(outcome, random);
        let was_open = outcome != Outcome::NotOpened;
        let mut line = Hash(fnv1a::EMPTY);
        // It never fails.
        let _ = write!(line, "{why}");
        let what = if was_open { "Disconnected from" } else { "Cannot connect to" };
        let address = self.address;
        let other = self.id.filter(|_| self.backoff.suggests_same_id());
        if other.is_some() || was_open || line.0 != self.last {
            // A text of its own, because each line of the log takes flash.
            let guess = fmt::from_fn(|f| match other {
                Some((id, remedy)) => write!(f, " (another device may have the id {id}; {remedy})"),
                None => Ok(()),
            });
            lines::warn(format_args!("{what} the broker {address}: {why}{guess}"));
        }
        self.last = line.0;
        wait
    }
}

struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0 = fnv1a::extend(self.0, text.as_bytes());
        Ok(())
    }
}
