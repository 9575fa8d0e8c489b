//! The servers on network stacks in this process: a
//! phone that joins, and two devices that want one name.

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Config, IpAddress, Ipv4Address, Stack};
use embassy_time::{Duration, Timer, with_timeout};
use instep_wifi::embassy::{DhcpMemory, DnsMemory, MdnsMemory, serve_dhcp, serve_dns, serve_mdns};
use instep_wifi::{dhcp, dns, mdns};
use std::cell::RefCell;
use std::rc::Rc;
use virtual_ethernet::{Link, spawn, test};

const DEVICE: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
const OTHER: Ipv4Address = Ipv4Address::new(192, 168, 4, 7);
const PHONE: Ipv4Address = Ipv4Address::new(192, 168, 4, 99);

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn socket(stack: Stack<'static>, port: u16) -> UdpSocket<'static> {
    let meta = || leak([PacketMetadata::EMPTY; 16]);
    let mut socket = UdpSocket::new(stack, meta(), leak([0; 8192]), meta(), leak([0; 8192]));
    socket.bind(port).unwrap();
    socket
}

/// Returns the next packet, if it arrives within two seconds.
async fn receive(socket: &UdpSocket<'static>) -> Option<Vec<u8>> {
    let mut buffer = [0; 2048];
    let received = with_timeout(Duration::from_secs(2), socket.recv_from(&mut buffer)).await;
    received.ok().map(|received| buffer[..received.unwrap().0].to_vec())
}

fn start_dhcp(stack: Stack<'static>) {
    let server = leak(dhcp::Server::<4>::new(DEVICE, "http://192.168.4.1/"));
    spawn(async move { serve_dhcp(stack, server, leak(DhcpMemory::new())).await });
}

fn start_dns(stack: Stack<'static>) {
    spawn(async move { serve_dns(stack, DEVICE, leak(DnsMemory::new())).await });
}

/// The names that a device has had, in order.
type Names = Rc<RefCell<Vec<String>>>;

fn start_mdns(stack: Stack<'static>, seed: u32) -> Names {
    let names = Names::default();
    let recorded = names.clone();
    spawn(async move {
        let named = |name: &instep_wifi::name::Name| recorded.borrow_mut().push(name.to_string());
        serve_mdns(stack, "lamp".parse().unwrap(), 80, seed, leak(MdnsMemory::new()), named).await;
    });
    names
}

/// Returns a query for the A record of a name, with this class.
fn question(name: &str, class: u16) -> Vec<u8> {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend(label.bytes());
    }
    query.extend([0, 0, 1]);
    query.extend(class.to_be_bytes());
    query
}

/// Queries a name by multicast, as a program without its own responder does.
async fn look_up(phone: &UdpSocket<'static>, name: &str) -> Option<Ipv4Address> {
    phone.send_to(&question(name, 1), (IpAddress::Ipv4(mdns::GROUP), mdns::PORT)).await.unwrap();
    let answer = receive(phone).await?;
    // One question and one answer, whose address is at the end of its record behind the question.
    assert_eq!(answer[4..8], [0, 1, 0, 1]);
    let index = 12 + 2 * (name.len() + 2) + 4 + 10;
    Some(Ipv4Address::from(<[u8; 4]>::try_from(&answer[index..index + 4]).unwrap()))
}

#[test]
fn phone_gets_address_and_finds_device_by_any_name() {
    test(async {
        let link = Link::default();
        let device = link.station(DEVICE);
        start_dhcp(device);
        start_dns(device);
        let phones: Vec<_> =
            (0..4).map(|_| link.station_with(Config::dhcpv4(Default::default())).0).collect();
        for (number, phone) in phones.iter().enumerate() {
            with_timeout(Duration::from_secs(30), phone.wait_config_up()).await.unwrap();
            let config = phone.config_v4().unwrap();
            assert_eq!(config.gateway, Some(DEVICE));
            assert_eq!(config.dns_servers.as_slice(), [DEVICE]);
            assert_eq!(config.address.prefix_len(), 24);
            let others = phones[..number].iter().map(|phone| phone.config_v4().unwrap().address);
            assert!(
                others.chain([embassy_net::Ipv4Cidr::new(DEVICE, 24)]).all(|other| other != config.address)
            );
        }
        let socket = socket(phones[0], 4000);
        socket
            .send_to(&question("captive.apple.com", 1), (IpAddress::Ipv4(DEVICE), dns::PORT))
            .await
            .unwrap();
        let answer = receive(&socket).await.unwrap();
        assert_eq!(answer[answer.len() - 4..], DEVICE.octets());
    });
}

/// Returns a query for the device's DNS from an unused address.
fn from_nowhere() -> Vec<u8> {
    let query = question("a.b", 1);
    let length = u8::try_from(query.len()).unwrap();
    let mut ip = vec![0x45, 0, 0, 28 + length, 0, 0, 0, 0, 64, 17, 0, 0];
    ip.extend(OTHER.octets().into_iter().chain(DEVICE.octets()));
    let sum: u32 = ip.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 77, 8, 0];
    frame.extend(ip);
    frame.extend([0x10, 0, 0, 53, 0, 8 + length, 0, 0]);
    frame.extend(query);
    frame
}

#[test]
fn unroutable_dns_query_delays_others_only_briefly() {
    test(async {
        let link = Link::default();
        start_dns(link.station(DEVICE));
        let phone = socket(link.station(PHONE), 4000);
        Timer::after_millis(1).await;
        for _ in 0..20 {
            link.inject(&from_nowhere());
        }
        let mut asked = 0;
        loop {
            phone.send_to(&question("a.b", 1), (IpAddress::Ipv4(DEVICE), dns::PORT)).await.unwrap();
            if receive(&phone).await.is_some() {
                break;
            }
            asked += 1;
            assert!(asked < 3, "an unroutable answer blocks the next one");
        }
    });
}

#[test]
fn second_device_of_same_name_gets_number() {
    test(async {
        let link = Link::default();
        let first = start_mdns(link.station(DEVICE), 1);
        Timer::after_secs(5).await;
        let second = start_mdns(link.station(OTHER), 2);
        Timer::after_secs(5).await;
        assert_eq!(
            (first.borrow().as_slice(), second.borrow().as_slice()),
            (&["lamp".into()][..], &["lamp-2".into()][..])
        );
        let phone = socket(link.station(PHONE), 4000);
        assert_eq!(look_up(&phone, "lamp.local").await, Some(DEVICE));
        assert_eq!(look_up(&phone, "lamp-2.local").await, Some(OTHER));
        assert_eq!(look_up(&phone, "lamp-3.local").await, None);
    });
}

#[test]
fn mdns_announces_again_when_link_returns() {
    test(async {
        let link = Link::default();
        let (device, plug) = link.plugged_station(DEVICE);
        let names = start_mdns(device, 1);
        Timer::after_secs(10).await;
        let listener = link.station(PHONE);
        listener.join_multicast_group(mdns::GROUP).unwrap();
        let phone = socket(listener, mdns::PORT);
        assert_eq!(receive(&phone).await, None, "a packet after the announcements");
        plug.unplug(true);
        Timer::after_secs(2).await;
        plug.unplug(false);
        let (mut probes, mut announcements) = (0, 0);
        while let Some(message) = receive(&phone).await {
            *(if message[2] & 0x80 == 0 { &mut probes } else { &mut announcements }) += 1;
        }
        assert_eq!((probes, announcements), (3, 2));
        assert_eq!(names.borrow().as_slice(), ["lamp"; 2], "the name was not confirmed again");
    });
}
