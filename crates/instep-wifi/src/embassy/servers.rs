//! Tasks of the DHCP server and the captive DNS server.

use super::socket::{DhcpMemory, DnsMemory, now};
use crate::{dhcp, dns};
use core::net::Ipv4Addr;
use embassy_net::Stack;

/// Serves DHCP on the network of `stack`, which must have the address of `server`.
pub async fn serve_dhcp<const LEASES: usize>(
    stack: Stack<'_>,
    server: &mut dhcp::Server<LEASES>,
    memory: &mut DhcpMemory,
) -> ! {
    let (mut socket, reply) = memory.open(stack, dhcp::SERVER_PORT);
    loop {
        let answer = socket.receive(|_, request| server.answer(now(), request, reply)).await;
        if let Some(answer) = answer {
            socket.send(&reply[..answer.length], answer.to, dhcp::CLIENT_PORT).await;
        }
    }
}

/// Resolves every name to `address` on the network of `stack`.
pub async fn serve_dns(stack: Stack<'_>, address: Ipv4Addr, memory: &mut DnsMemory) -> ! {
    let (mut socket, reply) = memory.open(stack, dns::PORT);
    loop {
        let answer = socket.receive(|from, query| Some((from, dns::answer(query, address, reply)?))).await;
        if let Some((from, length)) = answer {
            socket.send(&reply[..length], *from.ip(), from.port()).await;
        }
    }
}
