//! A minimal Ethernet, ARP, IPv4 and TCP stack that controls when each frame is
//! sent, and notices each retransmission.

use std::time::{Duration, Instant};

/// The device.
pub const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const ADDRESS: [u8; 4] = [10, 0, 2, 15];

/// Retransmission timeout.
const RESEND: Duration = Duration::from_secs(1);

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// Connection from a machine of its own to port 80 of the device.
#[derive(Debug)]
pub struct Connection {
    /// Last byte of the addresses of its machine.
    pub machine: u8,
    port: u16,
    /// Bytes received in order and not yet taken.
    pub input: Vec<u8>,
    pub established: bool,
    /// Whether the device has sent its FIN.
    pub finished: bool,
    pub reset: bool,
    /// Whether acknowledgements are held back.
    pub holds: bool,
    /// Number of segments that arrived more than once.
    pub repeated: usize,
    /// Number of segments that were retransmitted.
    pub resent: usize,
    next: u32,
    expected: u32,
    owes: bool,
    unacknowledged: Option<(Vec<u8>, u32, Instant)>,
}

impl Connection {
    pub fn new(machine: u8, port: u16) -> Self {
        let next = u32::from(port) << 16;
        Self {
            machine,
            port,
            input: Vec::new(),
            established: false,
            finished: false,
            reset: false,
            holds: false,
            repeated: 0,
            resent: 0,
            next,
            expected: 0,
            owes: false,
            unacknowledged: None,
        }
    }

    pub fn syn(&mut self) -> Vec<u8> {
        self.segment(SYN, &[])
    }

    pub fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.owes = false;
        self.segment(ACK, bytes)
    }

    /// Ends the connection, which the device has ended, too.
    pub fn close(&mut self) -> Vec<u8> {
        self.owes = false;
        self.segment(FIN | ACK, &[])
    }

    /// Returns whether everything sent is acknowledged.
    pub fn is_acknowledged(&self) -> bool {
        self.unacknowledged.is_none()
    }

    /// Returns the acknowledgement of received
    /// segments, if one is due and not held back.
    pub fn acknowledgement(&mut self) -> Option<Vec<u8>> {
        let due = self.owes && !self.holds;
        self.owes &= !due;
        due.then(|| self.segment(ACK, &[]))
    }

    /// Returns the segment to be retransmitted, if there is one.
    pub fn resend(&mut self) -> Option<Vec<u8>> {
        let (frame, _, sent_at) =
            self.unacknowledged.as_mut().filter(|(_, _, sent_at)| sent_at.elapsed() >= RESEND)?;
        *sent_at = Instant::now();
        self.resent += 1;
        Some(frame.clone())
    }

    /// Processes a segment, which is the IPv4 packet without its header.
    pub fn receive(&mut self, tcp: &[u8]) {
        let (sequence, acknowledged, flags) = (u32_at(tcp, 4), u32_at(tcp, 8), tcp[13]);
        let payload = &tcp[usize::from(tcp[12] >> 4) * 4..];
        self.reset |= flags & RST != 0;
        if self.unacknowledged.as_ref().is_some_and(|(_, end, _)| acknowledged == *end) {
            self.unacknowledged = None;
        }
        let length = u32::try_from(payload.len()).expect("the frame is too long")
            + u32::from(flags & (SYN | FIN) != 0);
        if flags & SYN != 0 && !self.established {
            (self.established, self.expected) = (true, sequence);
        }
        if length == 0 || flags & RST != 0 {
            return;
        }
        self.owes = true;
        match sequence.wrapping_sub(self.expected) {
            0 => {
                self.input.extend_from_slice(payload);
                self.expected = sequence.wrapping_add(length);
                self.finished |= flags & FIN != 0;
            }
            ahead if ahead < 1 << 31 => panic!("a segment was lost on a lossless link"),
            _ => self.repeated += 1,
        }
    }

    pub fn is_to(&self, tcp: &[u8]) -> bool {
        tcp[2..4] == self.port.to_be_bytes()
    }

    fn segment(&mut self, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut tcp = Vec::with_capacity(24 + payload.len());
        tcp.extend(self.port.to_be_bytes());
        tcp.extend(80_u16.to_be_bytes());
        tcp.extend(self.next.to_be_bytes());
        tcp.extend(self.expected.to_be_bytes());
        // A SYN states the largest segment, 1,460 bytes. The window has its maximum.
        tcp.extend([if flags & SYN != 0 { 6 << 4 } else { 5 << 4 }, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(if flags & SYN != 0 { &[2, 4, 0x05, 0xb4][..] } else { &[] });
        tcp.extend(payload);
        let length = u16::try_from(tcp.len()).expect("the frame is too long");
        let from = address(self.machine);
        let pseudo = [&from[..], &ADDRESS, &[0, 6], &length.to_be_bytes(), &tcp].concat();
        tcp[16..18].copy_from_slice(&checksum(&pseudo));

        let mut ip = vec![0x45, 0];
        ip.extend((20 + length).to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        ip.extend(from);
        ip.extend(ADDRESS);
        let sum = checksum(&ip);
        ip[10..12].copy_from_slice(&sum);
        let frame = [&MAC[..], &mac(self.machine), &[8, 0], &ip, &tcp].concat();

        let counted = u32::try_from(payload.len()).expect("the frame is too long")
            + u32::from(flags & (SYN | FIN) != 0);
        self.next = self.next.wrapping_add(counted);
        if counted > 0 {
            self.unacknowledged = Some((frame.clone(), self.next, Instant::now()));
        }
        frame
    }
}

/// Kind of a frame from the device.
pub enum FrameKind<'f> {
    /// ARP request, with its answer.
    Arp(Vec<u8>),
    Tcp(&'f [u8]),
    Other,
}

pub fn read(frame: &[u8]) -> FrameKind<'_> {
    match frame[12..14] {
        // An ARP request for the address of one of these machines.
        [8, 6] if frame[21] == 1 && frame[38..41] == [10, 0, 2] => FrameKind::Arp(arp(2, frame[41])),
        [8, 0] if frame[23] == 6 => {
            let end = 14 + usize::from(u16::from_be_bytes([frame[16], frame[17]]));
            FrameKind::Tcp(&frame[14 + usize::from(frame[14] & 15) * 4..end])
        }
        _ => FrameKind::Other,
    }
}

/// Returns the ARP request for the device's hardware
/// address, which each machine sends first.
pub fn ask(machine: u8) -> Vec<u8> {
    arp(1, machine)
}

fn arp(operation: u8, machine: u8) -> Vec<u8> {
    let kind = [8, 6, 0, 1, 8, 0, 6, 4, 0, operation];
    [&MAC[..], &mac(machine), &kind, &mac(machine), &address(machine), &MAC, &ADDRESS].concat()
}

fn mac(machine: u8) -> [u8; 6] {
    [2, 0, 0, 0, 1, machine]
}

fn address(machine: u8) -> [u8; 4] {
    [10, 0, 2, machine]
}

fn u32_at(bytes: &[u8], index: usize) -> u32 {
    u32::from_be_bytes(bytes[index..index + 4].try_into().expect("not four bytes"))
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).expect("the sum was not folded")).to_be_bytes()
}
