//! Memory of a process.

/// Returns the resident memory of the process with this id, in bytes.
pub fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("cannot read the status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("no VmRSS");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("not a number of KiB") << 10
}

/// Returns the resident memory of this process, in bytes.
pub fn resident_here() -> usize {
    resident(std::process::id())
}
