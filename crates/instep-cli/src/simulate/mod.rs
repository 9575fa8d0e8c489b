//! `instep simulate`, which publishes simulated devices at a broker, for tests and to see a fleet.

mod device;
mod log;

use clap::{Arg, ArgMatches, Command, value_parser};
use instep_mqtt::DeviceId;
use instep_tokio::{Broker, BrokerAddress, BrokerLogin};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::LocalSet;

/// The command for the program.
pub(crate) const COMMAND: instep_linux::Command =
    instep_linux::Command { name: "simulate", about: "Publish simulated devices at an MQTT broker", run };

/// Exit code of an invalid call.
const USAGE: u8 = 2;
/// Maximum number of devices, which have six digits in their ids.
const DEVICES_MAX: u32 = 100_000;
/// Number of files beside the connections.
const OTHER_FILES: u64 = 64;
/// Time between the starts of two devices, so that the broker's queue of connections does not overflow.
const START_INTERVAL: Duration = Duration::from_millis(1);
/// Interval of the line that says how many devices are connected.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Explanation after the options.
const AFTER: &str = "\
Each device has ten properties, an action and an event. Its id is simulated- and its number, such as simulated-000001.
A device changes one of its sensors at each interval, and takes commands from the broker.
Home Assistant is not told of simulated devices.

The password at the broker comes from INSTEP_MQTT_PASSWORD or --mqtt-password-file.";

/// What the call asks for.
struct Plan {
    devices: u32,
    interval: Duration,
    address: BrokerAddress,
    login: Option<BrokerLogin>,
}

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    match Plan::new(&arguments).and_then(|plan| simulate(&plan)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("instep simulate: {sentence}");
            ExitCode::from(USAGE)
        }
    }
}

fn command() -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new("instep simulate")
        .no_binary_name(true)
        .about(COMMAND.about)
        .after_help(AFTER)
        .arg(option("mqtt", "URL", "Broker: mqtt[s]://[user@]host[:port][/prefix]").required(true))
        .arg(
            option("devices", "N", "Number of devices")
                .value_parser(value_parser!(u32).range(1..=i64::from(DEVICES_MAX)))
                .default_value("30"),
        )
        .arg(
            option("interval", "SECONDS", "Time between two changes of a device")
                .value_parser(seconds)
                .default_value("1"),
        )
        .arg(
            option("mqtt-password-file", "FILE", "Read the password at the broker from this file")
                .value_parser(value_parser!(PathBuf)),
        )
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "write a number of seconds, such as 0.5")?;
    let range = Duration::from_millis(1)..=Duration::from_secs(86_400);
    let seconds = Duration::try_from_secs_f64(seconds).ok().filter(|seconds| range.contains(seconds));
    seconds.ok_or_else(|| "write a number from 0.001 to 86400".into())
}

impl Plan {
    fn new(arguments: &ArgMatches) -> Result<Self, String> {
        let file = arguments.get_one::<PathBuf>("mqtt-password-file");
        let address = arguments.get_one::<String>("mqtt").expect("clap requires it");
        // Without the text, which may have a password.
        let address =
            BrokerAddress::parse(address).map_err(|error| format!("the address in --mqtt {error}"))?;
        let login = instep_linux::read_broker_login(&address, file.map(PathBuf::as_path))?;
        Ok(Self {
            devices: *arguments.get_one("devices").expect("clap has a default"),
            interval: *arguments.get_one("interval").expect("clap has a default"),
            address,
            login,
        })
    }
}

/// Publishes the devices until the process ends.
fn simulate(plan: &Plan) -> Result<(), String> {
    raise_file_limit(plan.devices)?;
    log::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| format!("cannot start the runtime: {error}; close other programs"))?;
    runtime.block_on(LocalSet::new().run_until(async {
        let mut brokers = Vec::new();
        for number in 1..=plan.devices {
            let broker: &'static Broker = Box::leak(Box::new(plan.broker(number)));
            device::spawn(number, broker, plan.interval);
            brokers.push(broker);
            tokio::time::sleep(START_INTERVAL).await;
        }
        report(&brokers).await
    }))
}

impl Plan {
    /// Returns the broker for the device of that number.
    fn broker(&self, number: u32) -> Broker {
        let id = DeviceId::new(&format!("simulated-{number:06}")).expect("the id is valid");
        Broker::new(self.address.clone(), self.login.clone(), id, true).without_discovery()
    }
}

/// Prints how many devices are connected whenever that changes.
async fn report(brokers: &[&Broker]) -> ! {
    let mut printed = None;
    loop {
        let connected = brokers.iter().filter(|broker| broker.status().connected).count();
        if printed != Some(connected) {
            println!("{connected} of {} devices are connected", brokers.len());
            printed = Some(connected);
        }
        tokio::time::sleep(REPORT_INTERVAL).await;
    }
}

/// Allows as many open files as there are connections.
fn raise_file_limit(devices: u32) -> Result<(), String> {
    let needed = u64::from(devices) + OTHER_FILES;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    limit.current = Some(needed);
    setrlimit(Resource::Nofile, limit).map_err(|_| {
        format!("{devices} devices need {needed} open files; raise the limit (ulimit -Hn), or simulate fewer")
    })
}
