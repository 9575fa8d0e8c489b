//! Declaration of an application: its pages, endpoints, topics and Thing.

use crate::model::{Endpoint, Manifest, Thing, Topics};
use crate::service::{Folder, ThingService};
use instep_proto::http::{Asset, Pattern, best_match};

/// Maximum number of pages and other assets of an application.
const PAGES_MAX: usize = 16;
/// Maximum number of WebSocket endpoints of an application.
const ENDPOINTS_MAX: usize = 4;

/// Page or other resource at a path.
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

/// Declaration of an application, with everything that is known at compile time.
///
/// Declare it as a `const`, so that a mistake is an error of the compiler.
#[derive(Clone, Copy, Debug)]
pub struct App {
    manifest: Manifest,
    pages: [Option<Page>; PAGES_MAX],
    endpoints: [Option<Endpoint>; ENDPOINTS_MAX],
    topics: usize,
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
        let mut i = 0;
        while i < assets.len() {
            self = self.page(assets[i].0, assets[i].1);
            i += 1;
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
        self.add_endpoint(Endpoint {
            pattern: Pattern::new(path),
            echo: false,
            thing: false,
            subprotocols: &[],
        })
    }

    /// Accepts WebSockets at `path`, and sends every message back unchanged.
    ///
    /// A message is sent back piece by piece as it arrives, so its length has no limit. The application receives nothing from these
    /// clients, and they do not receive what it publishes.
    ///
    /// # Panics
    /// As [`App::endpoint`].
    #[track_caller]
    pub const fn echo(self, path: &'static str) -> Self {
        self.add_endpoint(Endpoint {
            pattern: Pattern::new(path),
            echo: true,
            thing: false,
            subprotocols: &[],
        })
    }

    /// Sets the subprotocols of every endpoint declared so far.
    ///
    /// The first one is preferred.
    ///
    /// # Panics
    /// If a name is empty or longer than 64 bytes. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn subprotocols(mut self, names: &'static [&'static str]) -> Self {
        let mut i = 0;
        while i < names.len() {
            let length = names[i].len();
            assert!(
                length > 0 && length <= instep_proto::handshake::SUBPROTOCOL_MAX,
                "the name of a subprotocol has 1 to 64 bytes"
            );
            i += 1;
        }
        let mut i = 0;
        while i < ENDPOINTS_MAX {
            if let Some(endpoint) = &mut self.endpoints[i] {
                endpoint.subprotocols = names;
            }
            i += 1;
        }
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
        self.add_endpoint(Endpoint {
            pattern: Pattern::new("/ws"),
            echo: false,
            thing: true,
            subprotocols: &[],
        })
    }

    /// Sends past events to new clients, oldest first.
    ///
    /// These are the events that the device still has ([`Limits::events`](crate::Limits::events)). Events and log lines
    /// then have a number, `seq`, which counts from 1 at each start of the device. By it, a page that reconnects skips
    /// the events that it has received. Starts are told apart by [`Device::set_boot_id`](crate::Device::set_boot_id).
    ///
    /// # Panics
    /// If the application has no Thing yet. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn backlog(mut self) -> Self {
        assert!(self.manifest.thing.is_some(), "it is a Thing that has a backlog: call App::thing first");
        self.manifest.backlog = true;
        self
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
    /// If it is a Thing, whose properties are its topics; In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn topics(self, topics: Topics) -> Self {
        assert!(self.manifest.thing.is_none(), "an application is a Thing or has topics, not both");
        Self { topics: topics.count(), ..self }
    }

    /// Adds a page at `path`, or replaces the one that the application has there.
    ///
    /// # Panics
    /// As [`App::page`].
    pub fn with_page(mut self, path: &'static str, asset: Asset) -> Self {
        let new = Page::Asset(Pattern::new(path), asset);
        match self.pages.iter_mut().flatten().find(|page| page.pattern() == new.pattern()) {
            Some(page) => {
                *page = new;
                self
            }
            None => self.add_page(new),
        }
    }

    /// Serves a folder in place of the page at `/`.
    ///
    /// It also serves all paths where the application has nothing else.
    pub const fn with_folder(mut self, folder: &'static dyn Folder) -> Self {
        let mut i = 0;
        while i < PAGES_MAX {
            if let Some(page) = self.pages[i]
                && page.pattern().as_str().len() == 1
            {
                self.pages[i] = None;
            }
            i += 1;
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

    /// Returns whether new clients receive past events ([`App::backlog`]).
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
        let endpoints = self.endpoints.iter().flatten();
        best_match(endpoints, |endpoint| endpoint.pattern, path).map(|(endpoint, _)| *endpoint)
    }

    /// Returns whether it has a page or an endpoint at exactly this path.
    pub(crate) fn declares(&self, path: &str) -> bool {
        let pages = self.pages.iter().flatten().map(Page::pattern);
        pages
            .chain(self.endpoints.iter().flatten().map(|endpoint| endpoint.pattern))
            .any(|pattern| pattern.is_exactly(path))
    }

    #[track_caller]
    const fn add_page(mut self, page: Page) -> Self {
        let mut i = 0;
        while i < PAGES_MAX && self.pages[i].is_some() {
            i += 1;
        }
        assert!(i < PAGES_MAX, "an application has at most 16 pages");
        self.pages[i] = Some(page);
        self
    }

    #[track_caller]
    const fn add_endpoint(mut self, endpoint: Endpoint) -> Self {
        let mut i = 0;
        while i < ENDPOINTS_MAX && self.endpoints[i].is_some() {
            i += 1;
        }
        assert!(i < ENDPOINTS_MAX, "an application has at most 4 endpoints");
        self.endpoints[i] = Some(endpoint);
        self
    }
}
