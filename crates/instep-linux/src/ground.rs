//! What a program serves on: its sockets, access rules, certificate, log-in and log.

use crate::addresses::Address;
use crate::certificate::{self, Keeper, Subject};
use crate::error::Error;
use crate::inherit::Inherited;
use crate::metrics::{self, More, Source};
use crate::options::{ServerLimits, Settings};
use crate::password::Guard;
use crate::{listen, log as logging, run};
use instep::access::{AllowHints, HttpsRedirect, OPEN_TO_EVERYONE, Origins, is_wide_origin};
use instep::{Access, App};
use instep_tokio::{Listener, Server};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

/// Timeout for writing the last lines of the log.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// What a program serves on.
pub(crate) struct Ground {
    pub(crate) access: &'static Access,
    /// The addresses at which it listens.
    pub(crate) listening: Vec<Address>,
    pub(crate) guard: Option<Guard>,
    listeners: Vec<TcpListener>,
    metrics: Option<TcpListener>,
    metrics_address: Option<SocketAddr>,
    keeper: Option<Keeper>,
    log: logging::Ring,
}

impl Ground {
    /// Listens, and starts the log.
    pub(crate) fn new(
        settings: &mut Settings,
        guard: Option<Guard>,
        inherited: &mut Inherited,
        also_log: fn(&log::Record<'_>),
    ) -> Result<Self, Error> {
        let mut listening = settings.addresses.clone();
        let (listeners, metrics) =
            listen::listen(&mut listening, settings.metrics, inherited).map_err(Error::Listen)?;
        let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
        let https = settings
            .https_redirect
            .then(|| https_redirect(&listening))
            .transpose()
            .map_err(Error::Certificate)?;
        // The access rules are leaked, because they live as long as the program.
        let mut access = Access::new(settings.name.take().unwrap_or_else(host_name).leak())
            .with_hosts(leak(std::mem::take(&mut settings.hosts)))
            .with_origins(Origins::of(leak(std::mem::take(&mut settings.origins))))
            .with_ports(listening.iter().map(|address| address.socket.port()).collect::<Vec<_>>().leak())
            .with_frames(leak(std::mem::take(&mut settings.frames)))
            .with_proxies(std::mem::take(&mut settings.proxies).leak())
            .with_base_path(std::mem::take(&mut settings.base_path).leak())
            .with_hints(AllowHints::FLAGS);
        access.https = https;
        let access = Box::leak(Box::new(access));
        let keeper = keeper(&settings.tls, &settings.addresses, access).map_err(Error::Certificate)?;
        let log = logging::start(settings.log_format, also_log);
        raise_descriptor_limit();
        Ok(Self { access, listening, guard, listeners, metrics, metrics_address, keeper, log })
    }

    /// Returns whether there is a log-in.
    pub(crate) fn has_log_in(&self) -> bool {
        self.guard.is_some()
    }

    /// Returns whether an address has TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.keeper.is_some()
    }

    /// Returns the server for an application, with so many threads for clients.
    pub(crate) fn server(&self, app: &'static App, limits: &ServerLimits, shards: usize) -> Server {
        let server = Server::new(app, self.access, limits.server, limits.sockets, shards);
        match self.guard {
            Some(guard) => server.with_log_in(guard.log_in),
            None => server,
        }
    }

