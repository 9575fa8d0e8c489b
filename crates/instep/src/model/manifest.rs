//! What an application says of itself, for people and for programs.

use super::thing::Thing;

/// The name of an application, and what it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest {
    pub(crate) name: &'static str,
    /// What it is, in a few words.
    pub(crate) about: &'static str,
    /// Of the application, for people: such as `1.2.3`. Empty: nobody said.
    pub(crate) version: &'static str,
    pub(crate) thing: Option<&'static Thing>,
    /// Whoever connects is told of past events.
    pub(crate) backlog: bool,
    /// Of the Thing and the version.
    pub(crate) hash: u64,
}
