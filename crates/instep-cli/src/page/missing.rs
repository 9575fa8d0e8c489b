//! Tells once of each file that a page asks for and that is not there.

use instep::log_target::FROM_CLIENT;
use instep_proto::http::RequestHead;
use std::collections::BTreeSet;
use std::io;

/// Names that are remembered. Whoever asks for more is no page.
const MOST: usize = 64;
/// Bytes of a name that is told.
const LONGEST: usize = 200;
/// Browsers ask for these by themselves.
const BY_THEMSELVES: [&str; 3] =
    ["/favicon.ico", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png"];

/// The names that have been told.
#[derive(Debug, Default)]
pub(super) struct Missing(BTreeSet<String>);

impl Missing {
    /// Tells that a file cannot be had, if a page of this device asks for it and this is the first time.
    pub(super) fn tell(&mut self, head: &RequestHead<'_>, error: &io::Error, is_folder: bool) {
        if self.is_new(head) {
            let path = head.path;
            match (is_folder, error.kind()) {
                (false, _) => log::warn!(
                    target: FROM_CLIENT,
                    "The page asks for {path:?}, which is not there: --page FOLDER serves a page, which is index.html, with \
                     its files"
                ),
                (true, io::ErrorKind::NotFound) => {
                    log::warn!(target: FROM_CLIENT, "The page asks for {path:?}, which is not in its folder");
                }
                (true, _) => log::warn!(
                    target: FROM_CLIENT,
                    "The page asks for {path:?}, which is not served: {error}. Links out of the folder are not followed"
                ),
            }
        }
    }

    fn is_new(&mut self, head: &RequestHead<'_>) -> bool {
        let path = head.path;
        let asked = !BY_THEMSELVES.contains(&path) && path.len() <= LONGEST && comes_from_here(head);
        asked && self.0.len() < MOST && self.0.insert(path.into())
    }
}

/// Whether a page of this device asks: browsers say so in `Referer`, because pages are sent with the policy `same-origin`.
fn comes_from_here(head: &RequestHead<'_>) -> bool {
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
    fn each_name_is_new_once_and_only_if_the_page_asks() {
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
        for number in 2..MOST {
            assert!(is_new(&mut missing, &format!("/{number}"), here));
        }
        assert!(!is_new(&mut missing, "/one-more", here));
    }
}
