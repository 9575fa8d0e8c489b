//! Statistics of this process from the system.

use rustix::process::{Resource, getrlimit};

/// Statistics of a process. A value is `None` if the system does not report it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Process {
    pub(super) resident_bytes: Option<u64>,
    pub(super) open_descriptors: Option<u64>,
    /// Maximum number of open descriptors, or `None` if there is no limit.
    pub(super) descriptor_limit: Option<u64>,
}

pub(super) fn read() -> Process {
    Process {
        resident_bytes: resident_bytes(),
        open_descriptors: open_descriptors(),
        descriptor_limit: getrlimit(Resource::Nofile).current,
    }
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

fn open_descriptors() -> Option<u64> {
    // The descriptor of this folder is not counted.
    Some((std::fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_this_process_are_read() {
        let before = read();
        assert!(before.resident_bytes.unwrap() > 100_000);
        let files: Vec<_> = (0..10).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        assert!(read().open_descriptors.unwrap() >= 10 && before.open_descriptors.unwrap() > 2);
        assert!(read().descriptor_limit.is_none_or(|limit| limit > 10));
        drop(files);
    }
}
