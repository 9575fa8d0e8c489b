//! Latency: time from a publish until the last subscriber has it, with the application
//! of instep on a thread of its own, in that of its clients, and with clients on two threads.

use crate::contenders::{ALL, Contender, INSTEP};
use crate::fan_out::Subscribers;
use crate::server::Server;
use instep_bench::sample::{Figure, Sample, whole};
use std::fmt::Write as _;
use std::time::Instant;

/// Publishes before the measurement.
const WARM_UP: u32 = 20;

/// Number of ways.
const COUNT: usize = 3;

/// How the application runs, and the options of the server. The first one is what the others are compared with.
const WAYS: [(&str, &[&str]); COUNT] = [
    ("on a thread of its own", &[]),
    ("in the thread of the clients", &["--one-thread"]),
    ("on a thread of its own, clients on two", &["--shards", "2"]),
];

/// Figures of all ways, with one value for each repeat.
#[derive(Debug, Default)]
pub struct Latency {
    /// Number of subscribers.
    pub subscribers: usize,
    ways: [Way; COUNT],
}

/// Figures of one way.
#[derive(Clone, Debug, Default)]
struct Way {
    /// Median of the time until the last subscriber has a publish, in µs.
    p50: Sample,
    /// 99th percentile of it, in µs.
    p99: Sample,
    /// CPU time per delivery, in µs.
    cpu: Sample,
}

impl Latency {
    /// Measures all ways, each once per repeat.
    pub fn measure(subscribers: usize, publishes: u32, repeats: usize) -> Result<Self, String> {
        let mut latency = Self { subscribers, ..Self::default() };
        for repeat in 0..repeats {
            for way in 0..WAYS.len() {
                // The order rotates, so that none always follows the other.
                let way = (way + repeat) % WAYS.len();
                let contender = Contender { options: WAYS[way].1, ..ALL[INSTEP] };
                latency.ways[way].run(&contender, subscribers, publishes)?;
            }
        }
        for ((name, _), way) in WAYS.iter().zip(&latency.ways) {
            eprintln!("    {name:<40}p50 {}, p99 {}, CPU {}", way.p50, way.p99, way.cpu);
        }
        Ok(latency)
    }

    /// Returns the ratios of one thread for all to a thread of its own.
    ///
    /// They are those of the median, of the 99th percentile, and of the CPU time.
    pub fn ratios(&self) -> [Sample; 3] {
        self.ways[1].ratios(&self.ways[0])
    }

    /// Returns the ratio of the CPU time with two threads for clients to that with one.
    pub fn growth(&self) -> Sample {
        self.ways[2].cpu.ratio(&self.ways[0].cpu)
    }
}

/// Returns the section of the document, which is empty if nothing was measured.
pub fn section(rows: &[Latency]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Latency\n\nTime from a publish until the last subscriber has it, and server CPU time per delivery, in µs. The application \
         of instep runs on a thread of its own, or in that of its clients (`Program::in_one_thread`); the server has one core. \
         Ratios are those to the first line.\n\n\
         | Subscribers | Application | p50 | p99 | CPU |\n|---:|---|---:|---:|---:|\n",
    );
    for row in rows {
        let subscribers = whole(row.subscribers);
        for ((name, _), way) in WAYS.iter().zip(&row.ways) {
            let _ = writeln!(text, "| {subscribers} | {name} | {} | {} | {} |", way.p50, way.p99, way.cpu);
        }
        for ((name, _), way) in WAYS.iter().zip(&row.ways).skip(1) {
            let [p50, p99, cpu] = way.ratios(&row.ways[0]);
            let _ = writeln!(text, "| {subscribers} | ratio, {name} | {p50} | {p99} | {cpu} |");
        }
    }
    text
}

impl Way {
    /// Returns the ratios of the median, of the 99th percentile, and of the CPU time.
    fn ratios(&self, other: &Self) -> [Sample; 3] {
        [self.p50.ratio(&other.p50), self.p99.ratio(&other.p99), self.cpu.ratio(&other.cpu)]
    }

    fn run(&mut self, contender: &Contender, subscribers: usize, publishes: u32) -> Result<(), String> {
        let server = Server::start(contender, "fan-out", &[])?;
        let mut clients = Subscribers::connect(&server, subscribers)?;
        for _ in 0..WARM_UP {
            clients.publish()?;
        }
        let (before, begin) = (server.cpu()?, Instant::now());
        let mut times = Vec::new();
        for _ in 0..publishes {
            let begin = Instant::now();
            clients.publish()?;
            times.push(begin.elapsed());
        }
        let wall = begin.elapsed();
        let cpu = Figure::of_cpu(server.cpu()? - before, wall, subscribers * times.len());
        times.sort_unstable();
        let percentile = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
        self.p50.0.push(percentile(50));
        self.p99.0.push(percentile(99));
        self.cpu.0.push(cpu.value);
        Ok(())
    }
}
