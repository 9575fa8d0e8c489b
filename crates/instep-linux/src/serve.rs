//! The command `serve`, which serves an application.

use crate::application::Threads;
use crate::error::Error;
use crate::ground::Ground;
use crate::inherit::Inherited;
use crate::io::{Io, IoError};
use crate::metrics::More;
use crate::options::Configuration;
use crate::page::OwnPage;
use crate::persistence::Persistence;
use crate::{application, broker, password};
use instep::{App, Device, Inbox};
use instep_tokio::Broker;
use std::future::Future;

/// Serves until Ctrl-C, SIGTERM or SIGHUP.
pub(crate) fn serve<F>(
    configuration: Configuration,
    also_log: fn(&log::Record<'_>),
    threads: Threads,
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
    // Dropping the password wipes it. The log-in has only its hash.
    settings.password = None;
    let broker = broker::broker(&settings, guard.is_some()).map_err(Error::Broker)?;
    settings.mqtt_password = None;
    let own_page = settings.page.as_deref().map(|path| OwnPage::open(path, settings.percent_escape));
    let (own_page, survey) = own_page.transpose().map_err(Error::Page)?.unzip();
    let mut keeping =
        Persistence::open(settings.state_file.as_deref(), settings.power_up).map_err(Error::State)?;
    let ground = Ground::new(&mut settings, guard, &mut inherited, also_log)?;

    let app = match own_page {
        Some(page) => Box::leak(Box::new(settings.app.clone().with_folder(Box::leak(Box::new(page))))),
        None => settings.app,
    };
    let survey = survey.unwrap_or_default();
    let expects_port_80 = survey.expects_port_80 && !ground.access.ports.contains(&80);
    let says_ws = survey.says_ws && ground.is_secure();
    let mut server = ground.server(app, &settings.limits, threads.of_clients());
    let broker: Option<&Broker> = broker.map(|broker| {
        let urls: Vec<_> = ground.listening.iter().flat_map(|address| address.urls()).collect();
        let is_elsewhere = |url: &&String| !url.contains("//127.") && !url.contains("//[::1]");
        let page = urls.iter().find(is_elsewhere).or(urls.first());
        &*Box::leak(Box::new(broker.with_page(page.cloned())))
    });
    if let Some(broker) = broker {
        server = server.with_broker(broker);
    }

    // The application sets its outputs and publishes its state before a client can connect.
    let (connections, kept, power_up) = (settings.io, keeping.kept(), settings.power_up);
    let io = move || Io::new(connections, kept, power_up);
    let (server, simulated) =
        application::start(server, threads, app, io, keeping.properties(), run_application)
            .map_err(|error| explain(error, io_source))?;
    keeping.start()?;
    let has_log_in = ground.has_log_in();
    let about: Vec<_> = keeping.about().map(str::to_owned).collect();
    let announce = || {
        log::info!("instep {}, application {}: {}", env!("CARGO_PKG_VERSION"), app.name(), app.about());
        if let Some(file) = &file {
            log::info!("Configuration file: {:?}", file.display());
        }
        for line in about {
            log::warn!("{line}");
        }
        for line in &simulated {
            log::info!("{line}");
        }
        for path in survey.hidden(|path| app.hides(path, has_log_in)) {
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
        if broker.is_some_and(|broker| !broker.takes_commands()) {
            log::info!(
                "The broker's commands are ignored, because the device has a password; --mqtt-commands takes them"
            );
        }
    };
    let more = Box::leak(Box::new(move || More { broker: server.broker_status(), ..More::default() }));
    ground.serve(server, more, announce, || keeping.end())
}

/// Returns the failure of the application's start. An invalid connection is told with the source of the option.
fn explain(error: application::Error, source: impl FnOnce(&str) -> String) -> Error {
    match error {
        application::Error::System(error) => Error::System(error),
        application::Error::Io(IoError::Usage(reason)) => Error::Io(IoError::Usage(source(&reason))),
        application::Error::Io(error) => Error::Io(error),
    }
}
