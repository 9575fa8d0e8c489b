//! The measured servers.

/// One server, in one configuration.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// Heading of its column.
    pub name: &'static str,
    /// Its program, behind `server-`.
    pub program: &'static str,
    /// Its arguments beside its job.
    pub options: &'static [&'static str],
    /// Crate whose version in the lock file is shown.
    pub package: Option<&'static str>,
}

/// Index of the server that makes only system calls.
pub const FLOOR: usize = 0;
/// Index of the server that the others are compared with.
pub const INSTEP: usize = 1;
/// Indices of the others.
pub const PEERS: std::ops::Range<usize> = 2..ALL.len();

/// All of them, in the order of the columns.
pub const ALL: [Contender; 7] = [
    Contender { package: None, ..server("floor") },
    server("instep"),
    server("fastwebsockets"),
    server("tokio-websockets"),
    TUNGSTENITE,
    Contender { name: "tungstenite, 4 KiB", options: &["--buffer", "4096"], ..TUNGSTENITE },
    server("picoserve"),
];

const TUNGSTENITE: Contender = Contender { package: Some("tokio-tungstenite"), ..server("tungstenite") };

/// Returns a server whose name is also that of its program and of its crate.
const fn server(name: &'static str) -> Contender {
    Contender { name, program: name, options: &[], package: Some(name) }
}

/// Returns the version of a crate in the lock file of this build.
pub fn version(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    let begin = lock.find(&entry).map_or(lock.len(), |index| index + entry.len());
    lock[begin..].split('"').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_is_in_lock_file() {
        for package in ALL.iter().filter_map(|contender| contender.package) {
            assert!(version(package).starts_with(|first: char| first.is_ascii_digit()), "{package}");
        }
    }
}
