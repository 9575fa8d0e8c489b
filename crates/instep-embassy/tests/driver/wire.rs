//! An Ethernet cable between two network stacks, which can be cut.

use embassy_net::driver::Driver;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Ipv4Address, Stack};
use std::cell::OnceCell;
use virtual_ethernet::{End, Link, Plug, static_config};

/// The device's address.
pub const DEVICE: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
const PEER: Ipv4Address = Ipv4Address::new(192, 168, 4, 2);

/// Cable with a link with two stations.
#[derive(Default)]
pub struct Cable {
    link: Link,
    plugs: OnceCell<[Plug; 2]>,
}

impl Cable {
    /// Sets whether the device's frames are lost from now on.
    pub fn cut_from_device(&self, cut: bool) {
        self.plugs.get().expect("there are stacks")[0].mute(cut);
    }

    /// Sets whether the peer's frames are lost from now on.
    pub fn cut_to_device(&self, cut: bool) {
        self.plugs.get().expect("there are stacks")[1].mute(cut);
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
        let (device, to_device) = self.link.filtered_station(static_config(DEVICE), filter);
        let (peer, to_peer) = self.link.plugged_station(PEER);
        assert!(self.plugs.set([to_device, to_peer]).is_ok(), "a cable has two ends");
        (device, peer)
    }
}

/// Returns a socket of a peer.
pub fn socket(stack: Stack<'static>) -> TcpSocket<'static> {
    let buffer = || vec![0; 4096].leak();
    TcpSocket::new(stack, buffer(), buffer())
}
