//! Latency: time from a publish until the last subscriber has it, with the application
//! of instep on a thread of its own and in that of its clients.

use crate::contenders::{ALL, Contender, INSTEP};
use crate::fan_out::Subscribers;
use crate::process::Server;
use crate::sample::{Figure, Sample, whole};
use std::fmt::Write as _;
use std::time::Instant;

/// Publishes before the measurement.
const WARM_UP: u32 = 20;

/// How the application runs, and the options of the server.
const WAYS: [(&str, &[&str]); 2] =
    [("on a thread of its own", &[]), ("in the thread of the clients", &["--one-thread"])];

/// Figures of both ways, with one value for each repeat.
#[derive(Debug, Default)]
pub struct Latency {
    /// Number of subscribers.
    pub subscribers: usize,
    ways: [Way; 2],
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
    /// Measures both ways, each once per repeat.
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
            println!("    {name:<30}p50 {}, p99 {}, CPU {}", way.p50, way.p99, way.cpu);
        }
        Ok(latency)
    }

    /// Returns the ratios of the clients' thread to a thread of its own.
    ///
    /// They are those of the median, of the 99th percentile, and of the CPU time.
    pub fn ratios(&self) -> [Sample; 3] {
        let [own, shared] = &self.ways;
        [shared.p50.ratio(&own.p50), shared.p99.ratio(&own.p99), shared.cpu.ratio(&own.cpu)]
    }
}

/// Returns the section of the document, which is empty if nothing was measured.
pub fn section(rows: &[Latency]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Latency\n\nTime from a publish until the last subscriber has it, and server CPU time per delivery, in µs. The application \
         of instep runs on a thread of its own, or in that of its clients (`Program::in_one_thread`); the server has one core.\n\n\
         | Subscribers | Application | p50 | p99 | CPU |\n|---:|---|---:|---:|---:|\n",
    );
    for row in rows {
        let subscribers = whole(row.subscribers);
        for ((name, _), way) in WAYS.iter().zip(&row.ways) {
            let _ = writeln!(text, "| {subscribers} | {name} | {} | {} | {} |", way.p50, way.p99, way.cpu);
        }
        let [p50, p99, cpu] = row.ratios();
        let _ = writeln!(text, "| {subscribers} | ratio | {p50} | {p99} | {cpu} |");
    }
    text
}

impl Way {
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
