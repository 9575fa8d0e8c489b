//! Declaration of an application: its pages, endpoints, topics and Thing.

use crate::model::{Endpoint, Manifest, Thing, Topics};
use crate::service::{Folder, ThingService};
use instep_proto::http::{Asset, Pattern, best_match};

/// Maximum number of pages and other assets of an application.
const PAGES_MAX: usize = 16;
/// Maximum number of WebSocket endpoints of an application.
const ENDPOINTS_MAX: usize = 4;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    Asset(Pattern, Asset),
    /// A path that is answered with the part that its wildcard matches, as plain text.
    RestOfPath(Pattern),
}

impl Page {
    const fn pattern(&self) -> Pattern {
        match self {
            Self::Asset(pattern, _) | Self::RestOfPath(pattern) => *pattern,
        }
    }
}

/// Declaration of an application.
///
/// Declare it as a `const`, so that a mistake is an error of the compiler. The order of the calls that declare it does not
/// matter.
#[derive(Clone, Debug)]
pub struct App {
    manifest: Manifest,
    pages: [Option<Page>; PAGES_MAX],
    endpoints: [Option<Endpoint>; ENDPOINTS_MAX],
    topics: usize,
    /// Subprotocols of all endpoints, most wanted first.
    pub(crate) subprotocols: &'static [&'static str],
    /// The folder that serves all other paths.
    pub(crate) folder: Option<&'static dyn Folder>,
    /// The handlers of the Thing, if it has one.
    pub(crate) service: Option<&'static ThingService>,
}

