//! Matching of a path to routes, without the query.
//!
//! An exact route wins over a wildcard, and a longer wildcard over a shorter one.

use super::form::decode;

/// Returns the rest of `path` behind `start`; `None` if it does not begin so.
///
/// Escapes in `path` (`%` with two hexadecimal digits) are decoded once, to bytes of a name. `%2F` separates
/// nothing, so neither it, nor `%00`, nor a malformed escape matches any byte of `start`.
pub fn strip_path<'p>(path: &'p str, start: &str) -> Option<&'p str> {
    let (bytes, mut i) = (path.as_bytes(), 0);
    for expected in start.bytes() {
        let byte = match bytes.get(i..)? {
            [b'%', digits @ ..] => {
                i += 3;
                decode(digits).map(|(byte, _)| byte).filter(|byte| *byte != b'/')?
            }
            [byte, ..] => {
                i += 1;
                *byte
            }
            [] => return None,
        };
        if byte != expected {
            return None;
        }
    }
    path.get(i..)
}

/// Path of a route; with a `*` at its end, all paths that begin so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern(&'static str);

impl Pattern {
    /// Creates a pattern such as `/`, `/ws` or `/any/*`.
    ///
    /// # Panics
    /// If it does not begin with `/`, or holds a `*` before its end; in a `const`, when it is compiled.
    #[track_caller]
    pub const fn new(pattern: &'static str) -> Self {
        let bytes = pattern.as_bytes();
        assert!(!bytes.is_empty() && bytes[0] == b'/', "a route must begin with /");
        let mut i = 0;
        while i < bytes.len() {
            assert!(bytes[i] != b'*' || i + 1 == bytes.len(), "a route may have * only at its end");
            i += 1;
        }
        Self(pattern)
    }

    /// Returns the text of the pattern.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Returns the rest of the path behind a wildcard.
    ///
    /// The rest is empty for an exact match, and `None` without a match.
    pub fn rest(self, path: &str) -> Option<&str> {
        match self.0.strip_suffix('*') {
            Some(start) => strip_path(path, start),
            None => self.is_exactly(path).then_some(""),
        }
    }

    /// Returns whether the pattern is exactly this path, wildcards not expanded.
    pub fn is_exactly(self, path: &str) -> bool {
        strip_path(path, self.0) == Some("")
    }

    /// Returns the precedence: a wildcard's length, or the maximum for exact paths.
    fn weight(self) -> usize {
        if self.0.ends_with('*') { self.0.len() } else { usize::MAX }
    }
}

/// Returns the route of `path`, and the rest of the path behind its wildcard.
///
/// Of two equal patterns the first one wins.
pub fn best_match<'p, R>(
    routes: impl Iterator<Item = R>,
    pattern: impl Fn(&R) -> Pattern,
    path: &'p str,
) -> Option<(R, &'p str)> {
    let mut best: Option<(R, &'p str)> = None;
    for route in routes {
        let candidate = pattern(&route);
        if let Some(rest) = candidate.rest(path)
            && best.as_ref().is_none_or(|(best, _)| candidate.weight() > pattern(best).weight())
        {
            best = Some((route, rest));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_beats_wildcard_and_longer_beats_shorter() {
        let routes = ["/*", "/any/*", "/any/one", "/"].map(Pattern::new);
        let find = |path| {
            best_match(routes.iter().copied(), |route| *route, path).map(|(route, rest)| (route.0, rest))
        };
        assert_eq!(find("/"), Some(("/", "")));
        assert_eq!(find("/any/one"), Some(("/any/one", "")));
        assert_eq!(find("/any/one/more"), Some(("/any/*", "one/more")));
        assert_eq!(find("/any/"), Some(("/any/*", "")));
        assert_eq!(find("/any"), Some(("/*", "any")));
        assert_eq!(find("*"), None);
        assert_eq!(find("/%61ny/one"), Some(("/any/one", "")));
        assert_eq!(find("/an%79/t%77o"), Some(("/any/*", "t%77o")), "the path behind a wildcard was decoded");
        assert_eq!(find("/any%2Fone"), Some(("/*", "any%2Fone")));
        assert!(
            Pattern::new("/any/*").is_exactly("/any/*") && !Pattern::new("/any/*").is_exactly("/any/one")
        );
    }

    #[test]
    fn escapes_are_decoded_once_and_separate_nothing() {
        for (path, start, rest) in [
            ("/led", "/led", Some("")),
            ("/l%65d", "/led", Some("")),
            ("/%6C%65%64/history", "/led", Some("/history")),
            ("/%6c%65%64", "/led", Some("")),
            ("/100%25", "/100%", Some("")),
            ("/l\u{e4}mp", "/l\u{e4}mp", Some("")),
            ("/l%C3%A4mp", "/l\u{e4}mp", Some("")),
            ("/l%C3\u{a4}", "/l\u{e4}", None),
            ("/led%00", "/led", Some("%00")),
            ("/led", "", Some("/led")),
            ("%2Fled", "/led", None),
            ("/a%2Fb", "/a/b", None),
            ("/a%2fb", "/a/b", None),
            ("/l%2565d", "/led", None),
            ("/l%2565d", "/l%65d", Some("")),
            ("/l%65d", "/l%65d", None),
            ("/100%", "/100%", None),
            ("/100%2", "/100%", None),
            ("/100%zz", "/100%zz", None),
            ("/l%6", "/l\u{6}", None),
            ("/l%+5d", "/l\u{5}d", None),
            ("/l", "/led", None),
            ("", "/", None),
        ] {
            assert_eq!(strip_path(path, start), rest, "{path} and {start}");
        }
    }
}
