//! `instep-instructions NAME=IMAGE…` counts the instructions of a chip for a
//! `toggle`, with 1, 4 and 8 clients.
//!
//! Each image runs `led-plain` in QEMU, which counts instructions (`-icount shift=0`), and prints on its
//! serial port how many it used, without sleep. One client sends `toggle`, and all wait until all have the
//! new state, so the figure includes everything that serves them: the network driver, TCP's acknowledgements
//! and the log. It is the same in each run except for the times at which QEMU lets frames through.
//! `INSTEP_BIN` names the program that boots an image.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use test_support::WebSocket;

/// Numbers of simultaneous clients.
const CLIENTS: [usize; 3] = [1, 4, 8];
/// Toggles before the measurement.
const WARM_UP: usize = 50;
const TOGGLES: usize = 1000;
/// Measurements for each number of clients. The image is booted anew for each.
const RUNS: usize = 5;

fn main() -> ExitCode {
    let images: Option<Vec<_>> = std::env::args()
        .skip(1)
        .map(|image| image.split_once('=').map(|(name, file)| (name.to_owned(), file.to_owned())))
        .collect();
    let Some(images) = images.filter(|images| !images.is_empty()) else {
        eprintln!("usage: INSTEP_BIN=instep-qemu instep-instructions NAME=IMAGE...");
        return ExitCode::from(2);
    };
    let measured = images.iter().map(|(name, image)| {
        let figures =
            CLIENTS.map(|clients| Figures::of((0..RUNS).map(|_| measure(image, clients)).collect()));
        (name.as_str(), figures)
    });
    print!("{}", table(&measured.collect::<Vec<_>>()));
    ExitCode::SUCCESS
}

/// Returns the instructions for each toggle.
fn measure(image: &str, clients: usize) -> f64 {
    let mut device = Device::boot(image);
    let mut clients: Vec<_> = (0..clients).map(|_| WebSocket::connect(device.addr, "/ws")).collect();
    let mut state = false;
    let mut toggle = |times: usize| {
        for _ in 0..times {
            clients[0].send_text("toggle");
            state = !state;
            let expected = if state { "1" } else { "0" };
            clients.iter_mut().for_each(|client| drop(client.read_text_until(|text| text == expected)));
        }
    };
    toggle(WARM_UP);
    let before = device.instructions();
    toggle(TOGGLES);
    (device.instructions() - before) as f64 / TOGGLES as f64
}

/// Machine, which is switched off when dropped.
struct Device {
    qemu: Child,
    keys: ChildStdin,
    log: BufReader<ChildStdout>,
    addr: SocketAddr,
}

impl Device {
    fn boot(image: &str) -> Self {
        let launcher =
            std::env::var_os("INSTEP_BIN").expect("INSTEP_BIN does not name the program that boots an image");
        let mut qemu = Command::new(launcher)
            .args(["serve", "--app", "led-plain", "--addr", "127.0.0.1:0"])
            .envs([("INSTEP_IMAGE", image), ("INSTEP_COUNT", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cannot start QEMU");
        let (keys, log) = (qemu.stdin.take().expect("no pipe"), qemu.stdout.take().expect("no pipe"));
        let addr = SocketAddr::from(([0; 4], 0));
        let mut device = Self { qemu, keys, log: BufReader::new(log), addr };
        let url = device.wait_for("Open http://");
        device.addr = url.trim_end_matches('/').parse().expect("no address");
        device
    }

    fn instructions(&mut self) -> u64 {
        self.keys.write_all(b"i").and_then(|()| self.keys.flush()).expect("the serial port takes no key");
        self.wait_for("Instructions: ").parse().expect("not a number")
    }

    /// Waits for the first line that begins with `start`; returns the rest of it.
    fn wait_for(&mut self, start: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.log.read_line(&mut line).expect("cannot read its log");
            assert!(read > 0, "the image ended without {start:?}");
            if let Some(rest) = line.trim_end().strip_prefix(start) {
                return rest.to_owned();
            }
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It fails only if the machine has already ended.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Median, minimum and maximum of some runs.
struct Figures {
    median: f64,
    min: f64,
    max: f64,
}

impl Figures {
    fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        Self { median: runs[runs.len() / 2], min: runs[0], max: runs[runs.len() - 1] }
    }
}

fn table(measured: &[(&str, [Figures; CLIENTS.len()])]) -> String {
    let mut text = String::from("| Instructions |");
    for (name, _) in measured {
        let _ = write!(text, " {name} |");
    }
    text += "\n|---|";
    measured.iter().for_each(|_| text += "---:|");
    for (index, clients) in CLIENTS.iter().enumerate() {
        let plural = if *clients == 1 { "" } else { "s" };
        let _ = write!(text, "\n| for a `toggle`, {clients} client{plural} |");
        for (_, figures) in measured {
            let Figures { median, min, max } = figures[index];
            let _ = write!(text, " {} ({}–{}) |", number(median), number(min), number(max));
        }
    }
    let (first, last) = (CLIENTS[0], CLIENTS[CLIENTS.len() - 1]);
    let _ = write!(text, "\n| for each further update that is delivered |");
    for (_, figures) in measured {
        let more = figures[CLIENTS.len() - 1].median - figures[0].median;
        let _ = write!(text, " {} |", number(more / (last - first) as f64));
    }
    text + "\n"
}

/// Formats without decimals, and with a comma before the last three digits.
fn number(number: f64) -> String {
    let digits = format!("{number:.0}");
    match digits.len().checked_sub(3).filter(|index| *index > 0) {
        Some(index) => format!("{},{}", &digits[..index], &digits[index..]),
        None => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_medians_ranges_and_cost_per_client() {
        let figures = |first: f64| {
            [first, 2.0 * first, 8.0 * first].map(|run| Figures::of(vec![run + 1.0, run, run - 1.0]))
        };
        let lines = table(&[("a", figures(700.0)), ("b", figures(1400.0))]);
        let expected = "| Instructions | a | b |\n|---|---:|---:|\n\
            | for a `toggle`, 1 client | 700 (699–701) | 1,400 (1,399–1,401) |\n\
            | for a `toggle`, 4 clients | 1,400 (1,399–1,401) | 2,800 (2,799–2,801) |\n\
            | for a `toggle`, 8 clients | 5,600 (5,599–5,601) | 11,200 (11,199–11,201) |\n\
            | for each further update that is delivered | 700 | 1,400 |\n";
        assert_eq!(lines, expected);
    }
}
