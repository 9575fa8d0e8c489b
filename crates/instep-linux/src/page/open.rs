//! Opens files below a folder, and never outside of it.

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Flags of open(2).
///
/// `NONBLOCK` is set, because opening a pipe would wait for another program.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// Maximum number of retries while other programs rename files.
///
/// openat2(2) fails with `EAGAIN` then.
const MAX_RETRIES: usize = 4;

/// Opens a file by a name below a folder.
///
/// The folder is looked up each time, so it may be replaced.
///
/// # Errors
/// If the file does not exist, or if a link leads out of the folder or to a hidden file.
pub(super) fn below(folder: &Path, name: &Path) -> io::Result<File> {
    let root = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut retries = 0;
    let file = loop {
        match rustix::fs::openat2(&root, name, FLAGS, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) if retries < MAX_RETRIES => retries += 1,
            result => break File::from(result?),
        }
    };
    // The resolved paths are compared, because a link within the folder may lead to a hidden file.
    let resolved = |descriptor: i32| std::fs::read_link(format!("/proc/self/fd/{descriptor}"));
    let (root, path) = (resolved(root.as_raw_fd())?, resolved(file.as_raw_fd())?);
    let hidden = |part: &std::ffi::OsStr| part.as_bytes().starts_with(b".");
    match path.strip_prefix(&root) {
        Ok(below) if !below.iter().any(hidden) => Ok(file),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Opens a file anywhere.
pub(super) fn anywhere(name: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(name, FLAGS, Mode::empty())?.into())
}

/// Returns a hash of a file's metadata, which changes with its content.
pub(super) fn identity(file: &Metadata) -> u64 {
    let mut hasher = DefaultHasher::new();
    (file.dev(), file.ino(), file.len()).hash(&mut hasher);
    (file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()).hash(&mut hasher);
    hasher.finish()
}
