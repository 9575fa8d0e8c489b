//! The servers of this crate on the sockets of embassy-net: each is one function that never returns, to be run in a task of
//! its own, with memory that is lent and fixed when it is compiled.
//!
//! ```ignore
//! static DHCP: StaticCell<DhcpMemory> = StaticCell::new();
//!
//! let mut server = dhcp::Server::<8>::new(ADDRESS, "http://192.168.4.1/");
//! serve_dhcp(stack, &mut server, DHCP.init_with(DhcpMemory::new)).await
//! ```
//!
//! Each takes one socket of the stack; mDNS joins a multicast group, too.

mod mdns;
mod servers;
mod socket;

pub use mdns::serve_mdns;
pub use servers::{serve_dhcp, serve_dns};
pub use socket::{DhcpMemory, DnsMemory, MdnsMemory, Memory};
