//! Description of the machine, without its name.

use std::process::Command;

/// Returns the machine in a sentence.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let kernel: Vec<&str> = release.splitn(3, '.').take(2).collect();
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!(
        "{cores} cores ({}{}), Linux {}, {}",
        model.unwrap_or(std::env::consts::ARCH),
        if processor.contains(" hypervisor") { ", a virtual machine" } else { "" },
        kernel.join("."),
        rustc()
    )
}

/// Returns the compiler and its version, without the date.
fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    if words.is_empty() { "an unknown rustc".into() } else { words.join(" ") }
}
