//! Bundle of a folder's files, as Rust source for firmware.

use crate::types::{INDEX, content_type, is_template};
use instep_proto::fnv1a::fnv1a;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Maximum number of files in firmware.
pub const FILES_MAX: usize = 16;

/// Files of a page for firmware.
#[derive(Debug)]
pub struct Bundle {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    /// Path below the folder.
    name: String,
    place: PathBuf,
    content: Vec<u8>,
}

impl Bundle {
    /// Reads a folder for firmware. The app partition has `room` bytes.
    ///
    /// # Errors
    /// A sentence that names the files, if there are too many, they are too long, or a file cannot be served.
    pub fn read(folder: &Path, room: u64) -> Result<Self, String> {
        let cannot_read = |path: &Path, error| format!("{} cannot be read: {error}", path.display());
        let folder = folder.canonicalize().map_err(|error| cannot_read(folder, error))?;
        let (mut files, mut folders) = (Vec::new(), vec![String::new()]);
        while let Some(below) = folders.pop() {
            let entries = fs::read_dir(folder.join(&below))
                .map_err(|error| cannot_read(&folder.join(&below), error))?;
            for entry in entries {
                let entry = entry.map_err(|error| cannot_read(&folder.join(&below), error))?;
                let name = entry.file_name();
                let Some(name) = name.to_str().filter(|name| name.bytes().all(is_plain)) else {
                    let name = entry.path();
                    return Err(format!(
                        "{} has a name that needs escapes in an address; use ASCII letters and digits and -._~@+,= only",
                        name.display()
                    ));
                };
                if name.starts_with('.') {
                    continue;
                }
                let name = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
                let place = entry.path().canonicalize().map_err(|error| cannot_read(&entry.path(), error))?;
                if !place.starts_with(&folder) {
                    return Err(format!("{} is a link that leads out of the folder", entry.path().display()));
                }
                if place.is_dir() {
                    // A link to a parent folder would not end.
                    if name.matches('/').count() > FILES_MAX {
                        return Err(format!("{} is too deep in the folder", entry.path().display()));
                    }
                    folders.push(name);
                } else {
                    let content = fs::read(&place).map_err(|error| cannot_read(&place, error))?;
                    files.push(File { name, place, content });
                }
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let bundle = Self { files };
        bundle.check(&folder, room).map(|()| bundle)
    }

    fn check(&self, folder: &Path, room: u64) -> Result<(), String> {
        let names = || {
            let each = self.files.iter().map(|file| format!("{} ({} bytes)", file.name, file.content.len()));
            each.collect::<Vec<_>>().join(", ")
        };
        let folder = folder.display();
        let sum: u64 = self.files.iter().map(|file| file.content.len() as u64).sum();
        if self.files.len() > FILES_MAX {
            return Err(format!(
                "{folder} has {} files, and firmware holds at most {FILES_MAX}: {}",
                self.files.len(),
                names()
            ));
        }
        if sum > room {
            return Err(format!(
                "the files of {folder} have {sum} bytes, but the app partition of the firmware has only {room}: {}",
                names()
            ));
        }
        if !self.files.iter().any(|file| file.name == INDEX) {
            return Err(format!("{folder} has no {INDEX}; add that page"));
        }
        match self
            .files
            .iter()
            .find(|file| is_template(&file.name) && std::str::from_utf8(&file.content).is_err())
        {
            Some(file) => Err(format!("{} is not text in UTF-8", file.place.display())),
            None => Ok(()),
        }
    }

    /// Returns the paths of the files.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.place.as_path())
    }

    /// Returns a Rust expression: a slice of paths and `instep::Asset`s.
    ///
    /// With `percent_escape`, `%%` in a template stands for `%`.
    pub fn source(&self, percent_escape: bool) -> String {
        let mut source = String::from("&[\n");
        for File { name, place, content } in &self.files {
            let mut asset = if is_template(name) {
                format!("::instep::Asset::template(include_str!({place:?}))")
            } else {
                // `Asset::new` computes the same hash in the compiler, which takes too long for a picture.
                let (kind, hash) = (content_type(name), fnv1a(content));
                format!("::instep::Asset::hashed({kind:?}, include_bytes!({place:?}), {hash:#x})")
            };
            if percent_escape && is_template(name) {
                asset.push_str(".percent_escape()");
            }
            // An index page is also served at the path of its folder.
            let folder = name.strip_suffix(INDEX).filter(|folder| folder.is_empty() || folder.ends_with('/'));
            for path in folder.into_iter().chain([name.as_str()]) {
                let _ = writeln!(source, "    ({:?}, {asset}),", format!("/{path}"));
            }
        }
        source.push(']');
        source
    }
}

/// Returns whether a byte needs no escape in any address.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~@+,=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use test_support::Folder;

