//! A phone joins the device's own network and provisions it: everything but the
//! radio, on a simulated link and clock.

mod simulated;

use embassy_net::dns::DnsQueryType;
use embassy_net::{IpAddress, Ipv4Address};
use embassy_time::Timer;
use instep::{Access, App, Asset, Limits, Topics};
use instep_embassy::Server;
use instep_wifi::dhcp;
use instep_wifi::embassy::{DhcpMemory, DnsMemory, MdnsMemory, serve_dhcp, serve_dns, serve_mdns};
use instep_wifi::name::Name;
use instep_wifi::setup::kept_password;
use simulated::{CAFE, Device, HOME};
use virtual_ethernet::{Link, ask, get, post, spawn, test};

const OWN: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
const AT_HOME: Ipv4Address = simulated::ADDRESS;
static APP: App = App::new("lamp", "for tests")
    .page("/", Asset::html("<p>lamp</p>"))
    .endpoint("/ws")
    .topics(Topics::new(1));
static ACCESS: Access = Access::new("lamp");
static OWN_ACCESS: Access = ACCESS.with_portal("http://192.168.4.1/network");

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

/// The device's own network, and the one at home.
struct Links {
    own: Link,
    home: Link,
}

/// Starts all servers of a device in both networks.
macro_rules! serve {
    ($device:expr) => {{
        instep_embassy::resources! {
            struct Resources { limits: Limits::DEVICE, topics: 1, station: 4, access_point: 4 }
        }
        static RESOURCES: Resources = Resources::new();
        let links = Links { own: Link::default(), home: Link::default() };
        let (server, _inbox) = RESOURCES.start(&APP, &ACCESS);
        let server = server.with_log_in($device.log_in).with_board($device.set_up);
        let own = links.own.station(OWN);
        let (home, plug) = links.home.plugged_station(AT_HOME);
        plug.unplug(true);
        let radio = $device.air.clone();
        spawn(async move {
            // The link at home comes up when the radio has joined.
            let mut is_joined = false;
            loop {
                if is_joined != radio.borrow().joined.is_some() {
                    is_joined = !is_joined;
                    plug.unplug(!is_joined);
                }
                Timer::after_millis(100).await;
            }
        });
        let driver = RESOURCES.station.driver(server, home, 80);
        spawn(async move { driver.run().await });
        let driver = RESOURCES.access_point.driver(Server { access: &OWN_ACCESS, ..server }, own, 80);
        spawn(async move { driver.run().await });
        spawn(async move { server.check_passwords().await });
        let set_up = $device.set_up;
        spawn(async move { set_up.set_passwords(server.device, |salt| salt.fill(7)).await });
        spawn(async move {
            let server = leak(dhcp::Server::<8>::new(OWN, "http://192.168.4.1/network"));
            serve_dhcp(own, server, leak(DhcpMemory::new())).await;
        });
        spawn(async move { serve_dns(own, OWN, leak(DnsMemory::new())).await });
        for (stack, is_joined) in [(own, false), (home, true)] {
            spawn(async move {
                let named = |name: &Name| {
                    if is_joined {
                        set_up.found_as(name);
                    }
                };
                serve_mdns(stack, "lamp".parse().unwrap(), 80, 1, leak(MdnsMemory::new()), named).await;
            });
        }
        links
    }};
}

