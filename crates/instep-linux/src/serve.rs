//! The command `serve`, which starts the listeners, the application's thread and the signal handlers.

use crate::addresses::Address;
use crate::certificate::{self, Keeper, Subject};
use crate::inherit::{self, Inherited};
use crate::io::{Io, IoError};
use crate::options::Configuration;
use crate::page::OwnPage;
use crate::persistence::Persistence;
use crate::signals::{End, Signals};
use crate::{application, broker, listen, log as logging, metrics, password};
use instep::access::{AllowHints, HttpsRedirect, OPEN_TO_EVERYONE, Origins, is_wide_origin};
use instep::{Access, App, Device, Inbox};
use instep_tokio::{Broker, Listener, Server};
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// Timeout for writing the last lines of the log.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);
/// Exit code after Ctrl-C, as shells report it.
const INTERRUPTED: i32 = 130;

/// Failure of the server, explained in one sentence.
#[derive(Debug)]
pub(crate) enum Error {
    /// The page cannot be read.
    Page(String),
    /// The certificate for https cannot be read or generated.
    Certificate(String),
    /// The password cannot be read, or a public address needs one or `--open`.
    Password(String),
    /// The options of the broker do not fit together, or its password cannot be read.
    Broker(String),
    /// The persisted values cannot be read.
    State(String),
    /// An input or output is invalid, or cannot be opened.
    Io(IoError),
    /// A socket of the service manager is not a listening socket.
    Inherited(String),
    /// An address cannot be bound.
    Listen(listen::Error),
    /// Another system call failed.
    System(io::Error),
}

impl Error {
    /// Returns whether the call is invalid, so that the exit code is 2.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Page(_) | Self::Password(_) | Self::Certificate(_) | Self::Broker(_) | Self::State(_) => {
                true
            }
            Self::Listen(error) => error.is_usage(),
            Self::Io(error) => matches!(error, IoError::Usage(_)),
            Self::Inherited(_) | Self::System(_) => false,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Page(sentence)
            | Self::Password(sentence)
            | Self::Certificate(sentence)
            | Self::Broker(sentence)
            | Self::State(sentence)
            | Self::Inherited(sentence) => f.write_str(sentence),
            Self::Io(error) => error.fmt(f),
            Self::Listen(error) => error.fmt(f),
            Self::System(error) => write!(f, "cannot run the server: {error}"),
        }
    }
}

