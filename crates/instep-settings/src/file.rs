//! Settings in a file, on Linux.

use crate::{Key, Loaded, Record, Storage, VERSION};
use sha1::{Digest, Sha1};
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::vec::Vec;

/// What the file begins with; the version follows, then the checksum of the rest, then the records.
const MAGIC: &[u8; 16] = b"instep settings\n";
/// The bytes of a checksum (SHA-1).
const CHECKSUM: usize = 20;
/// More than all records together. What is longer is not ours.
const LONGEST: u64 = 65_536;

/// A file, which only its owner can read. It is replaced as a whole: whenever the power goes, it is the old one or the new
/// one. One program at a time may use it.
///
/// Its methods wait for the disk: they belong to a thread of their own.
#[derive(Debug)]
pub struct FileStorage {
    /// The name that was given.
    path: PathBuf,
    /// What is replaced: the name, or what it leads to if it is a symbolic link, which stays one.
    target: PathBuf,
    folder: PathBuf,
    /// Where the next one is written until it is complete.
    temporary: PathBuf,
}

/// Why a file does not store settings.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// It names no file.
    NoFile(PathBuf),
    /// Something else is in that file.
    Foreign(PathBuf),
    /// The file cannot be read.
    Read(PathBuf, io::Error),
    /// The file cannot be written, or not its folder.
    Write(PathBuf, io::Error),
    /// The file cannot be removed.
    Remove(PathBuf, io::Error),
}

impl Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(path) => {
                write!(f, "{:?} is no file that settings can be kept in: name another one", path.display())
            }
            Self::Foreign(path) => write!(
                f,
                "{:?} is no file of settings, and is left alone: name another one, or remove it yourself",
                path.display()
            ),
            Self::Read(path, error) => write!(
                f,
                "the settings in {:?} cannot be read: {error}; give this user the right to, or name another file",
                path.display()
            ),
            Self::Write(path, error) if is_full(error) => write!(
                f,
                "the settings cannot be written to {:?}: the disk is full ({error}); make room on it, or name a file on \
                 another one",
                path.display()
            ),
            Self::Write(path, error) => write!(
                f,
                "the settings cannot be written to {:?}: {error}; its folder has to be there, and this user has to be \
                 allowed to write there",
                path.display()
            ),
            Self::Remove(path, error) => {
                write!(f, "the settings in {:?} cannot be removed: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for FileError {}

/// Whether there is no room left: for anybody, or for this user.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl PartialEq for FileError {
    fn eq(&self, other: &Self) -> bool {
        std::format!("{self:?}") == std::format!("{other:?}")
    }
}

impl FileStorage {
    /// The file of that name, which need not be there yet.
    ///
    /// # Errors
    /// If it is there and no file: a folder, or a device that can be read for ever.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let other = fs::metadata(&path).is_ok_and(|there| !there.is_file());
        let target = follow(&path);
        let Some(name) = target.file_name().filter(|_| !other) else {
            return Err(FileError::NoFile(path));
        };
        let folder = folder_of(&target).to_path_buf();
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(".new");
        let temporary = folder.join(temporary);
        Ok(Self { path, target, folder, temporary })
    }

    /// Whether settings can be kept here, without changing them: to be told at the start, not after the first change.
    ///
    /// # Errors
    /// If they cannot, or something else is there.
    pub fn check(&self) -> Result<(), FileError> {
        self.refuse_foreign()?;
        // As much as a disk that is full does not have.
        self.write_temporary(&[0; 4096])
            .and_then(|()| fs::remove_file(&self.temporary))
            .map_err(|error| self.cannot_write(error))
    }

    /// Removes the settings, if there are any. The answer is whether there were.
    ///
    /// # Errors
    /// If they cannot be removed, or something else is there.
    pub fn remove(&self) -> Result<bool, FileError> {
        self.refuse_foreign()?;
        let remove = |path: &Path| match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::Remove(path.into(), error)),
        };
        let there = remove(&self.target)?;
        // Of a save that was cut off.
        if remove(&self.temporary)? || there {
            self.sync_folder().map_err(|error| FileError::Remove(self.path.clone(), error))?;
        }
        Ok(there)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of somebody else's is not ours to replace. One that is empty or all zeros may be what a file system left of ours.
    fn refuse_foreign(&self) -> Result<(), FileError> {
        let mut begin = Vec::new();
        let read =
            File::open(&self.path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut begin));
        let foreign = begin.iter().any(|byte| *byte != 0) && !MAGIC.starts_with(&begin);
        // Whoever cannot read it is told when it is loaded.
        if read.is_ok() && foreign { Err(FileError::Foreign(self.path.clone())) } else { Ok(()) }
    }

    fn write_temporary(&self, bytes: &[u8]) -> io::Result<()> {
        // What lies there is of a save that was cut off.
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.write_temporary(bytes)?;
        fs::rename(&self.temporary, &self.target)?;
        self.sync_folder()
    }

    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::metadata(&self.path) {
            Ok(there) if there.len() > LONGEST => return Ok(Some(Vec::new())),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        fs::read(&self.path).map(Some)
    }

    fn cannot_write(&self, error: io::Error) -> FileError {
        FileError::Write(self.path.clone(), error)
    }
}

impl Storage for FileStorage {
    type Error = FileError;

    async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, FileError> {
        let bytes = match self.read() {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Loaded::Nothing),
            Err(error) => return Err(FileError::Read(self.path.clone(), error)),
        };
        Ok(decode(&bytes, each).map_or(Loaded::Corrupt, |()| Loaded::Records))
    }

    async fn append(&mut self, _: &mut dyn Iterator<Item = Record>) -> Result<bool, FileError> {
        Ok(false)
    }

    async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), FileError> {
        self.write(&encode(records)).map_err(|error| self.cannot_write(error))
    }

    async fn clear(&mut self) -> Result<(), FileError> {
        self.remove().map(drop)
    }
}

/// Follows symbolic links at the end of a path, to a file that need not be there.
fn follow(path: &Path) -> PathBuf {
    let mut target = path.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&target) {
            Ok(next) => target = folder_of(&target).join(next),
            Err(_) => return target,
        }
    }
    path.to_path_buf()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn encode(records: &mut dyn Iterator<Item = Record>) -> Vec<u8> {
    let mut body = Vec::new();
    for Record { key, value } in records {
        for part in [key.as_bytes(), &value] {
            // Keys and values are shorter than 256 bytes.
            body.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            body.extend_from_slice(part);
        }
    }
    let mut file = MAGIC.to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend(Sha1::digest(&body));
    file.extend(body);
    file
}

fn decode(file: &[u8], each: &mut dyn FnMut(&Key, &[u8])) -> Option<()> {
    let (version, rest) = file.strip_prefix(MAGIC)?.split_first_chunk()?;
    if u16::from_le_bytes(*version) > VERSION {
        // What follows may have any form.
        each(&Key::version(), version);
        return Some(());
    }
    let (checksum, mut body) = rest.split_first_chunk::<CHECKSUM>()?;
    let computed: [u8; CHECKSUM] = Sha1::digest(body).into();
    if computed != *checksum {
        return None;
    }
    while !body.is_empty() {
        let (key, rest) = part(body)?;
        let (value, rest) = part(rest)?;
        each(&Key::from_bytes(key)?, value);
        body = rest;
    }
    Some(())
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}
