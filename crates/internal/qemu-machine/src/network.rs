//! The virtio network device as a driver for embassy-net.

use crate::dma::{FRAMES, Pages, pages};
use crate::log::with_warnings_only;
use crate::registers::{self, VirtioPlace};
use crate::transport::{NetworkTransport, interrupt_when_sent};
use core::cell::RefCell;
use core::task::Context;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, StaticConfigV4};
use embassy_sync::waitqueue::AtomicWaker;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::DeviceType;

/// Size of the network stack's neighbour cache, in machines.
pub const NEIGHBORS: usize = smoltcp::config::IFACE_NEIGHBOR_CACHE_COUNT;
/// Size of a frame's buffer, in bytes.
const FRAME_SIZE: usize = 2048;
/// Maximum length of an Ethernet frame with 1,500 bytes of payload, in bytes.
const MTU: usize = 1514;

static WAKER: AtomicWaker = AtomicWaker::new();

/// Handles the interrupt for a received frame, or for a sent one while no buffer is free.
pub fn on_frames() {
    WAKER.wake();
}

type Device = VirtIONetRaw<Pages, NetworkTransport, FRAMES>;

/// The network device of the machine.
pub struct Network(RefCell<Queues>);

/// Returns the addresses that QEMU's user network expects of its guest.
pub fn user_network() -> Config {
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24),
        gateway: Some(Ipv4Address::new(10, 0, 2, 2)),
        dns_servers: Default::default(),
    })
}

/// Runs a network stack on the network device.
#[embassy_executor::task]
pub async fn run_network(mut runner: Runner<'static, Network>) -> ! {
    runner.run().await
}

struct Queues {
    device: Device,
    receiving: Frames,
    sending: Frames,
    /// Whether the device interrupts when it has sent a frame, because no buffer was free.
    awaits_sent: bool,
}

/// Buffers of one direction. A buffer with a token belongs to the device.
struct Frames([Option<Frame>; FRAMES]);

struct Frame {
    token: Option<u16>,
    bytes: &'static mut [u8],
    /// Number of bytes to send.
    length: usize,
}

impl Frames {
    fn new() -> Self {
        let mut frames = pages(FRAMES * FRAME_SIZE / virtio_drivers::PAGE_SIZE).chunks_exact_mut(FRAME_SIZE);
        Self(core::array::from_fn(|_| frames.next().map(|bytes| Frame { token: None, bytes, length: 0 })))
    }

    /// Returns the buffer with this token.
    fn take(&mut self, token: Option<u16>) -> Option<Frame> {
        self.0.iter_mut().find(|frame| frame.as_ref().is_some_and(|frame| frame.token == token))?.take()
    }

    fn put(&mut self, frame: Frame) {
        if let Some(place) = self.0.iter_mut().find(|place| place.is_none()) {
            *place = Some(frame);
        }
    }
}

impl Queues {
    /// Lends a buffer to the device for receiving.
    fn receive_into(&mut self, frame: Frame) {
        // SAFETY: the frame has the token until the device is done, and then is taken with it.
        let token = unsafe { self.device.receive_begin(frame.bytes) }.ok();
        self.receiving.put(Frame { token, ..frame });
    }

    /// Takes a received frame, with its position in the buffer.
    fn received(&mut self) -> Option<(Frame, core::ops::Range<usize>)> {
        let token = self.device.poll_receive()?;
        let frame = self.receiving.take(Some(token))?;
        // SAFETY: this buffer was lent with this token.
        match unsafe { self.device.receive_complete(token, frame.bytes) } {
            Ok((header, length)) => Some((frame, header..header + length)),
            Err(error) => {
                log::error!("The network device received nothing: {error}");
                self.receive_into(frame);
                None
            }
        }
    }

    /// Returns a free buffer for sending. If there is none, the device interrupts when it has sent a frame.
    fn free(&mut self) -> Option<Frame> {
        let frame = self.take_sent();
        if frame.is_none() == self.awaits_sent {
            return frame;
        }
        self.awaits_sent = frame.is_none();
        interrupt_when_sent(self.awaits_sent);
        // A frame may have been sent before the interrupt was enabled.
        frame.or_else(|| self.take_sent())
    }

