//! Numbers of the files that are being sent.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Maximum number of files, which is more than are sent at once.
///
/// The file that was added first is evicted first.
const MAX_FILES: usize = 4096;

/// Requested files, each with a hash of its content.
///
/// A changed file is another entry.
#[derive(Debug, Default)]
pub(super) struct Sent {
    files: Vec<(PathBuf, u64)>,
    numbers: HashMap<(PathBuf, u64), u16>,
    next: usize,
}

impl Sent {
    /// Returns the number of a file with that hash, and adds the file if it is new.
    pub(super) fn number(&mut self, name: &Path, hash: u64) -> u16 {
        let key = (name.to_path_buf(), hash);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let i = self.next % MAX_FILES;
        self.next = i + 1;
        match self.files.get_mut(i) {
            Some(file) => {
                self.numbers.remove(file);
                *file = key.clone();
            }
            None => self.files.push(key.clone()),
        }
        let number = u16::try_from(i).unwrap_or(0);
        self.numbers.insert(key, number);
        number
    }

    /// Returns the name and the hash of the file of that number.
    pub(super) fn file(&self, number: u16) -> Option<(PathBuf, u64)> {
        self.files.get(usize::from(number)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_table_evicts_the_oldest_file() {
        let mut sent = Sent::default();
        let (a, b) = (Path::new("a"), Path::new("b"));
        assert_eq!(
            (sent.number(a, 1), sent.number(b, 1), sent.number(a, 2), sent.number(a, 1)),
            (0, 1, 2, 0)
        );
        assert_eq!(sent.file(2), Some((a.into(), 2)));
        assert_eq!(sent.file(3), None);
        for hash in 0..u64::try_from(MAX_FILES).unwrap() {
            sent.number(Path::new("c"), hash);
        }
        assert_eq!((sent.files.len(), sent.numbers.len()), (MAX_FILES, MAX_FILES));
        assert_eq!(sent.file(0).unwrap().0, Path::new("c"));
        assert!(MAX_FILES <= usize::from(instep::folder::FOLDER_FILES_MAX));
    }
}
