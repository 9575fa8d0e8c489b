//! Folders for tests.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Empty folder for one test. It is removed when it is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a folder for the test of that name.
    ///
    /// # Panics
    /// If the folder cannot be made.
    pub fn new(test: &str) -> Folder {
        // Tests of one process may have folders of the same name at the same time.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("instep-test-{test}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a folder is made");
        Folder(path)
    }

    /// Makes a folder with these files.
    ///
    /// # Panics
    /// If one of them cannot be written.
    pub fn with(test: &str, files: &[(&str, &[u8])]) -> Folder {
        let folder = Folder::new(test);
        for (name, content) in files {
            folder.write(name, content);
        }
        folder
    }

    /// Writes a file, makes the folders that it is in, and returns its path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.join(name);
        fs::create_dir_all(file.parent().expect("it is in a folder")).expect("a folder is made");
        fs::write(&file, content).expect("a file is written");
        self.file(name)
    }

    /// Returns the path of a file, which need not exist.
    ///
    /// # Panics
    /// If it is not UTF-8.
    pub fn file(&self, name: &str) -> String {
        self.join(name).into_os_string().into_string().expect("a path in UTF-8")
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It may be removed already.
        let _ = fs::remove_dir_all(&self.0);
    }
}
