//! Load balancers before two gateways, with the configurations of docs/guide/reverse-proxy.

use crate::{Folder, SOON, find, free_addr, wait_until};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

/// Load balancer, which ends when dropped.
#[derive(Debug)]
pub struct Balancer {
    process: Child,
    addr: SocketAddr,
    _folder: Folder,
}

impl Balancer {
    /// Starts nginx before these gateways, without TLS.
    ///
    /// Reports a missing nginx.
    pub fn nginx(gateways: [SocketAddr; 2]) -> Option<Self> {
        let (program, addr, folder) = (find("nginx")?, free_addr(), Folder::new("nginx"));
        let shown = include_str!("../../../docs/guide/reverse-proxy/gateways-nginx.conf");
        let site = replace(
            shown,
            &[
                ("listen 443 ssl;", &format!("listen {addr};")),
                ("    ssl_certificate     /etc/ssl/devices.example.com.pem;\n", ""),
                ("    ssl_certificate_key /etc/ssl/devices.example.com.key;\n", ""),
                ("10.0.0.11:8080", &gateways[0].to_string()),
                ("10.0.0.12:8080", &gateways[1].to_string()),
            ],
        );
        folder.write("gateways.conf", site);
        folder.write(
            "nginx.conf",
            "pid nginx.pid; error_log stderr; events {} http { access_log off; client_body_temp_path body; proxy_temp_path proxy; include gateways.conf; }",
        );
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off; master_process off;", "-p"]);
        command.arg(folder.file(""));
        Some(Self::start(&mut command, addr, folder))
    }

    /// Starts HAProxy before these gateways, without TLS.
    ///
    /// Reports a missing HAProxy.
    pub fn haproxy(gateways: [SocketAddr; 2]) -> Option<Self> {
        let (program, addr, folder) = (find("haproxy")?, free_addr(), Folder::new("haproxy"));
        let shown = include_str!("../../../docs/guide/reverse-proxy/gateways-haproxy.cfg");
        let file = replace(
            shown,
            &[
                ("bind :443 ssl crt /etc/ssl/devices.example.com.pem", &format!("bind {addr}")),
                ("X-Forwarded-Proto https", "X-Forwarded-Proto http"),
                ("10.0.0.11:8080", &gateways[0].to_string()),
                ("10.0.0.12:8080", &gateways[1].to_string()),
            ],
        );
        let file = folder.write("haproxy.cfg", file);
        Some(Self::start(Command::new(program).args(["-q", "-db", "-f", &file]), addr, folder))
    }

    /// Returns the address at which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn start(command: &mut Command, addr: SocketAddr, folder: Folder) -> Self {
        let process = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("cannot start it");
        let mut balancer = Self { process, addr, _folder: folder };
        let listens = || {
            let ended = balancer.process.try_wait().expect("cannot read the state");
            assert!(ended.is_none(), "the load balancer does not listen: {ended:?}");
            TcpStream::connect(addr).is_ok()
        };
        wait_until(SOON, listens, || "the load balancer does not listen");
        balancer
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Replaces texts that must exist.
fn replace(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the configuration");
        text.replace(from, to)
    })
}
