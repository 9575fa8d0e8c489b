//! The link and its stations.

use crate::clock::spawn;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Waker};

/// Number of sockets of a stack.
const SOCKETS: usize = 64;

/// Ethernet link. A clone is the same link.
#[derive(Clone, Default)]
pub struct Link(Rc<RefCell<Vec<Rc<Station>>>>);

/// Connection of a station to the link.
#[derive(Default)]
pub(crate) struct Station {
    pub(crate) waiting: RefCell<VecDeque<Vec<u8>>>,
    pub(crate) waker: RefCell<Option<Waker>>,
    unplugged: Cell<bool>,
    /// What it sends is lost.
    muted: Cell<bool>,
}

/// Plug of a station, which can be pulled.
pub struct Plug(Rc<Station>);

impl Plug {
    /// Pulls the plug, or puts it back.
    pub fn unplug(&self, unplugged: bool) {
        self.0.unplugged.set(unplugged);
        self.0.waiting.borrow_mut().clear();
        wake(&self.0);
    }

    /// From now on, what the station sends is lost, or not.
    pub fn mute(&self, muted: bool) {
        self.0.muted.set(muted);
    }
}

impl Link {
    /// Adds a station with a fixed address, in a network of 24 bits.
    pub fn station(&self, address: Ipv4Address) -> Stack<'static> {
        self.plugged_station(address).0
    }

    /// Adds a station with a fixed address; returns it with its plug.
    pub fn plugged_station(&self, address: Ipv4Address) -> (Stack<'static>, Plug) {
        self.station_with(static_config(address))
    }

    /// Sends a frame that no station has sent.
    pub fn inject(&self, frame: &[u8]) {
        self.carry(frame, None);
    }

    /// Adds a station with this configuration; returns it with its plug.
    pub fn station_with(&self, config: Config) -> (Stack<'static>, Plug) {
        self.filtered_station(config, |end| end)
    }

    /// The same, with a filter between the link and the stack.
    pub fn filtered_station<D: Driver + 'static>(
        &self,
        config: Config,
        filter: impl FnOnce(End) -> D,
    ) -> (Stack<'static>, Plug) {
        let number = self.next_number();
        let own = self.plug_in();
        let end = filter(End { link: self.clone(), own: own.clone(), number });
        let resources = Box::leak(Box::new(StackResources::<SOCKETS>::new()));
        let (stack, mut runner) = embassy_net::new(end, config, resources, u64::from(number));
        spawn(async move { runner.run().await });
        (stack, Plug(own))
    }

    /// Returns the last byte of the next station's hardware address.
    pub fn next_number(&self) -> u8 {
        u8::try_from(self.0.borrow().len() + 1).unwrap_or(u8::MAX)
    }

    pub(crate) fn plug_in(&self) -> Rc<Station> {
        let own = Rc::new(Station::default());
        self.0.borrow_mut().push(own.clone());
        own
    }

    pub(crate) fn carry(&self, frame: &[u8], from: Option<&Rc<Station>>) {
        for (index, station) in self.0.borrow().iter().enumerate() {
            let [first, .., last] = frame[..6] else { continue };
            let to_it = first & 1 == 1 || usize::from(last) == index + 1;
            let own = from.is_some_and(|from| Rc::ptr_eq(station, from));
            if to_it && !own && !station.unplugged.get() {
                station.waiting.borrow_mut().push_back(frame.to_vec());
                wake(station);
            }
        }
    }
}

/// A fixed address, in a network of 24 bits.
pub fn static_config(address: Ipv4Address) -> Config {
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(address, 24),
        gateway: None,
        dns_servers: Default::default(),
    })
}

/// A station's end of the link.
pub struct End {
    link: Link,
    own: Rc<Station>,
    number: u8,
}

impl End {
    fn send(&self, frame: &[u8]) {
        if self.own.unplugged.get() || self.own.muted.get() {
            return;
        }
        self.link.carry(frame, Some(&self.own));
    }
}

fn wake(station: &Station) {
    if let Some(waker) = station.waker.borrow_mut().take() {
        waker.wake();
    }
}

impl Driver for End {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Received, Sending<'_>)> {
        *self.own.waker.borrow_mut() = Some(context.waker().clone());
        let frame = self.own.waiting.borrow_mut().pop_front()?;
        Some((Received(frame), Sending(self)))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Sending<'_>> {
        Some(Sending(self))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        if self.own.unplugged.get() { LinkState::Down } else { LinkState::Up }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet([2, 0, 0, 0, 0, self.number])
    }
}

/// Received frame.
pub struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, look: F) -> R {
        look(&mut self.0)
    }
}

/// Permission to send a frame.
pub struct Sending<'a>(&'a End);

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut frame = vec![0; length];
        let result = fill(&mut frame);
        self.0.send(&frame);
        result
    }
}
