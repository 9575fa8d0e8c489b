//! What an application declares: its pages, its endpoints, its topics.

use crate::client::Declared;
use crate::thing::Thing;
use instep_proto::http::{Asset, Pattern, best_match};

/// How many pages and other assets an application may have.
const PAGES_MAX: usize = 16;
/// How many paths of it may speak WebSocket.
const ENDPOINTS_MAX: usize = 4;

/// A topic: something of which every client needs the latest message, and no older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic(pub(crate) usize);

impl Topic {
    /// The topic of that number, from 0 to below what [`App::topics`] says.
    pub const fn new(number: usize) -> Self {
        Self(number)
    }
}

/// A path that speaks WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub(crate) pattern: Pattern,
    /// The server sends each message back as it comes, and the application hears nothing of this endpoint.
    pub(crate) echo: bool,
    /// Its messages are those of the Thing.
    pub(crate) thing: bool,
    pub(crate) subprotocols: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    Asset(Pattern, Asset),
    /// The rest of the path comes back as plain text.
    RestOfPath(Pattern),
}

impl Page {
    fn pattern(&self) -> Pattern {
        match self {
            Self::Asset(pattern, _) | Self::RestOfPath(pattern) => *pattern,
        }
    }
}

/// An application: everything about it that is known when it is compiled. Declare it as a `const`, and a
/// mistake is an error of the compiler.
#[derive(Clone, Copy, Debug)]
pub struct App {
    name: &'static str,
    about: &'static str,
    pages: [Option<Page>; PAGES_MAX],
    endpoints: [Option<Endpoint>; ENDPOINTS_MAX],
    topics: usize,
    pub(crate) declared: Option<Declared>,
    /// Of the application, for people: such as `1.2.3`. Empty: nobody said.
    pub(crate) version: &'static str,
    /// Of the Thing and the version.
    pub(crate) hash: u64,
}

