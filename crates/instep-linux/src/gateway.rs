//! The command `gateway`, which shows the devices that a broker tells of.

use crate::application::Threads;
use crate::broker;
use crate::error::Error;
use crate::ground::Ground;
use crate::identity::Command;
use crate::inherit::Inherited;
use crate::metrics::{More, Sample};
use crate::options::{Configuration, ServerLimits, gateway_command, read_gateway};
use crate::password::{self, Guard};
use instep::App;
use instep_gateway::{Broker, Fleet, FleetLimits, Gateway, GatewayLimits, List, Notices};
use instep_panel::PANEL;
use instep_tokio::{SealedSessions, Server};
use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::watch;

/// The command for a program, see [`Program::with_commands`](crate::Program::with_commands).
pub const GATEWAY: Command =
    Command { name: "gateway", about: "Show the devices that an MQTT broker tells of", run };

/// Exit code of an invalid call.
const USAGE: u8 = 2;

/// The application whose options a gateway has.
static APP: App = App::new("gateway", "All devices of a broker");
static APPS: [&App; 1] = [&APP];

fn run(arguments: Vec<OsString>) -> ExitCode {
    let flags = match gateway_command(GATEWAY.about, &APPS).try_get_matches_from(arguments) {
        Ok(flags) => flags,
        Err(error) => error.exit(),
    };
    let configuration = match read_gateway(&APPS, &flags) {
        Ok(configuration) => configuration,
        Err(error) => return fail(&error, USAGE),
    };
    match serve(configuration) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, if error.is_usage() { USAGE } else { 1 }),
    }
}

fn fail(error: &dyn Display, status: u8) -> ExitCode {
    eprintln!("instep gateway: {error}");
    ExitCode::from(status)
}

/// Serves until a signal.
fn serve(configuration: Configuration) -> Result<(), Error> {
    let mut inherited = Inherited::take().map_err(Error::Inherited)?;
    let named = configuration.is_given("addr");
    let Configuration { mut settings, file, .. } = configuration;
    inherited.join(&mut settings.addresses, named, settings.metrics);
    let address = settings.mqtt.take().ok_or("a gateway needs a broker; add --mqtt mqtt://HOST");
    let address = address.map_err(|sentence| Error::Broker(sentence.into()))?;
    let guard = password::log_in(&settings).map_err(Error::Password)?;
    // Dropping the password wipes it. The log-in has only its hash.
    settings.password = None;
    let password = settings.mqtt_password.take();
    let login = broker::login(&address, password.as_ref(), settings.mqtt_password_file.as_deref());
    let login = login.map_err(Error::Broker)?;
    drop(password);
    let ground = Ground::new(&mut settings, guard, &mut inherited, |_| {})?;

    let size = settings.limits.fleet;
    let fleet = Fleet::new(
        FleetLimits::default().with_devices(size.devices).with_bytes(size.bytes).with_history(size.history),
    );
    let notices: &'static Notices = Box::leak(Box::default());
    if let Some(guard) = guard {
        share_sessions(guard, notices);
    }
    let broker: &'static Broker = Box::leak(Box::new(Broker::new(address, login, settings.mqtt_id)));
    let limits = GatewayLimits::default().with_viewed(size.viewed).with_viewers(size.viewers);
    let shards = Threads::Many.of_clients();
    let gateway = Gateway::new(fleet.clone(), &PANEL, limits, settings.limits.server, shards);
    let gateway: &'static Gateway = Box::leak(Box::new(gateway));
    let list = List::new(&fleet, ground.admittance());
    let limits = ServerLimits { server: List::limits(settings.limits.server), ..settings.limits };
    let server = ground.server(list.app(), &limits, shards).with_devices(gateway);
    let server = server.with_longest_frame(settings.limits.server.frame);
    show(gateway, list, server)?;
    let (stop, stopped) = watch::channel(false);
    follow(broker, fleet.clone(), notices, server, stopped)?;
    let announce = || {
        log::info!("instep {}, gateway {}", env!("CARGO_PKG_VERSION"), broker.id());
        if let Some(file) = &file {
            log::info!("Configuration file: {:?}", file.display());
        }
    };
    let sessions = guard.and_then(|guard| guard.sessions);
    let more = Box::leak(Box::new(move || metrics(broker, &fleet, gateway, sessions)));
    ground.serve(server, more, announce, || {
        // The client of the broker may have ended.
        let _ = stop.send(true);
    })
}

/// Tells other gateways of sessions that have ended, and hears of theirs.
fn share_sessions(guard: Guard, notices: &'static Notices) {
    let Some(sessions) = guard.sessions else { return };
    sessions.tell_by(move |name, payload, left| {
        // Without room the session ends here alone, and elsewhere with its cookie.
        if !notices.announce(name, payload, left) {
            log::warn!(
                "Other gateways are not told that a session has ended: too many others have; it holds there until its 12 h are over"
            );
        }
    });
    notices.listen(move |name, payload| sessions.hear(name, payload));
}

/// Starts the thread that publishes the list and passes requests of viewers on.
fn show(gateway: &'static Gateway, list: &'static List, server: Server) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut inbox = server.inbox().expect("the inbox was taken");
    std::thread::Builder::new().name("viewers".into()).spawn(move || {
        runtime.block_on(async {
            tokio::join!(gateway.run(), list.run(server.device(), &mut inbox));
        });
    })?;
    Ok(())
}

/// Starts the thread of the broker's client.
fn follow(
    broker: &'static Broker,
    fleet: Arc<Fleet>,
    notices: &'static Notices,
    server: Server,
    stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let run = move || {
        runtime.block_on(async {
            let mut revisions = fleet.revisions();
            let note = async {
                loop {
                    server.device().note_broker(fleet.is_connected());
                    if revisions.changed().await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = broker.run(&fleet, notices, stopped) => {}
                () = note => {}
            }
        });
        // A lookup of a name that does not end must not delay the program's end.
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("broker".into()).spawn(run)?;
    Ok(())
}

/// Returns the metrics of a gateway.
fn metrics(broker: &Broker, fleet: &Fleet, gateway: &Gateway, sessions: Option<&SealedSessions>) -> More {
    let counts = fleet.counts();
    let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let sample = |name, help, is_counter, value| Sample { name, help, is_counter, value };
    let samples = vec![
        sample("instep_gateway_devices", "Devices that the broker told of.", false, number(counts.devices)),
        sample(
            "instep_gateway_values",
            "Values of devices that the broker told of.",
            false,
            number(counts.values),
        ),
        sample("instep_gateway_viewed", "Devices that viewers look at.", false, number(gateway.viewed())),
        sample(
            "instep_gateway_bytes",
            "Memory that values and descriptions of devices take.",
            false,
            number(counts.bytes),
        ),
        sample("instep_gateway_heard_total", "Messages of devices from the broker.", true, counts.heard),
        sample(
            "instep_gateway_left_out_total",
            "Messages of the broker that were left out, because they are no frames or above a limit.",
            true,
            counts.refused,
        ),
        sample("instep_gateway_commands_total", "Commands to devices.", true, counts.commands),
        sample(
            "instep_gateway_late_answers_total",
            "Answers to commands that came too late.",
            true,
            counts.late_answers,
        ),
        sample(
            "instep_gateway_ignored_messages_total",
            "Messages of the broker at topics that say nothing to a gateway.",
            true,
            broker.ignored(),
        ),
        sample(
            "instep_gateway_foreign_messages_total",
            "Messages between gateways that none with this session key has written.",
            true,
            sessions.map_or(0, SealedSessions::foreign),
        ),
    ];
    More { broker: Some(broker.status()), samples }
}
