//! Which route serves a path: the query is not looked at, exact goes before wildcard, and a longer
//! wildcard before a shorter one.

/// A path, or a beginning of paths if it ends in `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern(&'static str);

impl Pattern {
    /// A pattern such as `/`, `/ws` or `/any/*`.
    ///
    /// # Panics
    /// If it does not begin with `/`, or holds a `*` before its end; in a `const`, when it is compiled.
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
            Some(start) => path.strip_prefix(start),
            None => (path == self.0).then_some(""),
        }
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
    }
}
