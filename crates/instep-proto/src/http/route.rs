//! Which route serves a path: the query is not looked at, exact goes before wildcard, and a longer
//! wildcard before a shorter one.

use super::form::decode;

/// Returns what of `path` is behind `start`, if `path` begins so.
///
/// Escapes in `path`, `%` with two hexadecimal digits, are decoded, once. They stand for a byte of a name: `%2F` separates
/// nothing, so neither it nor `%00` is any byte of `start`, and an escape that is malformed is none either.
pub fn strip_path<'p>(path: &'p str, start: &str) -> Option<&'p str> {
    let (bytes, mut at) = (path.as_bytes(), 0);
    for wanted in start.bytes() {
        let byte = match bytes.get(at..)? {
            [b'%', digits @ ..] => {
                at += 3;
                decode(digits).map(|(byte, _)| byte).filter(|byte| *byte != b'/')?
            }
            [byte, ..] => {
                at += 1;
                *byte
            }
            [] => return None,
        };
        if byte != wanted {
            return None;
        }
    }
    path.get(at..)
}

/// A path, or a beginning of paths if it ends in `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern(&'static str);

impl Pattern {
    /// A pattern such as `/`, `/ws` or `/any/*`.
    ///
    /// # Panics
    /// If it does not begin with `/`, or holds a `*` before its end; in a `const`, when it is compiled.
    #[track_caller]
    pub const fn new(pattern: &'static str) -> Self {
        let bytes = pattern.as_bytes();
        assert!(!bytes.is_empty() && bytes[0] == b'/', "a route begins with /");
        let mut at = 0;
        while at < bytes.len() {
            assert!(bytes[at] != b'*' || at + 1 == bytes.len(), "* may stand only at the end of a route");
            at += 1;
        }
        Self(pattern)
    }

    /// The text it was made of.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The rest of the path behind a wildcard (empty for an exact match), or `None` if it does not match.
    pub fn rest(self, path: &str) -> Option<&str> {
        match self.0.strip_suffix('*') {
            Some(start) => strip_path(path, start),
            None => self.is_exactly(path).then_some(""),
        }
    }

    /// Whether it is this path; none that a wildcard stands for.
    pub fn is_exactly(self, path: &str) -> bool {
        strip_path(path, self.0) == Some("")
    }

    fn weight(self) -> usize {
        if self.0.ends_with('*') { self.0.len() } else { usize::MAX }
    }
}

/// The route that serves `path`, and what of the path a wildcard stood for. Of two equal patterns the
/// first one serves.
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
        assert_eq!(
            find("/an%79/t%77o"),
            Some(("/any/*", "t%77o")),
            "what a wildcard stands for stays as it is"
        );
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
