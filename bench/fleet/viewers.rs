//! Viewers of one device, at the device itself and at gateways.

use crate::audience::{Audience, Place, Run};
use crate::broker::Broker;
use crate::figures::{Deliveries, Viewers};
use crate::growth;
use crate::plan::{GATEWAYS, Plan};
use crate::program::{Instep, Serving};
use instep_bench::process::Process;
use instep_bench::system::{GENERATOR_CORE, SERVER_CORE, take_core};
use std::time::Duration;

/// Id of the device that viewers look at.
const ID: &str = "lamp";
/// Time in which the devices that were stopped do what was due meanwhile.
const REST: Duration = Duration::from_millis(300);

/// Measures deliveries to viewers of one device.
///
/// There are two such devices: one has its viewers itself, and the other one publishes at the broker and has them at
/// gateways. All servers have one core, and all viewers the other one.
///
/// The other devices, of `fleet`, are stopped during each run, because the broker answers their pings.
pub fn measure(instep: &Instep, broker: &Broker, fleet: &Process, plan: &Plan) -> Result<Viewers, String> {
    eprintln!(
        "{} viewers at each of {GATEWAYS} gateways, and as many in all at the device itself",
        plan.viewers
    );
    let core = Some(SERVER_CORE);
    take_core(GENERATOR_CORE).map_err(|_| "two cores are needed: one for servers, one for viewers")?;
    broker.take_core(SERVER_CORE)?;
    // The client that changes the device is one more.
    let room = |key: &str| format!("{key}={}", plan.viewers_in_all() + 1);
    let (clients, viewers) = (room("clients"), room("viewers"));
    let serve = ["serve", "--app", "lamp", "--limit", "message_rate=0", "--limit", &clients];
    let alone = instep.serve(core, &serve)?;
    let device = instep.serve(core, &[&serve[..], &["--mqtt", &broker.url, "--mqtt-id", ID]].concat())?;
    let limits = ["--limit", &clients, "--limit", &viewers];
    let gateways = (0..GATEWAYS).map(|_| growth::gateway(instep, broker, core, &limits));
    let gateways: Vec<Serving> = gateways.collect::<Result<_, _>>()?;
    for gateway in &gateways {
        growth::wait_for_all(gateway, plan.devices_max())?;
    }
    let path = format!("/{ID}/ws");
    let places: Vec<Place<'_>> =
        gateways.iter().map(|gateway| Place { port: gateway.port, path: &path }).collect();
    let itself = |server: &Serving| Place { port: server.port, path: "/ws" };
    let mut direct = Audience::connect(itself(&alone), &[itself(&alone)], plan.viewers_in_all())?;
    let mut behind = Audience::connect(itself(&device), &places, plan.viewers)?;

    let mut figures = Viewers::default();
    let all: Vec<_> = gateways.iter().map(|gateway| &***gateway).chain([&***broker, &**device]).collect();
    for _ in 0..plan.repeats {
        let of_direct = at_rest(fleet, || direct.run(plan.time, &[&alone]))?;
        let of_behind = at_rest(fleet, || behind.run(plan.time, &all))?;
        // The client that changes the device has each value, too.
        note(&mut figures.direct, of_direct.cpu[0], &of_direct, plan.viewers_in_all() + 1);
        let (of_gateways, of_others) = of_behind.cpu.split_at(GATEWAYS);
        note(&mut figures.gateways, of_gateways.iter().sum(), &of_behind, plan.viewers_in_all());
        figures.broker.0.push(of_others[0]);
        figures.device.0.push(of_others[1]);
    }
    eprintln!("    µs for a delivery, at the device itself   {}", figures.direct.cpu);
    eprintln!("    µs for a delivery, at gateways            {}", figures.gateways.cpu);
    Ok(figures)
}

/// Stops a process during a run.
fn at_rest(process: &Process, run: impl FnOnce() -> Result<Run, String>) -> Result<Run, String> {
    process.stop()?;
    let result = run();
    process.resume()?;
    std::thread::sleep(REST);
    result
}

/// Notes a run that took this CPU time in µs for a publish, which was delivered so often.
#[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
fn note(deliveries: &mut Deliveries, cpu: f64, run: &Run, each: usize) {
    deliveries.cpu.0.push(cpu / each as f64);
    deliveries.p50.0.push(run.p50);
    deliveries.p99.0.push(run.p99);
    deliveries.last.0.push(run.last);
}
