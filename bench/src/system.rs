//! Cores and descriptors of a process.

use rustix::process::{Pid, Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::io;

/// Core of the server.
pub const SERVER_CORE: usize = 0;
/// Core of the measuring program.
pub const GENERATOR_CORE: usize = 1;

/// Binds this process to one core.
///
/// # Errors
/// If that core is not available.
pub fn take_core(core: usize) -> io::Result<()> {
    Ok(sched_setaffinity(None, &only(core))?)
}

/// Binds a process of one thread to one core.
///
/// # Errors
/// If that core is not available, or if there is no such process.
pub fn take_core_of(process: u32, core: usize) -> io::Result<()> {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(sched_setaffinity(Some(process), &only(core))?)
}

/// Raises the limit of open files as far as allowed, and returns it.
///
/// # Errors
/// If the system refuses.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

fn only(core: usize) -> CpuSet {
    let mut cores = CpuSet::new();
    cores.set(core);
    cores
}
