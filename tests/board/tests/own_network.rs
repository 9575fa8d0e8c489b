//! The image of a device with its own network, in QEMU, on a link with phones of
//! this process. Every frame between them is real, and only the radio is simulated.

use embassy_net::dns::DnsQueryType;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Ipv4Address, Stack};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use instep_wifi::mdns;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use virtual_ethernet::{Link, ask, get, post, test_in_real_time};

const OWN: Ipv4Address = Ipv4Address::new(192, 168, 4, 1);
const OTHER: Ipv4Address = Ipv4Address::new(192, 168, 4, 2);
const PHONE: Ipv4Address = Ipv4Address::new(192, 168, 4, 99);
/// A persistent property of `lamp`.
const BRIGHTNESS: &str = "/properties/brightness";
/// The password `open sesame` in Basic authorization.
const BASIC: &str = "Authorization: Basic dXNlcjpvcGVuIHNlc2FtZQ==";
/// Time limit for each wait, longer than any takes on a busy machine.
const LATEST: Duration = Duration::from_secs(60);

/// Machine with the lines of its serial port.
struct Machine {
    qemu: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    /// Boots the image that `INSTEP_OWN_NETWORK_IMAGE` names, on that link.
    fn boot(link: &Link, options: &str) -> Self {
        let image = std::env::var_os("INSTEP_OWN_NETWORK_IMAGE")
            .expect("INSTEP_OWN_NETWORK_IMAGE does not name the image");
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let port = listener.local_addr().expect("no address").port();
        let number = link.next_number();
        let mut qemu = Command::new("qemu-system-riscv32")
            .args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none", "-monitor", "none"])
            .args(["-serial", "stdio", "-device", "virtio-rng-device"])
            .args(["-device", &format!("virtio-net-device,netdev=n0,mac=02:00:00:00:00:{number:02x}")])
            .args(["-netdev", &format!("socket,id=n0,connect=127.0.0.1:{port}")])
            .args(["-append", options])
            .arg("-kernel")
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cannot start QEMU");
        link.wire(listener.accept().expect("QEMU does not connect").0);
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (lines, said) = (BufReader::new(qemu.stdout.take().expect("no pipe")).lines(), log.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                said.lock().expect("another thread panicked").push(line.trim_end().to_owned());
            }
        });
        Self { qemu, log }
    }

    /// Waits for the `times`th line for which `wanted` returns true.
    async fn expect(&self, times: usize, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + LATEST;
        loop {
            let found = {
                let log = self.log.lock().expect("another thread panicked");
                log.iter().filter(|line| wanted(line)).nth(times - 1).cloned()
            };
            match found {
                Some(line) => return line,
                None if Instant::now() > until => panic!("no such line in the log: {:#?}", self.log.lock()),
                None => Timer::after_millis(20).await,
            }
        }
    }

    async fn expect_line(&self, line: &str) {
        self.expect(1, |said| said == line).await;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let still_runs = matches!(self.qemu.try_wait(), Ok(None));
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        if std::thread::panicking() || !still_runs {
            eprintln!("its log: {:#?}", self.log.lock());
        }
        assert!(still_runs || std::thread::panicking(), "the image crashed");
    }
}

/// Loads the page until it contains `text`.
async fn page_with(phone: Stack<'static>, from: Ipv4Address, text: &str) -> String {
    let until = Instant::now() + LATEST;
    loop {
        let (status, page) = get(phone, from, "/network").await;
        assert_eq!(status, 200, "{page}");
        if page.contains(text) {
            return page;
        }
        assert!(Instant::now() < until, "the page never contained {text:?}: {page}");
        Timer::after_millis(100).await;
    }
}