impl App {
    /// Creates an application without pages.
    ///
    /// `about` describes it in a few words.
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            manifest: Manifest { name, about, version: "", thing: None, backlog: false, hash: 0 },
            pages: [None; PAGES_MAX],
            endpoints: [None; ENDPOINTS_MAX],
            topics: 0,
            subprotocols: &[],
            folder: None,
            service: None,
        }
    }

    /// Serves `asset` at `path`.
    ///
    /// A path may end in `*`, which matches every path with that beginning. An exact path takes precedence over a wildcard, and a
    /// longer wildcard over a shorter one.
    ///
    /// # Panics
    /// If there are more than 16 pages, or `path` is invalid. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn page(self, path: &'static str, asset: Asset) -> Self {
        self.add_page(Page::Asset(Pattern::new(path), asset))
    }

    /// Serves each of `assets` at its path, as [`App::page`] does.
    ///
    /// # Panics
    /// As [`App::page`].
    #[track_caller]
    pub const fn pages(mut self, assets: &[(&'static str, Asset)]) -> Self {
        let mut at = 0;
        while at < assets.len() {
            self = self.page(assets[at].0, assets[at].1);
            at += 1;
        }
        self
    }

    /// Answers `path` with the part that its `*` matches, as plain text.
    ///
    /// # Panics
    /// As [`App::page`].
    #[track_caller]
    pub const fn rest_of_path(self, path: &'static str) -> Self {
        self.add_page(Page::RestOfPath(Pattern::new(path)))
    }

    /// Accepts WebSockets at `path`.
    ///
    /// The application receives their messages in its inbox. The same path may have a page, for requests that do not
    /// ask for a WebSocket.
    ///
    /// # Panics
    /// If there are more than 4 endpoints, or `path` is invalid. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn endpoint(self, path: &'static str) -> Self {
        self.add_endpoint(Endpoint { pattern: Pattern::new(path), echo: false, thing: false })
    }

    /// Accepts WebSockets at `path`, and sends every message back unchanged.
    ///
    /// A message is sent back piece by piece as it arrives, so its length has no limit. The application receives nothing from these
    /// clients, and these clients receive no published messages.
    ///
    /// # Panics
    /// As [`App::endpoint`].
    #[track_caller]
    pub const fn echo(self, path: &'static str) -> Self {
        self.add_endpoint(Endpoint { pattern: Pattern::new(path), echo: true, thing: false })
    }

    /// Sets the subprotocols of all endpoints, most wanted first.
    ///
    /// # Panics
    /// If a name is empty or longer than 64 bytes; in a `const`, when it is compiled.
    #[track_caller]
    pub const fn subprotocols(mut self, names: &'static [&'static str]) -> Self {
        let mut at = 0;
        while at < names.len() {
            let length = names[at].len();
            assert!(
                length > 0 && length <= instep_proto::handshake::SUBPROTOCOL_MAX,
                "the name of a subprotocol has 1 to 64 bytes"
            );
            at += 1;
        }
        self.subprotocols = names;
        self
    }

    /// Offers a Thing, with JSON messages at `/ws` and a REST interface.
    ///
    /// Each of its properties is a topic.
    ///
    /// # Panics
    /// As [`App::endpoint`], or if the application has a Thing or has topics already. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn thing(mut self, thing: &'static Thing) -> Self {
        assert!(self.manifest.thing.is_none(), "an application is one Thing at most");
        self.manifest.thing = Some(thing);
        self.manifest.hash = thing.hash(self.manifest.version);
        self.service = Some(&ThingService::HERE);
        assert!(self.topics == 0, "an application is a Thing or has topics, not both");
        self.topics = thing.property_count();
        self.add_endpoint(Endpoint { pattern: Pattern::new("/ws"), echo: false, thing: true })
    }

    /// Declares a Thing that another device is, for a gateway.
    ///
    /// Its topics are the properties and behind them the frame `thing` of that device. `backlog` is whether that device numbers its
    /// events.
    ///
    /// # Panics
    /// As [`App::thing`].
    #[cfg(feature = "gateway")]
    #[track_caller]
    pub const fn thing_elsewhere(mut self, thing: &'static Thing, backlog: bool) -> Self {
        self.manifest.backlog = backlog;
        self = self.thing(thing);
        self.service = Some(&ThingService::BEHIND);
        self.topics += 1;
        self
    }

    /// Declares the Thing as [`App::thing`] does, with a backlog of events.
    ///
    /// A new client first gets the events that the device still has ([`Limits::events`](crate::Limits::events)), oldest first.
    ///
    /// Events and lines of logs carry a number, `seq`, which counts up by one from 1 at each start of the device. So a page that
    /// reconnects skips the events that it has. A board gives each start its own id by
    /// [`Device::set_boot_id`](crate::Device::set_boot_id).
    ///
    /// # Panics
    /// As [`App::thing`].
    #[track_caller]
    pub const fn thing_with_backlog(mut self, thing: &'static Thing) -> Self {
        self.manifest.backlog = true;
        self.thing(thing)
    }

    /// Sets the version of the application, which the panel of a Thing shows.
    ///
    /// An example is `env!("CARGO_PKG_VERSION")`.
    pub const fn version(mut self, version: &'static str) -> Self {
        self.manifest.version = version;
        if let Some(thing) = self.manifest.thing {
            self.manifest.hash = thing.hash(version);
        }
        self
    }

    /// The topics that the application publishes, as [`topics!`](crate::topics!) declares them.
    ///
    /// # Panics
    /// If it is a Thing, whose properties are its topics. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn topics(self, topics: Topics) -> Self {
        assert!(self.manifest.thing.is_none(), "an application is a Thing or has topics, not both");
        Self { topics: topics.count(), ..self }
    }

    /// Adds a page at `path`, or replaces the one that the application has there.
    ///
    /// # Panics
    /// As [`App::page`].
    #[track_caller]
    pub const fn with_page(mut self, path: &'static str, asset: Asset) -> Self {
        let new = Page::Asset(Pattern::new(path), asset);
        let mut at = 0;
        while at < PAGES_MAX {
            if let Some(page) = &self.pages[at]
                && same(page.pattern().as_str(), path)
            {
                self.pages[at] = Some(new);
                return self;
            }
            at += 1;
        }
        self.add_page(new)
    }

    /// Serves a folder in place of the page at `/`.
    ///
    /// The folder also serves all paths where the application has nothing else.
    pub const fn with_folder(mut self, folder: &'static dyn Folder) -> Self {
        let mut at = 0;
        while at < PAGES_MAX {
            if let Some(page) = self.pages[at]
                && page.pattern().as_str().len() == 1
            {
                self.pages[at] = None;
            }
            at += 1;
        }
        self.folder = Some(folder);
        self
    }

    /// Returns the name of the application.
    pub const fn name(&self) -> &'static str {
        self.manifest.name
    }

    /// Returns the description of the application, in a few words.
    pub const fn about(&self) -> &'static str {
        self.manifest.about
    }

    /// Returns the Thing of the application, if it has one.
    pub const fn as_thing(&self) -> Option<&'static Thing> {
        self.manifest.thing
    }

    /// Returns whether a client that connects receives past events ([`App::thing_with_backlog`]).
    pub const fn has_backlog(&self) -> bool {
        self.manifest.backlog
    }

    /// Returns the number of topics.
    pub const fn topic_count(&self) -> usize {
        self.topics
    }

    /// Returns the name, version and Thing of the application.
    pub(crate) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) fn find_page<'p>(&self, path: &'p str) -> Option<(&Page, &'p str)> {
        best_match(self.pages.iter().flatten(), |page| page.pattern(), path)
    }

    pub(crate) fn find_endpoint(&self, path: &str) -> Option<Endpoint> {
        let pages = self.endpoints.iter().flatten();
        best_match(pages, |endpoint| endpoint.pattern, path).map(|(endpoint, _)| *endpoint)
    }

    /// Returns whether the application has a page or an endpoint at exactly this path.
    pub(crate) fn declares(&self, path: &str) -> bool {
        let pages = self.pages.iter().flatten().map(Page::pattern);
        pages
            .chain(self.endpoints.iter().flatten().map(|endpoint| endpoint.pattern))
            .any(|pattern| pattern.is_exactly(path))
    }

    #[track_caller]
    const fn add_page(mut self, page: Page) -> Self {
        let mut at = 0;
        while at < PAGES_MAX && self.pages[at].is_some() {
            at += 1;
        }
        assert!(at < PAGES_MAX, "an application has at most 16 pages");
        self.pages[at] = Some(page);
        self
    }

    #[track_caller]
    const fn add_endpoint(mut self, endpoint: Endpoint) -> Self {
        let mut at = 0;
        while at < ENDPOINTS_MAX && self.endpoints[at].is_some() {
            at += 1;
        }
        assert!(at < ENDPOINTS_MAX, "an application has at most 4 endpoints");
        self.endpoints[at] = Some(endpoint);
        self
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    const THING: Thing = Thing::new("A lamp", &[]);
    const PAGE: Asset = Asset::html("<h1>Lamp</h1>");

    #[test]
    fn app_declared_in_another_order_is_the_same() {
        const FIRST: App =
            App::new("a", "b").subprotocols(&["c"]).version("1").page("/", PAGE).thing_with_backlog(&THING);
        const LAST: App =
            App::new("a", "b").thing_with_backlog(&THING).page("/", PAGE).version("1").subprotocols(&["c"]);
        assert_eq!(format!("{FIRST:?}"), format!("{LAST:?}"));
        assert!(FIRST.has_backlog() && FIRST.find_endpoint("/ws").is_some());
    }

    #[test]
    fn page_replaces_the_one_of_its_path_or_is_added() {
        const OTHER: Asset = Asset::html("<h1>Other</h1>");
        const APP: App = App::new("a", "b").page("/", PAGE).page("/more", PAGE);
        const REPLACED: App = APP.with_page("/more", OTHER);
        const ADDED: App = APP.with_page("/mo", OTHER);
        assert_eq!(
            format!("{REPLACED:?}"),
            format!("{:?}", App::new("a", "b").page("/", PAGE).page("/more", OTHER))
        );
        assert_eq!(format!("{ADDED:?}"), format!("{:?}", APP.page("/mo", OTHER)));
    }
}
