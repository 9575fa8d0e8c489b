//! Where a project takes instep from.

use std::path::{Path, PathBuf};

/// Whether this version can be had from the registry; see RELEASING.md.
const IS_PUBLISHED: bool = false;

/// Source of instep's crates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Registry,
    /// A checkout of the repository.
    Path(PathBuf),
    Git(String),
}

impl Source {
    /// Returns the source that the options name, else the registry.
    pub(super) fn new(path: Option<&str>, git: Option<&str>) -> Result<Self, String> {
        match (path, git) {
            (Some(path), _) => {
                let folder = std::path::absolute(path).unwrap_or_else(|_| path.into());
                if !folder.join("crates/instep/Cargo.toml").is_file() {
                    return Err(format!(
                        "the folder {path:?} of --path is no checkout of instep; it has no crates/instep"
                    ));
                }
                Ok(Self::Path(folder))
            }
            (None, Some("")) => Err("--git needs the URL of a repository".into()),
            (None, Some(url)) => Ok(Self::Git(url.into())),
            (None, None) => Ok(Self::Registry),
        }
    }

    /// Returns the keys of a dependency on that crate.
    pub(super) fn of(&self, name: &str) -> String {
        match self {
            Self::Registry => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
            Self::Path(folder) => {
                format!("path = {:?}", Path::new(folder).join("crates").join(name).display().to_string())
            }
            Self::Git(url) => format!("git = {url:?}"),
        }
    }

    /// Returns a sentence for the user.
    pub(super) fn note(&self) -> Option<String> {
        (*self == Self::Registry && !IS_PUBLISHED).then(|| {
            format!(
                "It does not build yet, because instep {} is not published; make it again with --path DIR, where DIR is a \
                 checkout of instep, or with --git URL.",
                env!("CARGO_PKG_VERSION")
            )
        })
    }
}