#[test]
fn phone_provisions_device_via_captive_portal() {
    test(async {
        let device = Device::start(None, &[HOME, CAFE], "phone").await;
        let links = serve!(device);
        let phone = links.own.join().await;
        // The phone's connectivity check.
        let found = phone.dns_query("connectivitycheck.gstatic.com", DnsQueryType::A).await.unwrap();
        assert_eq!(found.as_slice(), [IpAddress::Ipv4(OWN)]);
        for (host, path) in [
            ("connectivitycheck.gstatic.com", "/generate_204"),
            ("captive.apple.com", "/hotspot-detect.html"),
            ("www.msftconnecttest.com", "/connecttest.txt"),
        ] {
            let probe = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let (status, answer) = ask(phone, OWN, &probe).await;
            assert_eq!(status, 302, "{answer}");
            assert!(answer.contains("\r\nLocation: http://192.168.4.1/network\r\n"), "{answer}");
        }
        assert!(get(phone, OWN, "/network").await.1.contains("Looking for networks"));
        Timer::after_secs(3).await;
        let (status, page) = get(phone, OWN, "/network").await;
        assert_eq!(status, 200);
        assert!(
            page.contains("<bdi>Home</bdi>") && page.contains("2.4 GHz only") && page.ends_with("</html>\n"),
            "{page}"
        );
        assert!(page.contains("open to everyone on this network"));
        assert_eq!(get(phone, OWN, "/network.css").await.0, 200);
        assert_eq!(get(phone, OWN, "/").await.0, 200, "the device is unusable without a password");

        let digits = "486f6d65";
        assert_eq!(
            post(phone, OWN, "/network", &format!("network={digits}&password=wrong+horse")).await,
            303
        );
        Timer::after_secs(3).await;
        let (_, page) = get(phone, OWN, "/network").await;
        assert!(page.contains("refuses this password") && !page.contains("wrong horse"), "{page}");
        assert_eq!(
            post(phone, OWN, "/network", &format!("network={digits}&password=correct+horse")).await,
            303
        );
        assert!(get(phone, OWN, "/network").await.1.contains("http-equiv=\"refresh\""));
        Timer::after_secs(8).await;
        assert!(device.is_open());
        let (_, page) = get(phone, OWN, "/network").await;
        assert!(page.contains("http://192.168.1.50/") && page.contains("http://lamp.local/"), "{page}");
        assert!(!page.contains("correct horse"), "{page}");
        Timer::after_secs(60).await;
        assert!(!device.is_open());
        assert_eq!(device.joined().as_deref(), Some("Home"));

        // In that network the page needs a log-in, which is impossible without a password.
        let at_home = links.home.station(Ipv4Address::new(192, 168, 1, 7));
        assert_eq!(get(at_home, AT_HOME, "/").await.0, 200);
        assert_eq!(get(at_home, AT_HOME, "/network").await.0, 404);
        assert_eq!(post(at_home, AT_HOME, "/network", "network=00").await, 404);
    });
}

#[test]
fn password_set_on_page_is_required_and_fixed() {
    test(async {
        let device = Device::start(Some(HOME), &[HOME], "password").await;
        let links = serve!(device);
        let phone = links.own.join().await;
        let at_home = links.home.station(Ipv4Address::new(192, 168, 1, 7));
        assert_eq!(get(at_home, AT_HOME, "/").await.0, 200);
        let set = |text: &'static str| async move {
            assert_eq!(post(phone, OWN, "/network/device", &format!("name=lamp&password={text}")).await, 303);
            Timer::after_secs(1).await;
            get(phone, OWN, "/network").await.1
        };
        assert!(set("").await.contains("open to everyone"));
        let page = set("open+sesame").await;
        assert!(page.contains("The password is set") && page.contains("asks for its password"), "{page}");
        assert!(!page.contains("sesame"));
        let kept = kept_password(device.settings).expect("the password was not persisted");
        assert!(kept.is(&kept.begin(b"open sesame").step(u32::MAX).unwrap()));

        assert_eq!(get(at_home, AT_HOME, "/").await.0, 303, "not redirected to the log-in page");
        assert_eq!(get(phone, OWN, "/").await.0, 303, "not redirected in its own network");
        assert!(set("another").await.contains("cannot be changed here"));
        assert!(
            kept_password(device.settings).unwrap().is(&kept.begin(b"open sesame").step(u32::MAX).unwrap())
        );

        // After a log-in the page is there in the other network as well.
        assert_eq!(get(at_home, AT_HOME, "/network").await.0, 303);
        let known =
            format!("GET /network HTTP/1.0\r\nHost: {AT_HOME}\r\nAuthorization: Basic OnNlc2FtZQ==\r\n\r\n");
        assert_eq!(ask(at_home, AT_HOME, &known).await.0, 401);
        let known = known.replace("OnNlc2FtZQ==", "Om9wZW4gc2VzYW1l");
        let (status, page) = ask(at_home, AT_HOME, &known).await;
        assert_eq!(status, 200);
        assert!(page.contains("Which Wi-Fi network"));
    });
}

#[test]
fn page_shows_own_name_after_name_conflict() {
    test(async {
        let device = Device::start(None, &[HOME], "taken").await;
        let links = serve!(device);
        let other = links.home.station(Ipv4Address::new(192, 168, 1, 7));
        spawn(async move {
            serve_mdns(other, "lamp".parse().unwrap(), 80, 2, leak(MdnsMemory::new()), |_| {}).await;
        });
        let phone = links.own.join().await;
        Timer::after_secs(3).await;
        assert_eq!(post(phone, OWN, "/network", "network=486f6d65&password=correct+horse").await, 303);
        Timer::after_secs(8).await;
        let (_, page) = get(phone, OWN, "/network").await;
        assert!(page.contains("<title>lamp</title>") && page.contains("http://192.168.1.50/"), "{page}");
        assert!(page.contains("http://lamp-2.local/") && !page.contains("http://lamp.local/"), "{page}");
    });
}