/// Serves until Ctrl-C, SIGTERM or SIGHUP.
pub(crate) fn serve<F>(
    configuration: Configuration,
    also_log: fn(&log::Record<'_>),
    run_application: impl FnOnce(&'static App, &'static Device, &'static mut Inbox<'static>, Io) -> F
    + Send
    + 'static,
) -> Result<(), Error>
where
    F: Future<Output = ()> + 'static,
{
    let mut inherited = Inherited::take().map_err(Error::Inherited)?;
    let named = configuration.is_given("addr");
    let io_source = configuration.source("io");
    let Configuration { mut settings, file, .. } = configuration;
    inherited.join(&mut settings.addresses, named, settings.metrics);
    let guard = password::log_in(&settings).map_err(Error::Password)?;
    let log_in = guard.map(|guard| guard.log_in);
    // Dropping the password wipes it. The log-in has only its hash.
    settings.password = None;
    let broker = broker::broker(&settings, log_in.is_some()).map_err(Error::Broker)?;
    settings.mqtt_password = None;
    let own_page = settings.page.as_deref().map(|path| OwnPage::open(path, settings.percent_escape));
    let (own_page, survey) = own_page.transpose().map_err(Error::Page)?.unzip();
    let mut keeping =
        Persistence::open(settings.state_file.as_deref(), settings.power_up).map_err(Error::State)?;
    let mut listening = settings.addresses.clone();
    let (listeners, metrics) =
        listen::listen(&mut listening, settings.metrics, &mut inherited).map_err(Error::Listen)?;
    let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
    let https = settings
        .https_redirect
        .then(|| https_redirect(&listening))
        .transpose()
        .map_err(Error::Certificate)?;
    // The access rules are leaked, because they live as long as the program.
    let mut access = Access::new(settings.name.unwrap_or_else(host_name).leak())
        .with_hosts(leak(settings.hosts))
        .with_origins(Origins::of(leak(settings.origins)))
        .with_ports(listening.iter().map(|address| address.socket.port()).collect::<Vec<_>>().leak())
        .with_frames(leak(settings.frames))
        .with_proxies(settings.proxies.leak())
        .with_base_path(settings.base_path.leak())
        .with_hints(AllowHints::FLAGS);
    access.https = https;
    let access = Box::leak(Box::new(access));
    let keeper = keeper(&settings.tls, &settings.addresses, access).map_err(Error::Certificate)?;
    let log = logging::start(settings.log_format, also_log);
    raise_descriptor_limit();

    let app = match own_page {
        Some(page) => Box::leak(Box::new(settings.app.clone().with_folder(Box::leak(Box::new(page))))),
        None => settings.app,
    };
    let survey = survey.unwrap_or_default();
    let expects_port_80 = survey.expects_port_80 && !access.ports.contains(&80);
    let says_ws = survey.says_ws && keeper.is_some();
    let shards = std::thread::available_parallelism().map_or(1, usize::from);
    let mut server = Server::new(app, access, settings.limits.server, settings.limits.sockets, shards);
    if let Some(log_in) = log_in {
        server = server.with_log_in(log_in);
    }
    let broker: Option<&Broker> = broker.map(|broker| {
        let urls: Vec<_> = listening.iter().flat_map(|address| address.urls()).collect();
        let is_elsewhere = |url: &&String| !url.contains("//127.") && !url.contains("//[::1]");
        let page = urls.iter().find(is_elsewhere).or(urls.first());
        &*Box::leak(Box::new(broker.with_page(page.cloned())))
    });
    if let Some(broker) = broker {
        server = server.with_broker(broker);
    }
    if let Some(sessions) = guard.and_then(|guard| guard.sessions) {
        sessions.close_by(move |session| server.revoke(session));
    }

    let open = log_in.is_none() && listening.iter().any(|address| !address.socket.ip().is_loopback());
    server.device().set_page_value("ACCESS", if open { OPEN_TO_EVERYONE } else { "" });
    // The application sets its outputs and publishes its state before a client can connect.
    let (connections, kept, power_up) = (settings.io, keeping.kept(), settings.power_up);
    let io = move || Io::new(connections, kept, power_up);
    let simulated = application::start(server, app, io, keeping.properties(), run_application)
        .map_err(|error| explain(error, io_source))?;
    keeping.start()?;
    if let Some(listener) = metrics {
        metrics::serve(listener, server, access)?;
    }
    let about_certificate: Vec<_> = keeper.iter().flat_map(Keeper::about).collect();
    let certificate_warning = keeper.as_ref().and_then(|keeper| keeper.warning(SystemTime::now()));
    let announce = || {
        log::info!("instep {}, application {}: {}", env!("CARGO_PKG_VERSION"), app.name(), app.about());
        if let Some(file) = &file {
            log::info!("Configuration file: {:?}", file.display());
        }
        for line in keeping.about() {
            log::warn!("{line}");
        }
        for line in &simulated {
            log::info!("{line}");
        }
        for path in survey.hidden(|path| app.hides(path, log_in.is_some())) {
            log::warn!(
                "The file {path:?} of the page is not served: the device has its own answer at this path; rename the file"
            );
        }
        if expects_port_80 {
            log::warn!(
                "The page opens its WebSocket without a port, so on port 80, where nothing listens; add --addr 127.0.0.1:80"
            );
        }
        if says_ws {
            log::warn!(
                "The page opens its WebSocket with ws://, which browsers block on a page from https://; use wss:// instead"
            );
        }
        for url in listening.iter().flat_map(|address| address.urls()) {
            log::info!("Open {url}");
        }
        for line in &about_certificate {
            log::info!("{line}");
        }
        if let Some(line) = &certificate_warning {
            log::warn!("{line}");
        }
        if broker.is_some_and(|broker| !broker.takes_commands()) {
            log::info!(
                "The broker's commands are ignored, because the device has a password; --mqtt-commands takes them"
            );
        }
        for url in metrics_address.iter().flat_map(|address| Address::from(*address).urls()) {
            log::info!("Metrics at {url}metrics");
        }
        if metrics_address.is_some_and(|address| !address.ip().is_loopback()) {
            log::warn!("Everyone in this network can read the metrics");
        }
        for origin in access.origins.list().iter().filter(|origin| is_wide_origin(origin)) {
            log::warn!(
                "All pages from files, and many programs, may use this device because of --allow-origin {origin}"
            );
        }
        let public = || listening.iter().filter(|address| !address.socket.ip().is_loopback());
        if open {
            log::warn!("This device is {OPEN_TO_EVERYONE} because of --open");
        }
        for address in public().filter(|address| log_in.is_some() && !address.secure) {
            log::warn!("The password is sent to {address} without TLS; use --addr https://{address}");
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listeners = listeners.into_iter().zip(&listening).map(|(socket, address)| match &keeper {
        Some(keeper) if address.secure => Listener::tls(socket, keeper.certificate()),
        _ => Listener::plain(socket),
    });
    let listeners = listeners.collect();
    let result = runtime.block_on(run(server, listeners, keeper, announce));
    keeping.end();
    result?;
    log.flush(FLUSH_TIMEOUT);
    Ok(())
}

/// Serves until a signal. A second Ctrl-C or SIGTERM ends the program at once.
async fn run(
    server: Server,
    listeners: Vec<Listener>,
    keeper: Option<Keeper>,
    announce: impl FnOnce(),
) -> io::Result<()> {
    let mut signals = Signals::install()?;
    // The log is written after the signal handlers are installed, because a supervisor may react to the log with a
    // signal.
    announce();
    inherit::notify_ready();
    if let Some(keeper) = keeper {
        tokio::spawn(certificate::watch(keeper));
    }
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    let mut serving = pin!(server.serve(listeners, async {
        // The receiver never fails, because the sender sends before it is dropped.
        let _ = stopped.await;
    }));
    loop {
        let signal = tokio::select! {
            result = &mut serving => return result,
            signal = signals.next() => signal,
        };
        match (stop.take(), signal) {
            (Some(stop), _) => {
                log::info!("Stopping");
                inherit::notify_stopping();
                let _ = stop.send(());
            }
            (None, End::AtOnce) => std::process::exit(INTERRUPTED),
            // A second SIGHUP is ignored, because the shell and the kernel both send one when a terminal is closed.
            (None, End::HangUp) => {}
        }
    }
}

/// Returns the failure of the application's start. An invalid connection is told with the source of the option.
fn explain(error: application::Error, source: impl FnOnce(&str) -> String) -> Error {
    match error {
        application::Error::System(error) => Error::System(error),
        application::Error::Io(IoError::Usage(reason)) => Error::Io(IoError::Usage(source(&reason))),
        application::Error::Io(error) => Error::Io(error),
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
