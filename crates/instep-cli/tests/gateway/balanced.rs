//! Two gateways behind nginx, with the configuration of docs/guide/reverse-proxy.
//!
//! Without nginx, the test is skipped.

use crate::house::{device, gateway, led};
use crate::sessions::{PASSWORD, get, log_in, socket};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use test_support::mosquitto::{Mosquitto, find};
use test_support::{Folder, SOON, Server, free_addr, wait_until};

/// nginx process, which ends when dropped.
struct Nginx(Child, #[expect(dead_code, reason = "it is removed when this is dropped")] Folder);

impl Nginx {
    /// Starts nginx before these gateways, without TLS.
    fn start(gateways: &[Server; 2]) -> Option<(Self, SocketAddr)> {
        let program = find("nginx")?;
        let (addr, folder) = (free_addr(), Folder::new("gateway_nginx"));
        let mut site = include_str!("../../../../docs/guide/reverse-proxy/gateways-nginx.conf").to_owned();
        for (shown, here) in [
            ("listen 443 ssl;", format!("listen {addr};")),
            ("    ssl_certificate     /etc/ssl/devices.example.com.pem;\n", String::new()),
            ("    ssl_certificate_key /etc/ssl/devices.example.com.key;\n", String::new()),
            ("10.0.0.11:8080", gateways[0].addr().to_string()),
            ("10.0.0.12:8080", gateways[1].addr().to_string()),
        ] {
            assert!(site.contains(shown), "{shown}");
            site = site.replace(shown, &here);
        }
        folder.write("gateways.conf", site);
        folder.write(
            "nginx.conf",
            "pid nginx.pid; error_log stderr; events {} http { access_log off; client_body_temp_path body; proxy_temp_path proxy; include gateways.conf; }",
        );
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off; master_process off;", "-p"]);
        let process = command.arg(folder.file("")).stderr(Stdio::null()).spawn().expect("cannot start nginx");
        let nginx = Self(process, folder);
        wait_until(SOON, || TcpStream::connect(addr).is_ok(), || "nginx does not listen");
        Some((nginx, addr))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Viewers of a gateway that is killed go on at the other one, with their session, and end with the device's values.
#[test]
fn viewers_of_a_killed_gateway_go_on_at_the_other() {
    let Some(broker) = Mosquitto::start() else { return };
    let _lamp = device(&broker, "lamp-1");
    let folder = Folder::new("gateway_balanced");
    let key = folder.write("key", "5a".repeat(32));
    let start = || {
        let gateway =
            gateway(&broker.url()).arg("--session-key-file").arg(&key).arg("--trust-proxy=127.0.0.1");
        gateway.variable("INSTEP_PASSWORD", PASSWORD).start()
    };
    let mut gateways = [start(), start()];
    let Some((_nginx, addr)) = Nginx::start(&gateways) else { return };
    let cookie = log_in(addr, PASSWORD);
    for gateway in &gateways {
        let is_shown = || get(gateway.addr(), "/lamp-1/", &cookie).status == 200;
        wait_until(3 * SOON, is_shown, || "the device is not shown");
    }
    let opened =
        |gateway: &Server| gateway.lines().iter().filter(|line| line.contains("] Connected from")).count();
    // Each page, and whether it is one of the first gateway.
    let mut pages = Vec::new();
    for number in 0..6 {
        let before = opened(&gateways[0]);
        let mut page = socket(addr, "/lamp-1/ws", &cookie);
        page.read_text_until(|frame| frame == led(false));
        // A line of the log may come a little later than the page.
        let is_logged = || gateways.iter().map(opened).sum::<usize>() > number;
        wait_until(SOON, is_logged, || "a page is not in a log");
        pages.push((page, opened(&gateways[0]) > before));
    }
    let of_first = pages.iter().filter(|(_, is_first)| *is_first).count();
    assert!((1..6).contains(&of_first), "they are not balanced: {of_first} of 6");
    gateways[0].kill();
    for (page, _) in pages.iter_mut().filter(|(_, is_first)| *is_first) {
        *page = socket(addr, "/lamp-1/ws", &cookie);
        page.read_text_until(|frame| frame == led(false));
    }
    pages[0].0.send_text(r#"{"label":"led","value":true,"id":1}"#);
    for (page, _) in &mut pages {
        page.read_text_until(|frame| frame == led(true));
    }
}
