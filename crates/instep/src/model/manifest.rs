//! Manifest of an application: its name, version and Thing.

use super::thing::Thing;

/// Name, version and Thing of an application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest {
    pub(crate) name: &'static str,
    /// A description of the application, in a few words.
    pub(crate) about: &'static str,
    /// The version of the application for people, such as `1.2.3`. Empty if there is none.
    pub(crate) version: &'static str,
    pub(crate) thing: Option<&'static Thing>,
    /// Whether a new client receives past events.
    pub(crate) backlog: bool,
    /// The hash of the Thing and the version.
    pub(crate) hash: u64,
}