    /// Takes back all sent buffers, and returns a free one.
    fn take_sent(&mut self) -> Option<Frame> {
        while let Some(token) = self.device.poll_transmit() {
            let frame = self.sending.take(Some(token))?;
            // SAFETY: these bytes were lent with this token.
            if let Err(error) = unsafe { self.device.transmit_complete(token, &frame.bytes[..frame.length]) }
            {
                log::error!("The network device sent nothing: {error}");
            }
            self.sending.put(Frame { token: None, ..frame });
        }
        self.sending.take(None)
    }

    /// Sends the first `length` bytes of a buffer.
    fn send(&mut self, frame: Frame, length: usize) {
        // SAFETY: the frame has the token until the device is done, and then is taken with it.
        let token = unsafe { self.device.transmit_begin(&frame.bytes[..length]) };
        self.sending.put(Frame { token: token.ok(), length, ..frame });
    }
}

/// Finds the network device of this machine, if there is one.
pub fn find() -> Option<Network> {
    let mut places = VirtioPlace::all();
    let (place, transport) = places.find_map(|place| Some((place, place.transport(DeviceType::Network)?)))?;
    let device = match with_warnings_only(|| Device::new(NetworkTransport(transport))) {
        Ok(device) => device,
        Err(error) => {
            log::error!("The network device does not start: {error}");
            return None;
        }
    };
    let mut queues = Queues { device, receiving: Frames::new(), sending: Frames::new(), awaits_sent: false };
    while let Some(frame) = queues.receiving.take(None) {
        queues.receive_into(frame);
    }
    registers::enable_interrupt(place.interrupt());
    Some(Network(RefCell::new(queues)))
}

impl Network {
    /// Returns the hardware address.
    pub fn mac(&self) -> [u8; 6] {
        self.0.borrow().device.mac_address()
    }
}

impl Driver for Network {
    type RxToken<'a> = Receive<'a>;
    type TxToken<'a> = Send<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Receive<'_>, Send<'_>)> {
        WAKER.register(context.waker());
        let mut queues = self.0.borrow_mut();
        let free = queues.free()?;
        let Some((frame, range)) = queues.received() else {
            queues.sending.put(free);
            return None;
        };
        drop(queues);
        let send = Send { queues: &self.0, frame: Some(free) };
        Some((Receive { queues: &self.0, frame: Some(frame), range }, send))
    }

    fn transmit(&mut self, context: &mut Context<'_>) -> Option<Send<'_>> {
        WAKER.register(context.waker());
        let frame = self.0.borrow_mut().free()?;
        Some(Send { queues: &self.0, frame: Some(frame) })
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.0.borrow().device.mac_address())
    }
}

/// A received frame.
pub struct Receive<'a> {
    queues: &'a RefCell<Queues>,
    frame: Option<Frame>,
    range: core::ops::Range<usize>,
}

impl RxToken for Receive<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, look: F) -> R {
        match &mut self.frame {
            Some(frame) => look(&mut frame.bytes[self.range.clone()]),
            None => look(&mut []),
        }
    }
}

impl Drop for Receive<'_> {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            self.queues.borrow_mut().receive_into(frame);
        }
    }
}

/// A buffer for a frame to send.
pub struct Send<'a> {
    queues: &'a RefCell<Queues>,
    frame: Option<Frame>,
}

impl TxToken for Send<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, length: usize, fill: F) -> R {
        let Some(frame) = self.frame.take() else { return fill(&mut []) };
        // `embassy-net` never requests a longer frame.
        let header = self.queues.borrow().device.fill_buffer_header(frame.bytes).unwrap_or(0);
        let result = fill(&mut frame.bytes[header..header + length]);
        self.queues.borrow_mut().send(frame, header + length);
        result
    }
}

impl Drop for Send<'_> {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            self.queues.borrow_mut().sending.put(frame);
        }
    }
}
