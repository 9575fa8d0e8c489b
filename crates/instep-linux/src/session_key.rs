//! The file of the key with which sessions hold at several servers.

use instep_tokio::SessionKey;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Maximum length of the file, in bytes: 64 digits and a line end.
const MAX_BYTES: u64 = 66;

/// Reads the key.
///
/// # Errors
/// A sentence, if the file cannot be read or has no key in it.
pub(crate) fn read(path: &Path) -> Result<SessionKey, String> {
    let failed = |cause: &str| {
        format!(
            "cannot read the session key {}: {cause}; make one by `instep keygen --session FILE`, and copy it to all servers",
            path.display()
        )
    };
    let mut text = Zeroizing::new(String::with_capacity(128));
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| failed(&error.to_string()))?;
    SessionKey::parse(&text).ok_or_else(|| failed("it is not 64 hexadecimal digits in one line"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_support::Folder;

    #[test]
    fn error_names_file_cause_and_remedy() {
        let folder = Folder::new("session_key");
        let file = folder.file("key");
        let error = || read(file.as_ref()).unwrap_err();
        assert!(
            error().contains("No such file") && error().contains("instep keygen --session"),
            "{}",
            error()
        );
        std::fs::write(&file, "0".repeat(63)).unwrap();
        assert!(error().contains("64 hexadecimal digits") && error().contains(&file), "{}", error());
        std::fs::write(&file, "0".repeat(64) + "\r\n").unwrap();
        assert!(read(file.as_ref()).is_ok());
    }
}
