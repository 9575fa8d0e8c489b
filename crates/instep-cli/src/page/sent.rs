//! The files that are being sent, by number.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// More files than are sent at the same time. The one that was asked for longest ago gives way.
const MOST: usize = 4096;

/// Files that were asked for, each with its content: what has changed is another one.
#[derive(Debug, Default)]
pub(super) struct Sent {
    files: Vec<(PathBuf, u64)>,
    numbers: HashMap<(PathBuf, u64), u16>,
    next: usize,
}

impl Sent {
    /// The number of a file with that content.
    pub(super) fn number(&mut self, name: &Path, hash: u64) -> u16 {
        let key = (name.to_path_buf(), hash);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let at = self.next % MOST;
        self.next = at + 1;
        match self.files.get_mut(at) {
            Some(file) => {
                self.numbers.remove(file);
                *file = key.clone();
            }
            None => self.files.push(key.clone()),
        }
        let number = u16::try_from(at).unwrap_or(0);
        self.numbers.insert(key, number);
        number
    }

    /// The file of that number.
    pub(super) fn file(&self, number: u16) -> Option<(PathBuf, u64)> {
        self.files.get(usize::from(number)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_content_has_a_number_and_the_oldest_gives_way() {
        let mut sent = Sent::default();
        let (a, b) = (Path::new("a"), Path::new("b"));
        assert_eq!(
            (sent.number(a, 1), sent.number(b, 1), sent.number(a, 2), sent.number(a, 1)),
            (0, 1, 2, 0)
        );
        assert_eq!(sent.file(2), Some((a.into(), 2)));
        assert_eq!(sent.file(3), None);
        for hash in 0..u64::try_from(MOST).unwrap() {
            sent.number(Path::new("c"), hash);
        }
        assert_eq!((sent.files.len(), sent.numbers.len()), (MOST, MOST));
        assert_eq!(sent.file(0).unwrap().0, Path::new("c"));
        assert!(MOST <= usize::from(instep::folder::FOLDER_FILES_MAX));
    }
}
