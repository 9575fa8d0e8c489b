//! What a device publishes about itself.

use crate::topics::{Topic, Topics};
use crate::writer::To;
use instep::broker::Followed;

/// What a device publishes about itself.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'i> {
    pub(crate) followed: &'i Followed<'i>,
    pub(crate) topics: Topics<'i>,
    /// The address of its page.
    pub(crate) page: Option<&'i str>,
}

impl Identity<'_> {
    /// Returns where a message goes that answers no command.
    pub(crate) fn to<'t>(&'t self, topic: Topic<'t>) -> To<'t> {
        To { topics: &self.topics, topic, correlation_data: None }
    }
}
