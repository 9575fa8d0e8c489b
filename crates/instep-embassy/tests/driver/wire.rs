//! An Ethernet cable between two network stacks, which can be cut.

use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Waker};

/// The device's address.
pub const DEVICE: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
const PEER: Ipv4Address = Ipv4Address::new(192, 168, 4, 2);
/// Number of sockets of a stack.
const SOCKETS: usize = 64;

/// One direction.
#[derive(Default)]
struct Frames {
    waiting: RefCell<VecDeque<Vec<u8>>>,
    waker: RefCell<Option<Waker>>,
    /// Whether sent frames are lost.
    cut: Cell<bool>,
}

/// Cable with one direction to the device, and one from it.
#[derive(Default)]
pub struct Cable {
    there: Rc<Frames>,
    back: Rc<Frames>,
}

impl Cable {
    /// Sets whether the device's frames are lost from now on.
    pub fn cut_from_device(&self, cut: bool) {
        self.back.cut.set(cut);
    }

    /// Sets whether the peer's frames are lost from now on.
    pub fn cut_to_device(&self, cut: bool) {
        self.there.cut.set(cut);
    }

    /// Returns two stacks, the device's and its peer's.
    pub fn stacks(&self) -> (Stack<'static>, Stack<'static>) {
        self.filtered_stacks(|end| end)
    }

    /// Returns the same, with a filter in front of the device's stack.
    pub fn filtered_stacks<D: Driver + 'static>(
        &self,
        filter: impl FnOnce(End) -> D,
    ) -> (Stack<'static>, Stack<'static>) {
        let end = |incoming: &Rc<Frames>, outgoing: &Rc<Frames>, address: Ipv4Address| End {
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
            address,
        };
        let device = filter(end(&self.there, &self.back, DEVICE));
        (stack(device, DEVICE), stack(end(&self.back, &self.there, PEER), PEER))
    }
}

fn stack(end: impl Driver + 'static, address: Ipv4Address) -> Stack<'static> {
    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(address, 24),
        gateway: None,
        dns_servers: Default::default(),
    });
    let resources = Box::leak(Box::new(StackResources::<SOCKETS>::new()));
    let (stack, mut runner) = embassy_net::new(end, config, resources, 1);
    tokio::task::spawn_local(host_time::run(async move { runner.run().await }));
    stack
}

/// Returns a socket of a peer.
pub fn socket(stack: Stack<'static>) -> TcpSocket<'static> {
    let buffer = || vec![0; 4096].leak();
    TcpSocket::new(stack, buffer(), buffer())
}

pub struct End {
    incoming: Rc<Frames>,
    outgoing: Rc<Frames>,
    address: Ipv4Address,
}

impl Driver for End {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Received, Sending<'_>)> {
        *self.incoming.waker.borrow_mut() = Some(context.waker().clone());
        let frame = self.incoming.waiting.borrow_mut().pop_front()?;
        Some((Received(frame), Sending(self)))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Sending<'_>> {
        Some(Sending(self))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        let [.., last] = self.address.octets();
        HardwareAddress::Ethernet([2, 0, 0, 0, 0, last])
    }
}

pub struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, look: F) -> R {
        look(&mut self.0)
    }
}

pub struct Sending<'a>(&'a End);

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut frame = vec![0; length];
        let result = fill(&mut frame);
        let outgoing = &self.0.outgoing;
        if !outgoing.cut.get() {
            outgoing.waiting.borrow_mut().push_back(frame);
            if let Some(waker) = outgoing.waker.borrow_mut().take() {
                waker.wake();
            }
        }
        result
    }
}