    /// Serves until a signal.
    ///
    /// `more` returns what the metrics have beside the server's. `announce` writes the log lines of the application, which come
    /// first, and `end` ends it.
    pub(crate) fn serve(
        mut self,
        server: Server,
        more: &'static (dyn Fn() -> More + Send + Sync),
        announce: impl FnOnce(),
        end: impl FnOnce(),
    ) -> Result<(), Error> {
        if let Some(sessions) = self.guard.and_then(|guard| guard.sessions) {
            sessions.close_by(move |session| server.revoke(session));
        }
        let open = if self.is_open() { OPEN_TO_EVERYONE } else { "" };
        server.device().set_page_value("ACCESS", open);
        if let Some(listener) = self.metrics.take() {
            metrics::serve(listener, Source { server, more }, self.access)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listeners = std::mem::take(&mut self.listeners);
        let listeners =
            listeners.into_iter().zip(&self.listening).map(|(socket, address)| match &self.keeper {
                Some(keeper) if address.secure => Listener::tls(socket, keeper.certificate()),
                _ => Listener::plain(socket),
            });
        let listeners = listeners.collect();
        let keeper = self.keeper.take();
        let about_certificate: Vec<_> = keeper.iter().flat_map(Keeper::about).collect();
        let certificate_warning = keeper.as_ref().and_then(|keeper| keeper.warning(SystemTime::now()));
        let result = runtime.block_on(run::run(server, listeners, keeper, || {
            announce();
            self.announce(&about_certificate, certificate_warning.as_deref());
        }));
        end();
        result?;
        self.log.flush(FLUSH_TIMEOUT);
        Ok(())
    }

    /// Returns the clients that are let in.
    #[cfg(feature = "gateway")]
    pub(crate) fn admittance(&self) -> instep_gateway::Admittance {
        match self.guard {
            Some(_) => instep_gateway::Admittance::Password,
            None if self.is_open() => instep_gateway::Admittance::Open,
            None => instep_gateway::Admittance::Local,
        }
    }

    /// Returns whether everyone in the network can use the device.
    fn is_open(&self) -> bool {
        self.guard.is_none() && self.listening.iter().any(|address| !address.socket.ip().is_loopback())
    }

    fn announce(&self, about_certificate: &[String], certificate_warning: Option<&str>) {
        for url in self.listening.iter().flat_map(|address| address.urls()) {
            log::info!("Open {url}");
        }
        for line in about_certificate {
            log::info!("{line}");
        }
        if let Some(line) = certificate_warning {
            log::warn!("{line}");
        }
        for url in self.metrics_address.iter().flat_map(|address| Address::from(*address).urls()) {
            log::info!("Metrics at {url}metrics");
        }
        if self.metrics_address.is_some_and(|address| !address.ip().is_loopback()) {
            log::warn!("Everyone in this network can read the metrics");
        }
        for origin in self.access.origins.list().iter().filter(|origin| is_wide_origin(origin)) {
            log::warn!(
                "All pages from files, and many programs, may use this device because of --allow-origin {origin}"
            );
        }
        if self.is_open() {
            log::warn!("This device is {OPEN_TO_EVERYONE} because of --open");
        }
        let public = self.listening.iter().filter(|address| !address.socket.ip().is_loopback());
        for address in public.filter(|address| self.guard.is_some() && !address.secure) {
            log::warn!("The password is sent to {address} without TLS; use --addr https://{address}");
        }
    }
}

/// Returns the redirect to the first address with TLS.
fn https_redirect(listening: &[Address]) -> Result<HttpsRedirect, String> {
    let address = listening.iter().find(|address| address.secure).ok_or(
        "--https-redirect needs an address with https://; add --addr https://127.0.0.1:8443 --tls-self-signed",
    )?;
    Ok(HttpsRedirect::to_port(address.socket.port()))
}

/// Opens the certificate, if an address needs one.
fn keeper(
    options: &certificate::Options,
    addresses: &[Address],
    access: &'static Access,
) -> Result<Option<Keeper>, String> {
    let secure: Vec<_> = addresses.iter().copied().filter(|address| address.secure).collect();
    let Some(first) = secure.first() else {
        return if options.is_some() {
            Err("a certificate needs an address with https://; add --addr https://127.0.0.1:8443".into())
        } else {
            Ok(None)
        };
    };
    let port = first.socket.port();
    let subject = move || {
        let addresses = secure.iter().flat_map(|address| address.reachable());
        Subject::new(access.name, access.hosts, addresses)
    };
    Keeper::open(options, port, subject).map(Some)
}

/// Raises the soft limit of open files to the hard limit.
///
/// Every client needs a descriptor.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log::warn!("Cannot raise the limit of open files: {error}");
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn leak(texts: Vec<String>) -> &'static [&'static str] {
    texts.into_iter().map(|text| &*text.leak()).collect::<Vec<_>>().leak()
}