    #[test]
    fn a_folder_becomes_an_expression() {
        let folder = Folder::with(
            "source",
            &[
                ("index.html", b"%STATE%"),
                ("a.css", b"a"),
                (".git/x", b"x"),
                ("sub/index.html", b"s"),
                ("sub/b.png", b"\xff"),
            ],
        );
        let bundle = Bundle::read(&folder, 1000).unwrap();
        assert_eq!(bundle.places().count(), 4);
        let source = bundle.source(false);
        let syn::Expr::Reference(reference) = syn::parse_str(&source).unwrap() else { panic!("{source}") };
        let syn::Expr::Array(array) = *reference.expr else { panic!("{source}") };
        assert_eq!(array.elems.len(), 6);
        for (path, asset) in [
            ("/", "template(include_str!(\""),
            ("/index.html", "template(include_str!(\""),
            ("/a.css", "hashed(\"text/css; charset=utf-8\", include_bytes!(\""),
            ("/sub/", "template("),
            ("/sub/index.html", "template("),
            ("/sub/b.png", "hashed(\"image/png\", "),
        ] {
            assert!(source.contains(&format!("({path:?}, ::instep::Asset::{asset}")), "{path}: {source}");
        }
        // This is the hash of "a" by the reference implementation of FNV-1a.
        assert!(source.contains("0xaf63dc4c8601ec8c") && !source.contains("percent_escape"), "{source}");
        assert_eq!(bundle.source(true).matches(".percent_escape()").count(), 4);
    }

    #[test]
    fn unusable_files_are_named_in_error() {
        let many: Vec<String> = (0..16).map(|i| format!("{i}.css")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"a"[..])).collect();
        let with_page = [&many[..], &[("index.html", b"p")]].concat();
        for (test, files, room, says) in [
            (
                "many",
                &with_page[..],
                100,
                "has 17 files, and firmware holds at most 16: 0.css (1 bytes), 1.css",
            ),
            (
                "long",
                &[("index.html", b"12345"), ("a.css", b"123456")],
                10,
                "have 11 bytes, but the app partition of the firmware has only 10: a.css (6",
            ),
            ("no-page", &[("a.css", b"a")], 10, "has no index.html"),
            ("latin", &[("index.html", b"\xfc")], 10, "index.html is not text in UTF-8"),
            ("name", &[("index.html", b"a"), ("a b.css", b"a")], 10, "a b.css has a name that needs escapes"),
        ] {
            let folder = Folder::with(test, files);
            let error = Bundle::read(&folder, room).unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{error}");
        }
        assert!(Bundle::read(Path::new("/nowhere"), 1).unwrap_err().contains("/nowhere cannot be read"));
        for (test, to, says) in
            [("out", "/etc/hostname", "leads out of the folder"), ("above", "..", "out of the folder")]
        {
            let folder = Folder::with(test, &[("index.html", b"a")]);
            symlink(to, folder.join("link.txt")).unwrap();
            let error = Bundle::read(&folder, 100).unwrap_err();
            assert!(error.contains("link.txt") && error.contains(says), "{error}");
        }
        let folder = Folder::with("circle", &[("index.html", b"a")]);
        symlink(".", folder.join("circle")).unwrap();
        assert!(Bundle::read(&folder, 100).is_err());
    }
}
