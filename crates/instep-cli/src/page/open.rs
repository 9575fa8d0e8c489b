//! Opens files below a folder, and nothing elsewhere.

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Never waits for another program, as a pipe would.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// How often a look-up is tried while others rename files (openat2(2): EAGAIN).
const TRIES: usize = 4;

/// Opens a file by a name below a folder. The folder is looked up each time, so it may be replaced.
///
/// # Errors
/// If there is none; or if a link leads out of the folder, or to something hidden.
pub(super) fn below(folder: &Path, name: &Path) -> io::Result<File> {
    let root = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut tries = 0;
    let file = loop {
        match rustix::fs::openat2(&root, name, FLAGS, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) if tries < TRIES => tries += 1,
            result => break File::from(result?),
        }
    };
    // Where links within the folder led.
    let place = |descriptor: i32| std::fs::read_link(format!("/proc/self/fd/{descriptor}"));
    let (root, place) = (place(root.as_raw_fd())?, place(file.as_raw_fd())?);
    let hidden = |part: &std::ffi::OsStr| part.as_bytes().starts_with(b".");
    match place.strip_prefix(&root) {
        Ok(below) if !below.iter().any(hidden) => Ok(file),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Opens a file by its name alone, wherever it is.
pub(super) fn anywhere(name: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(name, FLAGS, Mode::empty())?.into())
}

/// Another number for another content of a file.
pub(super) fn identity(file: &Metadata) -> u64 {
    let mut hasher = DefaultHasher::new();
    (file.dev(), file.ino(), file.len()).hash(&mut hasher);
    (file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()).hash(&mut hasher);
    hasher.finish()
}
