//! The servers of this crate on the sockets of embassy-net.
//!
//! Each server is a function that never returns. Run it in its own task, with memory of a size fixed at compile time.
//!
//! ```ignore
//! static DHCP: StaticCell<DhcpMemory> = StaticCell::new();
//!
//! let mut server = dhcp::Server::<8>::new(ADDRESS, "http://192.168.4.1/");
//! serve_dhcp(stack, &mut server, DHCP.init_with(DhcpMemory::new)).await
//! ```
//!
//! Each server uses one socket of the stack. mDNS also joins a multicast group.

mod mdns;
mod servers;
mod socket;

pub use mdns::serve_mdns;
pub use servers::{serve_dhcp, serve_dns};
pub use socket::{DhcpMemory, DnsMemory, MdnsMemory, Memory};
