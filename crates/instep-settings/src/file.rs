//! Storage of settings in a file, on Linux.

use crate::{Key, Loaded, Record, Storage, VERSION};
use sha1::{Digest, Sha1};
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::vec::Vec;

/// Start of the file.
///
/// The version follows, then the checksum of the rest, then the records.
const MAGIC: &[u8; 16] = b"instep settings\n";
/// Length of a checksum (SHA-1), in bytes.
const CHECKSUM_LENGTH: usize = 20;
/// Maximum length of the file, in bytes. All records together are shorter.
const FILE_MAX: u64 = 65_536;

/// Storage in a file that only its owner can read.
///
/// The file is replaced as a whole, so after a power loss it is the old one or the new one. Only one program at
/// a time may use the file. The methods block on the disk, so they belong to their own thread.
#[derive(Debug)]
pub struct FileStorage {
    /// Path as given.
    path: PathBuf,
    /// File to replace: `path`, or its target if `path` is a symbolic link, which stays.
    target: PathBuf,
    folder: PathBuf,
    /// File into which the next version is written until it is complete.
    temporary: PathBuf,
}

/// Reason why a file cannot store settings.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// Path that names no regular file.
    NoFile(PathBuf),
    /// File with other content.
    Foreign(PathBuf),
    /// File that cannot be read.
    Read(PathBuf, io::Error),
    /// File or folder that cannot be written.
    Write(PathBuf, io::Error),
    /// File that cannot be removed.
    Remove(PathBuf, io::Error),
}

impl Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(path) => {
                write!(f, "{:?} is not a regular file; name another one for the settings", path.display())
            }
            Self::Foreign(path) => write!(
                f,
                "{:?} is not a settings file, so it is left alone; name another file, or remove it",
                path.display()
            ),
            Self::Read(path, error) => write!(
                f,
                "the settings in {:?} cannot be read: {error}; allow this user to read them, or name another file",
                path.display()
            ),
            Self::Write(path, error) if is_full(error) => write!(
                f,
                "the settings cannot be written to {:?}: the disk is full ({error}); free space on it, or name a file on \
                 another disk",
                path.display()
            ),
            Self::Write(path, error) => write!(
                f,
                "the settings cannot be written to {:?}: {error}; create its folder, and allow this user to write there",
                path.display()
            ),
            Self::Remove(path, error) => {
                write!(f, "the settings in {:?} cannot be removed: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for FileError {}

/// Returns whether a disk, or this user's quota, is full.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl PartialEq for FileError {
    fn eq(&self, other: &Self) -> bool {
        std::format!("{self:?}") == std::format!("{other:?}")
    }
}

impl FileStorage {
    /// Creates a storage for the file `path`, which need not exist.
    ///
    /// # Errors
    /// If `path` exists and is not a regular file, such as a folder or a device.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let other = fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
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

    /// Checks at the start whether settings can be stored, without changing them.
    ///
    /// # Errors
    /// If the settings cannot be stored, or the file has other content.
    pub fn check(&self) -> Result<(), FileError> {
        self.refuse_foreign()?;
        // A full disk fails only when a whole block is written.
        self.write_temporary(&[0; 4096])
            .and_then(|()| fs::remove_file(&self.temporary))
            .map_err(|error| self.cannot_write(error))
    }

    /// Removes the settings, and returns whether there were any.
    ///
    /// # Errors
    /// If the settings cannot be removed, or the file has other content.
    pub fn remove(&self) -> Result<bool, FileError> {
        self.refuse_foreign()?;
        let remove = |path: &Path| match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::Remove(path.into(), error)),
        };
        let existed = remove(&self.target)?;
        // An interrupted save may have left the temporary file.
        if remove(&self.temporary)? || existed {
            self.sync_folder().map_err(|error| FileError::Remove(self.path.clone(), error))?;
        }
        Ok(existed)
    }

    /// Returns the path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if the file has other content, which must not be replaced.
    ///
    /// A file that is empty or all zeros is accepted, because a power loss may leave our file in this state.
    fn refuse_foreign(&self) -> Result<(), FileError> {
        let mut begin = Vec::new();
        let read =
            File::open(&self.path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut begin));
        let foreign = begin.iter().any(|byte| *byte != 0) && !MAGIC.starts_with(&begin);
        // An unreadable file is reported when it is loaded.
        if read.is_ok() && foreign { Err(FileError::Foreign(self.path.clone())) } else { Ok(()) }
    }

    fn write_temporary(&self, bytes: &[u8]) -> io::Result<()> {
        // An interrupted save may have left the file.
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
            Ok(metadata) if metadata.len() > FILE_MAX => return Ok(Some(Vec::new())),
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

/// Follows symbolic links at the end of a path, to a file that need not exist.
fn follow(path: &Path) -> PathBuf {
    let mut target = path.to_path_buf();
    // Linux follows 40 links, too.
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
            // Keys and values are shorter than 256 bytes, so this cannot fail.
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
        // The format of a newer version is unknown.
        each(&Key::version(), version);
        return Some(());
    }
    let (checksum, mut body) = rest.split_first_chunk::<CHECKSUM_LENGTH>()?;
    let computed: [u8; CHECKSUM_LENGTH] = Sha1::digest(body).into();
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
