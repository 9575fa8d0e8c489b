//! Maps the path of a request to the name of a file.

use page_files::INDEX;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// Returns the name, below the folder, of the file at a path.
///
/// Each part between two `/` is decoded once, so that no part becomes two. Returns `None` if a part is invalid or
/// hidden.
pub(super) fn file_of(path: &str) -> Option<PathBuf> {
    let mut file = PathBuf::new();
    let mut parts = path.strip_prefix('/')?.split('/').peekable();
    while let Some(part) = parts.next() {
        if part.is_empty() && parts.peek().is_none() {
            file.push(INDEX);
            break;
        }
        file.push(name_of(part)?);
    }
    Some(file)
}

/// Decodes a part of a path (RFC 3986 section 2.1).
fn name_of(part: &str) -> Option<OsString> {
    let mut name = Vec::new();
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let code = digit()? * 16 + digit()?;
                u8::try_from(code).ok()?
            }
            byte => byte,
        };
        if matches!(byte, 0 | b'/') {
            return None;
        }
        name.push(byte);
    }
    // This also rejects `.` and `..`.
    let good = name.first().is_some_and(|first| *first != b'.');
    good.then(|| OsString::from_vec(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_decoded_once_and_stays_in_the_folder() {
        for (path, file) in [
            ("/", "index.html"),
            ("/style.css", "style.css"),
            ("/a/b.js", "a/b.js"),
            ("/a/", "a/index.html"),
            ("/my%20picture.png", "my picture.png"),
            ("/%C3%BC.png", "ü.png"),
            ("/100%25.txt", "100%.txt"),
            ("/%2541", "%41"),
            ("/a..b", "a..b"),
        ] {
            assert_eq!(file_of(path), Some(PathBuf::from(file)), "{path}");
        }
        for wrong in [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//b",
            "/.",
            "/..",
            "/../a",
            "/a/../b",
            "/a/..",
            "/.git/config",
            "/a/.htpasswd",
            "/%2e%2e/a",
            "/%2Ehidden",
            "/a%2Fb",
            "/a%2f..%2fb",
            "/%00",
            "/a%00.html",
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/a%2",
        ] {
            assert_eq!(file_of(wrong), None, "{wrong}");
        }
    }
}
