//! Servers of the networks beside HTTP.
//!
//! They are DHCP and the captive DNS in the device's own network, and mDNS in both networks.

use crate::limits::AP_CLIENTS;
use crate::lines;
use embassy_executor::Spawner;
use embassy_net::{Ipv4Address, Stack};
use esp_hal::rng::Rng;
use instep_wifi::dhcp;
use instep_wifi::embassy::{DhcpMemory, DnsMemory, MdnsMemory, serve_dhcp, serve_dns, serve_mdns};
use instep_wifi::name::Name;
use instep_wifi::setup::SetUp;
use static_cell::StaticCell;

/// Port of the server.
pub const PORT: u16 = 80;

/// Address of the device in its own network.
pub(crate) const AP_ADDRESS: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
/// URL of the captive portal's page.
pub(crate) const AP_PAGE: &str = "http://192.168.4.1/network";

/// Maximum number of DHCP leases.
///
/// It is twice the number of clients, because phones come and go.
const LEASES: usize = 2 * AP_CLIENTS;

static DHCP: StaticCell<DhcpMemory> = StaticCell::new();
static DNS: StaticCell<DnsMemory> = StaticCell::new();
static STATION_MDNS: StaticCell<MdnsMemory> = StaticCell::new();
static AP_MDNS: StaticCell<MdnsMemory> = StaticCell::new();

/// Starts the servers of both networks.
///
/// The page shows the device's name in the joined network.
pub(crate) fn serve(
    spawner: Spawner,
    set_up: &'static SetUp,
    name: Name,
    station: Stack<'static>,
    access_point: Stack<'static>,
) {
    spawner.spawn(give_addresses(access_point).expect("task pool exhausted"));
    spawner.spawn(run_captive_dns(access_point).expect("task pool exhausted"));
    spawner.spawn(
        run_mdns(station, name, Some(set_up), STATION_MDNS.init_with(MdnsMemory::new))
            .expect("task pool exhausted"),
    );
    spawner.spawn(
        run_mdns(access_point, name, None, AP_MDNS.init_with(MdnsMemory::new)).expect("task pool exhausted"),
    );
}

#[embassy_executor::task]
async fn give_addresses(stack: Stack<'static>) -> ! {
    let mut server = dhcp::Server::<LEASES>::new(AP_ADDRESS, AP_PAGE);
    serve_dhcp(stack, &mut server, DHCP.init_with(DhcpMemory::new)).await
}

#[embassy_executor::task]
async fn run_captive_dns(stack: Stack<'static>) -> ! {
    serve_dns(stack, AP_ADDRESS, DNS.init_with(DnsMemory::new)).await
}

#[embassy_executor::task(pool_size = 2)]
async fn run_mdns(
    stack: Stack<'static>,
    name: Name,
    set_up: Option<&'static SetUp>,
    memory: &'static mut MdnsMemory,
) -> ! {
    let found = |name: &Name| {
        lines::info(format_args!("The device is http://{name}.local/"));
        if let Some(set_up) = set_up {
            set_up.found_as(name);
        }
    };
    serve_mdns(stack, name, PORT, Rng::new().random(), memory, found).await
}