impl App {
    /// An application without pages, by its name and what it is in a few words.
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            pages: [None; PAGES_MAX],
            endpoints: [None; ENDPOINTS_MAX],
            topics: 0,
            declared: None,
            version: "",
            hash: 0,
        }
    }

    /// Serves `asset` at `path`, which may end in `*` for every path that begins so. An exact path goes before
    /// a wildcard, and a longer wildcard before a shorter one.
    ///
    /// # Panics
    /// If there are more than 16 pages, or `path` is no path; in a `const`, when it is compiled.
    pub const fn page(self, path: &'static str, asset: Asset) -> Self {
        self.add_page(Page::Asset(Pattern::new(path), asset))
    }

    /// Serves each of `assets` at its path, as [`App::page`] does.
    ///
    /// # Panics
    /// As [`App::page`].
    pub const fn pages(mut self, assets: &[(&'static str, Asset)]) -> Self {
        let mut at = 0;
        while at < assets.len() {
            self = self.page(assets[at].0, assets[at].1);
            at += 1;
        }
        self
    }

    /// Answers `path`, which ends in `*`, with what the `*` stood for, as plain text.
    ///
    /// # Panics
    /// As [`App::page`].
    pub const fn rest_of_path(self, path: &'static str) -> Self {
        self.add_page(Page::RestOfPath(Pattern::new(path)))
    }

    /// Speaks WebSocket at `path`; the application gets the messages in its inbox. The same path may have a
    /// page, for requests that do not ask for a WebSocket.
    ///
    /// # Panics
    /// If there are more than 4 endpoints, or `path` is no path; in a `const`, when it is compiled.
    pub const fn endpoint(self, path: &'static str) -> Self {
        self.add_endpoint(Endpoint {
            pattern: Pattern::new(path),
            echo: false,
            thing: false,
            subprotocols: &[],
        })
    }

    /// Speaks WebSocket at `path` and sends every message back unchanged, piece by piece as it comes, without
    /// a limit to its length. The application hears nothing of it, and what it publishes does not go there.
    ///
    /// # Panics
    /// As [`App::endpoint`].
    pub const fn echo(self, path: &'static str) -> Self {
        self.add_endpoint(Endpoint {
            pattern: Pattern::new(path),
            echo: true,
            thing: false,
            subprotocols: &[],
        })
    }

    /// The subprotocols of every endpoint declared so far, most wanted first.
    ///
    /// # Panics
    /// If a name is empty or longer than 64 bytes; in a `const`, when it is compiled.
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
        let mut at = 0;
        while at < ENDPOINTS_MAX {
            if let Some(endpoint) = &mut self.endpoints[at] {
                endpoint.subprotocols = names;
            }
            at += 1;
        }
        self
    }

    /// Is that Thing: speaks with its clients at `/ws`, in JSON. Each of its properties is a topic, from
    /// [`Topic::new`]`(0)` on.
    ///
    /// # Panics
    /// As [`App::endpoint`], or if it is a Thing already; in a `const`, when it is compiled.
    pub const fn thing(mut self, thing: &'static Thing) -> Self {
        assert!(self.declared.is_none(), "an application is one Thing at most");
        self.declared = Some(Declared::new(thing));
        self.hash = thing.hash(self.version);
        if self.topics < thing.property_count() {
            self.topics = thing.property_count();
        }
        self.add_endpoint(Endpoint {
            pattern: Pattern::new("/ws"),
            echo: false,
            thing: true,
            subprotocols: &[],
        })
    }

    /// Whoever connects to its Thing is told of the events that the device still has ([`Limits::events`](crate::Limits::events)),
    /// oldest first, and not only of those that come. Events and lines of logs then carry a number, `seq`, which counts up by one
    /// from 1 at each start of the device, so that a page that comes back tells what it has had. A board tells the starts apart with
    /// [`Device::tell_starts_apart`](crate::Device::tell_starts_apart).
    ///
    /// # Panics
    /// If it is no Thing yet; in a `const`, when it is compiled.
    pub const fn backlog(mut self) -> Self {
        match &mut self.declared {
            Some(declared) => declared.backlog = true,
            None => panic!("it is a Thing that has a backlog: call App::thing first"),
        }
        self
    }

    /// The version of the application, such as `env!("CARGO_PKG_VERSION")`: a Thing's page shows it.
    pub const fn version(self, version: &'static str) -> Self {
        let hash = match self.declared {
            Some(declared) => declared.thing.hash(version),
            None => 0,
        };
        Self { version, hash, ..self }
    }

    /// How many topics the application publishes: [`Topic::new`]`(0)` up to one less than `topics`.
    ///
    /// # Panics
    /// If its Thing has more properties; in a `const`, when it is compiled.
    pub const fn topics(self, topics: usize) -> Self {
        if let Some(declared) = self.declared {
            assert!(topics >= declared.thing.property_count(), "each property of a Thing is a topic");
        }
        Self { topics, ..self }
    }

    /// The same application with another page at `path`: in the place of the one it has there, if it has one.
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

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it is, in a few words.
    pub const fn about(&self) -> &'static str {
        self.about
    }

    /// What it offers as a Thing.
    pub const fn as_thing(&self) -> Option<&'static Thing> {
        match self.declared {
            Some(declared) => Some(declared.thing),
            None => None,
        }
    }

    /// Whether whoever connects is told of past events ([`App::backlog`]).
    pub const fn has_backlog(&self) -> bool {
        matches!(self.declared, Some(Declared { backlog: true, .. }))
    }

    /// How many topics it has.
    pub const fn topic_count(&self) -> usize {
        self.topics
    }

    pub(crate) fn find_page<'p>(&self, path: &'p str) -> Option<(&Page, &'p str)> {
        best_match(self.pages.iter().flatten(), |page| page.pattern(), path)
    }

    pub(crate) fn find_endpoint(&self, path: &str) -> Option<Endpoint> {
        let pages = self.endpoints.iter().flatten();
        best_match(pages, |endpoint| endpoint.pattern, path).map(|(endpoint, _)| *endpoint)
    }

    /// Whether it has a page or an endpoint at exactly this path.
    pub(crate) fn declares(&self, path: &str) -> bool {
        let pages = self.pages.iter().flatten().map(Page::pattern);
        pages
            .chain(self.endpoints.iter().flatten().map(|endpoint| endpoint.pattern))
            .any(|pattern| pattern.as_str() == path)
    }

    const fn add_page(mut self, page: Page) -> Self {
        let mut at = 0;
        while at < PAGES_MAX && self.pages[at].is_some() {
            at += 1;
        }
        assert!(at < PAGES_MAX, "an application has at most 16 pages");
        self.pages[at] = Some(page);
        self
    }

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
