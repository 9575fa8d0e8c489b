//! What follows one device.

use super::description::Description;
use super::frame::Frame;
use super::summary::Presence;
use std::sync::Arc;

/// Change of one device.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Change<'c> {
    /// The frame `thing`, and the id of the start in it.
    ///
    /// After another hash, another description follows.
    Greeting {
        /// The frame as it came.
        frame: &'c [u8],
        /// The id of the start, if the frame has one.
        start: Option<u32>,
    },
    /// The declaration.
    Description(&'c Arc<Description>),
    /// The frame of a property.
    Property(Frame<'c>),
    /// The property has no value any more.
    Cleared(&'c str),
    /// The frame of an event, or the frame `missed`.
    Event(Frame<'c>),
    /// Whether the device is online.
    Presence(Presence),
    /// The device is gone. No change follows.
    Gone,
}

/// Follower of one device.
pub trait Follower: Send + Sync {
    /// Takes a change.
    ///
    /// The fleet is locked meanwhile, so this must return soon and must not call the fleet. The first changes, from within
    /// [`Fleet::follow`](crate::Fleet::follow), are the state as it is: the frame `thing`, the declaration, all properties, whether
    /// the device is online.
    fn change(&self, change: Change<'_>);
}
