//! Runs the rows.
//!
//! Each repeat runs every contender once, so that a disturbance of the machine affects all of them.

use crate::contenders::{ALL, Contender, FLOOR, INSTEP, PEERS};
use crate::latency::Latency;
use crate::plan::{ECHO_DEPTHS, ECHO_SIZES, IDLE_CLIENTS, LATENCY, Plan, SUBSCRIBERS};
use crate::stalled::{self, Seen, Stall};
use crate::{echo, fan_out, idle};
use instep_bench::sample::{Figure, Sample, whole};

/// All results.
#[derive(Debug, Default)]
pub struct Results {
    /// CPU time in µs per message.
    pub echo: Vec<Row>,
    /// CPU time in µs per delivery.
    pub fan_out: Vec<Row>,
    /// Time until the last subscriber has a publish.
    pub latency: Vec<Latency>,
    /// Bytes per idle client.
    pub memory: Option<Row>,
    /// A stalled subscriber: instep with raised
    /// limits, once per repeat; then each peer.
    pub stalled: Vec<Stalled>,
    /// Peers that failed with a stalled subscriber, with the reason.
    pub broken: Vec<(&'static str, String)>,
    /// instep with its own limits.
    pub dropped: Option<Seen>,
}

/// One row of a table, with the figures of each contender.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Messages that a client sends at once; 1 if it sends none.
    pub depth: usize,
    /// Figures in the order of the contenders.
    pub samples: Vec<Sample>,
    /// Shares of the runs during which the servers
    /// were on their core, in the same order.
    pub busy: Vec<Sample>,
}

/// Runs of one contender with a stalled subscriber, and without.
#[derive(Debug)]
pub struct Stalled {
    /// Name of the contender.
    pub name: &'static str,
    /// Publishes of each run.
    pub publishes: u32,
    /// Each run without a stalled subscriber, and the next one with it.
    pub runs: Vec<(Seen, Seen)>,
}

impl Stalled {
    /// Returns the median of the readers' 99th percentiles
    /// with a stalled subscriber, as a ratio to that without.
    pub fn p99_ratio(&self) -> Sample {
        let medians = |run: fn(&(Seen, Seen)) -> &Seen| {
            Sample(self.runs.iter().map(|runs| Sample(run(runs).p99.clone()).median()).collect())
        };
        medians(|(_, with)| with).ratio(&medians(|(without, _)| without))
    }

    /// Returns the maximum growth of memory with a stalled subscriber, in bytes.
    pub fn growth(&self) -> u64 {
        self.runs.iter().map(|(_, with)| with.growth()).max().unwrap_or_default()
    }

    /// Returns the maximum number of bytes up to the latest value, or `None` if that did not arrive in a run.
    pub fn stale(&self) -> Option<usize> {
        let each: Option<Vec<usize>> = self.runs.iter().map(|(_, with)| with.stale).collect();
        each?.into_iter().max()
    }

    /// Returns the same ratio for the two runs
    /// without a stalled subscriber that differ most.
    pub fn p99_noise(&self) -> f64 {
        let medians = self.runs.iter().map(|(without, _)| Sample(without.p99.clone()).median()).collect();
        let (min, max) = Sample(medians).spread();
        max / min
    }
}

impl Results {
    /// Returns whether no row was selected.
    pub fn is_empty(&self) -> bool {
        self.echo.is_empty()
            && self.fan_out.is_empty()
            && self.latency.is_empty()
            && self.memory.is_none()
            && self.stalled.is_empty()
    }
}

impl Row {
    /// Returns the peer with the lowest median.
    pub fn best_peer(&self) -> usize {
        let best = PEERS.min_by(|a, b| self.samples[*a].median().total_cmp(&self.samples[*b].median()));
        best.expect("there are no peers")
    }

    /// Returns the ratio of instep to the best peer.
    pub fn to_best(&self) -> Sample {
        self.samples[INSTEP].ratio(&self.samples[self.best_peer()])
    }

    /// Returns the ratio of instep to the floor.
    pub fn to_floor(&self) -> Sample {
        self.samples[INSTEP].ratio(&self.samples[FLOOR])
    }
}