#[test]
fn phone_provisions_device_which_joins_and_persists() {
    test_in_real_time(async {
        let link = Link::default();
        let device = Machine::boot(
            &link,
            "instep.app=lamp instep.name=lamp instep.network=Home:correct-horse:192.168.1.50 instep.network=Mute:12345678:",
        );
        let joins = device.expect(1, |line| line.contains(": WIFI:T:WPA;S:lamp;P:")).await;
        device.expect_line("There is no password: this device is open to everyone on this network").await;
        device.expect_line("Open http://192.168.4.1/network").await;

        let phone = link.join().await;
        let config = phone.config_v4().expect("the phone has no address");
        assert_eq!((config.gateway, config.dns_servers.as_slice()), (Some(OWN), &[OWN][..]));
        let found = with_timeout(LATEST, phone.dns_query("captive.apple.com", DnsQueryType::A)).await;
        assert_eq!(found.expect("DNS timed out").expect("DNS failed").as_slice(), [IpAddress::Ipv4(OWN)]);
        for (host, path) in [
            ("connectivitycheck.gstatic.com", "/generate_204"),
            ("captive.apple.com", "/hotspot-detect.html"),
            ("www.msftconnecttest.com", "/connecttest.txt"),
        ] {
            let probe = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let (status, answer) = ask(phone, OWN, &probe).await;
            assert!(
                status == 302 && answer.contains("\r\nLocation: http://192.168.4.1/network\r\n"),
                "{answer}"
            );
        }
        let page = page_with(phone, OWN, "<bdi>Home</bdi>").await;
        assert!(page.contains("2.4 GHz only") && page.ends_with("</html>\n"), "{page}");
        assert_eq!(get(phone, OWN, "/").await.0, 200, "not the application's page");
        // The phone's user dims the lamp.
        let (status, answer) = get(phone, OWN, BRIGHTNESS).await;
        assert!(status == 200 && answer.ends_with("\r\n\r\n100"), "{answer}");
        let dim = format!(
            "PUT {BRIGHTNESS} HTTP/1.1\r\nHost: {OWN}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: 2\r\n\r\n42"
        );
        assert_eq!(ask(phone, OWN, &dim).await.0, 204);

        for (network, password, problem) in [
            ("486f6d65", "wrong+horse", "refuses this password"),
            ("4d757465", "12345678", "no address"),
            ("other&other=Elsewhere", "12345678", "is not there"),
        ] {
            let form = format!("network={network}&password={password}");
            assert_eq!(post(phone, OWN, "/network", &form).await, 303);
            let page = page_with(phone, OWN, problem).await;
            assert!(!page.contains(password) && !page.contains("wrong horse"), "{page}");
        }
        assert_eq!(post(phone, OWN, "/network/device", "name=desk&password=open+sesame").await, 303);
        page_with(phone, OWN, "The password is set").await;
        assert_eq!(get(phone, OWN, "/").await.0, 303, "the password is not required");
        assert_eq!(post(phone, OWN, "/network", "network=486f6d65&password=correct-horse").await, 303);
        device.expect_line("IP Address: 192.168.1.50").await;
        let page = page_with(phone, OWN, "http://192.168.1.50/").await;
        assert!(page.contains("http://desk.local/"), "{page}");

        // Half a minute after the page has shown its new address, the device restarts with its new name and
        // all settings.
        device.expect(1, |line| line == "The device starts anew, with its new name").await;
        let joins = joins.replace("S:lamp;", "S:desk;");
        device.expect(1, |line| line == joins).await;
        device.expect(2, |line| line == "IP Address: 192.168.1.50").await;
        device.expect_line("This device is http://desk.local/").await;
        assert_eq!(get(phone, OWN, "/").await.0, 303, "the password is not required after a restart");
        assert!(page_with(phone, OWN, "asks for its password").await.contains("value=\"desk\""));
        // The lamp is as bright as before.
        device.expect_line("brightness is restored").await;
        let read = format!("GET {BRIGHTNESS} HTTP/1.0\r\nHost: {OWN}\r\n{BASIC}\r\n\r\n");
        let (status, answer) = ask(phone, OWN, &read).await;
        assert!(status == 200 && answer.ends_with("\r\n\r\n42"), "{answer}");
    });
}

/// Returns the address of a name by multicast DNS.
async fn look_up(phone: Stack<'static>, name: &str) -> Option<Ipv4Address> {
    let (mut receive_meta, mut send_meta) = ([PacketMetadata::EMPTY; 4], [PacketMetadata::EMPTY; 4]);
    let (mut receive, mut send) = ([0; 2048], [0; 2048]);
    let mut socket = UdpSocket::new(phone, &mut receive_meta, &mut receive, &mut send_meta, &mut send);
    socket.bind(0).expect("no free port");
    let mut query = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).expect("the label is too long"));
        query.extend(label.bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    let answer_at = query.len() + query.len() - 12 - 4 + 10;
    let mut answer = [0; 1024];
    // The query may be lost, and other programs do not repeat it.
    for _ in 0..5 {
        socket.send_to(&query, (IpAddress::Ipv4(mdns::GROUP), mdns::PORT)).await.expect("cannot send");
        if let Ok(Ok((_, _))) = with_timeout(Duration::from_secs(2), socket.recv_from(&mut answer)).await {
            let octets: [u8; 4] = answer[answer_at..answer_at + 4].try_into().expect("not four bytes");
            return Some(octets.into());
        }
    }
    None
}

#[test]
fn second_device_of_same_name_is_renamed() {
    test_in_real_time(async {
        let link = Link::default();
        let first = Machine::boot(&link, "instep.name=lamp");
        first.expect_line("This device is http://lamp.local/").await;
        let second = Machine::boot(&link, "instep.name=lamp instep.address=192.168.4.2 instep.dhcp=off");
        second.expect_line("This device is http://lamp-2.local/").await;

        let phone = link.station(PHONE);
        assert_eq!(look_up(phone, "lamp.local").await, Some(OWN));
        assert_eq!(look_up(phone, "lamp-2.local").await, Some(OTHER));
        assert_eq!(look_up(phone, "lamp-3.local").await, None);
        for (address, name) in [(OWN, "lamp.local"), (OTHER, "lamp-2.local")] {
            let request = format!("GET / HTTP/1.0\r\nHost: {name}\r\n\r\n");
            assert_eq!(ask(phone, address, &request).await.0, 200, "{name}");
        }
    });
}
