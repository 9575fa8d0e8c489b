//! Ports for programs that cannot choose one themselves.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// First port and number of ports. Linux gives higher ones to clients, from 32,768 on.
const PORTS: (u16, u16) = (20_000, 10_000);

/// Returns an address of this machine that is free.
///
/// Its port is below those that Linux gives to clients, so no connection of another test takes the port before the
/// program does.
///
/// # Panics
/// If none of 1,000 ports is free.
pub fn free_addr() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() % u32::from(PORTS.1);
    let start = u16::try_from(start).expect("more ports than 65,535");
    let port = || PORTS.0 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS.1;
    let mut ports = std::iter::repeat_with(port).take(1_000);
    let port =
        ports.find(|port| TcpListener::bind((Ipv6Addr::UNSPECIFIED, *port)).is_ok()).expect("no free port");
    SocketAddr::from(([127, 0, 0, 1], port))
}