/// Runs every row whose name contains one of `rows`, or all rows if it is empty.
pub fn all(plan: &Plan, rows: &[&str]) -> Result<Results, String> {
    let wanted = |name: &str| rows.is_empty() || rows.iter().any(|words| name.contains(words));
    let mut results = Results::default();
    for size in ECHO_SIZES {
        for depth in ECHO_DEPTHS {
            let bytes = if size < 1024 { format!("{size} B") } else { format!("{} KiB", size / 1024) };
            let name =
                if depth == 1 { format!("echo {bytes}") } else { format!("echo {bytes}, {depth} at once") };
            if wanted(&name) {
                let measure = |contender: &_| echo::measure(contender, size, depth, plan.echo_time);
                results.echo.push(row(name, depth, plan.repeats, measure)?);
            }
        }
    }
    for subscribers in SUBSCRIBERS {
        let name = format!("fan-out to {}", whole(subscribers));
        if wanted(&name) {
            let measure = |contender: &_| fan_out::measure(contender, subscribers, plan.fan_out_time);
            results.fan_out.push(row(name, 1, plan.repeats, measure)?);
        }
    }
    for (subscribers, share) in LATENCY {
        let name = format!("latency to the last of {}", whole(subscribers));
        if wanted(&name) {
            eprintln!("{name}");
            let publishes = plan.latency_publishes / share;
            results.latency.push(twice(|| Latency::measure(subscribers, publishes, plan.repeats))?);
        }
    }
    if wanted("memory") {
        let measure = |contender: &_| idle::measure(contender, IDLE_CLIENTS);
        results.memory = Some(row("memory".into(), 1, plan.idle_repeats, measure)?);
    }
    if wanted("stalled") {
        results.stalled.push(stall(&ALL[INSTEP], plan.publishes, plan.stall_repeats)?);
        for peer in PEERS {
            match stall(&ALL[peer], plan.peer_publishes, 1) {
                Ok(stalled) => results.stalled.push(stalled),
                Err(reason) => results.broken.push((ALL[peer].name, reason)),
            }
        }
        eprintln!("stalled, instep with its own limits");
        let dropped = || stalled::measure(&ALL[INSTEP], &[], plan.drop_publishes, Stall::Reconnects);
        results.dropped = Some(twice(dropped)?);
    }
    Ok(results)
}

fn row(
    name: String,
    depth: usize,
    repeats: usize,
    measure: impl Fn(&Contender) -> Result<Figure, String>,
) -> Result<Row, String> {
    eprintln!("{name}");
    let mut samples = vec![Sample::default(); ALL.len()];
    let mut busy = samples.clone();
    for repeat in 0..repeats {
        for index in 0..ALL.len() {
            // The order rotates, so that no contender always follows the same one.
            let index = (index + repeat) % ALL.len();
            let contender = &ALL[index];
            let figure = twice(|| measure(contender))
                .map_err(|error| format!("{}, {name}: {error}", contender.name))?;
            samples[index].0.push(figure.value);
            busy[index].0.extend(figure.busy);
        }
    }
    for (contender, (sample, busy)) in ALL.iter().zip(samples.iter().zip(&busy)) {
        let sample = sample.to_string();
        eprintln!("    {:<20}{sample:<26}{busy}", contender.name);
    }
    Ok(Row { name, depth, samples, busy })
}

fn stall(contender: &Contender, publishes: u32, repeats: usize) -> Result<Stalled, String> {
    eprintln!("stalled, {}", contender.name);
    // Only instep drops a client that does not read.
    let options = if contender.name == "instep" { vec!["--patient".into()] } else { Vec::new() };
    let run = |stall| {
        let measured = twice(|| stalled::measure(contender, &options, publishes, stall));
        let how = if stall == Stall::None {
            "even without a stalled subscriber"
        } else {
            "with a stalled subscriber"
        };
        measured.map_err(|error| format!("{how}, {error}"))
    };
    let runs = (0..repeats).map(|_| Ok((run(Stall::None)?, run(Stall::Resumes)?)));
    Ok(Stalled { name: contender.name, publishes, runs: runs.collect::<Result<_, String>>()? })
}

/// Repeats a failed run once, with a notice, because a busy machine may break it.
fn twice<R>(run: impl Fn() -> Result<R, String>) -> Result<R, String> {
    run().or_else(|error| {
        eprintln!("once more, because {error}");
        run()
    })
}
