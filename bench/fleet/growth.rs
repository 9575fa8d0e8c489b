//! Start and memory of a gateway with a fleet.

use crate::broker::Broker;
use crate::figures::{Fleet, Heard};
use crate::plan::{PROPERTIES, Plan};
use crate::program::{Instep, Program, Serving};
use crate::scrape::{self, Scrape};
use instep_bench::process::Process;
use instep_bench::sample::Sample;
use std::time::{Duration, Instant};

/// Time limit of a start and of a fleet's connections, for the largest fleet on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(180);
/// Interval of the changes of a device that does not change, in seconds.
const NEVER: &str = "86400";
/// Interval of the changes of a device that does, in seconds.
const EACH_SECOND: &str = "1";
/// Time after which a gateway has done what follows a start.
const REST: Duration = Duration::from_secs(1);

/// Measures gateways that start with this number of devices, and returns the process of the devices, too.
pub fn measure(
    instep: &Instep,
    broker: &Broker,
    devices: usize,
    plan: &Plan,
) -> Result<(Fleet, Program), String> {
    eprintln!("{devices} devices");
    let empty = gateway(instep, broker, None, &[])?;
    scrape::wait(&empty, TIMEOUT, "is connected", |scrape| scrape.value("instep_mqtt_connected") == 1)?;
    std::thread::sleep(REST);
    let without = memory(&empty)?;
    drop(empty);
    let fleet = simulate(instep, broker, devices, NEVER)?;
    // The devices have sent everything once a gateway has heard it.
    let first = gateway(instep, broker, None, &[])?;
    wait_for_all(&first, devices)?;
    drop(first);
    let samples = || Sample(Vec::new());
    let (start, gateway_cpu, broker_cpu, memory_more) = (samples(), samples(), samples(), samples());
    let mut figures =
        Fleet { devices, start, gateway_cpu, broker_cpu, broker_at_rest: 0.0, memory: memory_more };
    for _ in 0..plan.starts {
        let (before, begin) = (broker.cpu()?, Instant::now());
        let gateway = gateway(instep, broker, None, &[])?;
        // It says so behind all values, descriptions and states.
        let complete = format!("The broker tells of {devices} devices");
        gateway.expect(TIMEOUT, |line| line.ends_with(&complete).then_some(()))?;
        figures.start.0.push(begin.elapsed().as_secs_f64());
        figures.gateway_cpu.0.push(seconds(gateway.cpu()?));
        figures.broker_cpu.0.push(seconds(broker.cpu()? - before));
        // Each core that serves clients follows the list once it was asked for the metrics.
        wait_for_all(&gateway, devices)?;
        std::thread::sleep(REST);
        figures.memory.0.push(memory(&gateway)? - without);
    }
    let (before, begin) = (broker.cpu()?, Instant::now());
    std::thread::sleep(plan.watched);
    figures.broker_at_rest = seconds(broker.cpu()? - before) / begin.elapsed().as_secs_f64();
    eprintln!("    start in s          {}", figures.start);
    eprintln!("    memory in bytes     {}", figures.memory);
    Ok((figures, fleet))
}

/// Measures a gateway of a fleet whose devices change.
pub fn changing(instep: &Instep, broker: &Broker, devices: usize, plan: &Plan) -> Result<Heard, String> {
    eprintln!("{devices} devices that change each second");
    let _fleet = simulate(instep, broker, devices, EACH_SECOND)?;
    let gateway = gateway(instep, broker, None, &[])?;
    wait_for_all(&gateway, devices)?;
    std::thread::sleep(REST);
    let heard = || Ok::<_, String>(Scrape::of(&gateway)?.value("instep_gateway_heard_total"));
    let (before, begin) = ((heard()?, gateway.cpu()?, broker.cpu()?), Instant::now());
    std::thread::sleep(plan.watched);
    let (gateway_cpu, broker_cpu) = (gateway.cpu()? - before.1, broker.cpu()? - before.2);
    let (heard, time) = (number(heard()? - before.0), begin.elapsed().as_secs_f64());
    let each = |cpu| seconds(cpu) * 1e6 / heard;
    Ok(Heard { devices, rate: heard / time, gateway: each(gateway_cpu), broker: each(broker_cpu) })
}

/// Starts a gateway.
pub fn gateway(
    instep: &Instep,
    broker: &Broker,
    core: Option<usize>,
    more: &[&str],
) -> Result<Serving, String> {
    instep.serve(core, &[&["gateway", "--mqtt", &broker.url], more].concat())
}

/// Waits until a gateway has all values of a fleet.
pub fn wait_for_all(gateway: &Serving, devices: usize) -> Result<(), String> {
    let is_so = |scrape: &Scrape| {
        let [known, values] =
            ["instep_gateway_devices", "instep_gateway_values"].map(|name| scrape.value(name));
        known >= devices as u64 && values >= (PROPERTIES * devices) as u64
    };
    scrape::wait(gateway, TIMEOUT, "has all values", is_so).map(drop)
}

/// Starts a fleet, and waits until all devices are connected.
fn simulate(instep: &Instep, broker: &Broker, devices: usize, interval: &str) -> Result<Program, String> {
    let count = devices.to_string();
    let arguments = ["simulate", "--devices", &count, "--mqtt", &broker.url, "--interval", interval];
    let fleet = instep.run(None, &arguments)?;
    let connected = format!("{devices} of {devices} devices are connected");
    fleet.expect(TIMEOUT, |line| (line == connected).then_some(()))?;
    Ok(fleet)
}

fn memory(process: &Process) -> Result<f64, String> {
    process.memory().map(number)
}

/// Returns nanoseconds in s.
fn seconds(nanoseconds: u64) -> f64 {
    number(nanoseconds) / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
fn number(value: u64) -> f64 {
    value as f64
}
