//! The floors of crates, which are layers of modules.
//!
//! A file may import from its own floor and from lower floors.

use super::resolve::Imports;
use super::source::Crate;

/// The floors of one crate.
#[derive(Debug)]
pub(crate) struct House {
    /// Folder of the sources, in the repository.
    pub(crate) folder: &'static str,
    /// Floors, from the lowest to the highest.
    pub(crate) floors: &'static [Floor],
}

/// A floor, and the files and folders on it.
///
/// Names of folders end with a slash. The longest matching name decides the floor of a file.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) name: &'static str,
    pub(crate) places: &'static [&'static str],
}

const fn floor(name: &'static str, places: &'static [&'static str]) -> Floor {
    Floor { name, places }
}

/// All crates with floors.
pub(crate) const HOUSES: &[House] = &[
    House {
        folder: "crates/instep/src/",
        floors: &[
            floor(
                "ground",
                &["time.rs", "model/topic.rs", "model/endpoint.rs", "limits.rs", "buffer.rs", "log/"],
            ),
            floor("model", &["model/"]),
            floor("access", &["access/"]),
            floor("device", &["device/"]),
            floor("service", &["service/"]),
            floor("log-in", &["login/"]),
            floor("app", &["app.rs"]),
            floor("broker", &["broker/"]),
            floor("update", &["update/"]),
            floor("connection", &["connection/"]),
            floor("testing", &["testing/"]),
            floor("crate", &["lib.rs"]),
        ],
    },
    House {
        folder: "crates/instep-proto/src/",
        floors: &[
            floor("text", &["http/", "json/", "deflate.rs", "fnv1a.rs", "texts.rs"]),
            floor("frame", &["frame/", "handshake.rs"]),
            floor("message", &["message/"]),
            floor("delivery", &["delivery/"]),
            floor("crate", &["lib.rs"]),
        ],
    },
];

impl House {
    /// Returns wrong entries of the table, and imports from a higher floor.
    pub(crate) fn problems(&self, read: &Crate, imports: &Imports) -> Problems {
        let paths: Vec<&str> =
            read.files.iter().filter_map(|file| file.path.strip_prefix(self.folder)).collect();
        let mut table = Vec::new();
        for place in self.floors.iter().flat_map(|floor| floor.places) {
            if !paths.iter().any(|path| is_in(path, place)) {
                let folder = self.folder;
                table.push(format!(
                    "{folder}{place} has a floor but does not exist; correct its name in HOUSES (floors.rs)"
                ));
            }
        }
        for path in paths.iter().filter(|path| self.floor(path).is_none()) {
            let folder = self.folder;
            table.push(format!("{folder}{path} has no floor; add it to one in HOUSES (floors.rs)"));
        }
        let mut climbs = Vec::new();
        for ((from, to), import) in imports {
            let [from, to] = [from, to].map(|file| read.path(*file));
            let [lower, upper] = [from, to].map(|path| self.floor(path.strip_prefix(self.folder)?));
            if let (Some(lower), Some(upper)) = (lower, upper)
                && lower < upper
            {
                let [lower, upper] = [lower, upper].map(|floor| self.floors[floor].name);
                let (line, path) = (import.line, &import.path);
                climbs.push(format!("{from}:{line} imports {path} from a higher floor ({lower} -> {upper})"));
            }
        }
        Problems { table, climbs }
    }

    fn floor(&self, path: &str) -> Option<usize> {
        let places = self.floors.iter().enumerate().flat_map(|(floor, Floor { places, .. })| {
            places.iter().filter(|place| is_in(path, place)).map(move |place| (place.len(), floor))
        });
        places.max().map(|(_, floor)| floor)
    }
}

/// Problems of a crate with floors.
#[derive(Debug)]
pub(crate) struct Problems {
    /// Differences between the table and the files.
    pub(crate) table: Vec<String>,
    pub(crate) climbs: Vec<String>,
}

fn is_in(path: &str, place: &str) -> bool {
    path == place || (place.ends_with('/') && path.starts_with(place))
}
