//! Logs each missing file that a page requests, once.

use instep::log_target::FROM_CLIENT;
use instep_proto::http::RequestHead;
use std::collections::BTreeSet;
use std::io;

/// Maximum number of logged paths. Further ones are not logged.
const MAX_PATHS: usize = 64;
/// Maximum length of a logged path, in bytes.
const MAX_PATH_BYTES: usize = 200;
/// Files that browsers request without a link in the page.
const BROWSER_FILES: [&str; 3] =
    ["/favicon.ico", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png"];

/// The logged paths.
#[derive(Debug, Default)]
pub(super) struct Missing(BTreeSet<String>);

impl Missing {
    /// Logs that a file cannot be served.
    ///
    /// It does so once for each path, and only if a page of this device requests the file.
    pub(super) fn log(&mut self, head: &RequestHead<'_>, error: &io::Error, is_folder: bool) {
        if self.is_new(head) {
            let path = head.path;
            match (is_folder, error.kind()) {
                (false, _) => log::warn!(
                    target: FROM_CLIENT,
                    "The page requests {path:?}, which does not exist; --page FOLDER serves index.html with its other files"
                ),
                (true, io::ErrorKind::NotFound) => {
                    log::warn!(target: FROM_CLIENT, "The page requests {path:?}, which is not in its folder");
                }
                (true, _) => log::warn!(
                    target: FROM_CLIENT,
                    "The page requests {path:?}, which is not served: {error}; links out of the folder are not followed"
                ),
            }
        }
    }

    fn is_new(&mut self, head: &RequestHead<'_>) -> bool {
        let path = head.path;
        let linked = !BROWSER_FILES.contains(&path) && path.len() <= MAX_PATH_BYTES && has_own_referer(head);
        linked && self.0.len() < MAX_PATHS && self.0.insert(path.into())
    }
}

/// Returns whether a page of this device sent the request.
///
/// Browsers send `Referer` for it, because our pages have the referrer policy `same-origin`.
fn has_own_referer(head: &RequestHead<'_>) -> bool {
    let Some(referer) = head.fields.items("referer").next() else { return false };
    let Some((_, rest)) = referer.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    head.host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep::driver::HeadLimits;

    fn is_new(missing: &mut Missing, path: &str, referer: &str) -> bool {
        let text = format!("GET {path} HTTP/1.1\r\nHost: lamp:8080\r\n{referer}\r\n");
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
        missing.is_new(&head)
    }

    #[test]
    fn path_is_new_once_and_only_from_a_page() {
        let mut missing = Missing::default();
        let here = "Referer: http://Lamp:8080/\r\n";
        for other in ["", "Referer: http://other/\r\n", "Referer: http://lamp/\r\n", "Referer: lamp:8080\r\n"]
        {
            assert!(!is_new(&mut missing, "/style.css", other), "{other}");
        }
        assert!(is_new(&mut missing, "/style.css", here));
        assert!(!is_new(&mut missing, "/style.css", here));
        assert!(is_new(&mut missing, "/other.css", "Referer: https://lamp:8080/a?b\r\n"));
        assert!(!is_new(&mut missing, "/favicon.ico", here));
        assert!(!is_new(&mut missing, &format!("/{}", "a".repeat(200)), here));
        for number in 2..MAX_PATHS {
            assert!(is_new(&mut missing, &format!("/{number}"), here));
        }
        assert!(!is_new(&mut missing, "/one-more", here));
    }
}
