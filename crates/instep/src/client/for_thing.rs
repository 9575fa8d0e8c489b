//! What a client needs where there is a Thing. Only [`App::thing`](crate::App::thing) names it: the firmware of an application
//! without one links none of it.

use super::events::{Events, Listening};
use super::requests::{Decision, Request};
use super::thing::{self, Bodies, Resource};
use super::{Client, Instant, World, asking, dialect};
use crate::device::{ClientId, Device, Place};
use crate::login::Pass;
use crate::thing::Thing;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::http::{Made, Reply, RequestHead};

/// A Thing, and how clients speak with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared {
    pub(crate) thing: &'static Thing,
    pub(super) speaks: &'static Speaks,
    /// Whoever connects is told of past events.
    pub(crate) backlog: bool,
}

impl Declared {
    pub(crate) const fn new(thing: &'static Thing) -> Self {
        Self { thing, speaks: &SPEAKS, backlog: false }
    }
}

/// Everything that clients ask of a Thing, and are told.
#[derive(Debug)]
pub(super) struct Speaks {
    /// What is at that path.
    pub(super) find: for<'p> fn(&Thing, path: &'p str) -> Option<Resource<'p>>,
    /// Answers a request for it.
    pub(super) answer:
        fn(&Client, Resource<'_>, Option<Pass>, &Request<'_>, &World<'_>, &mut Outgoing<'_>) -> Decision,
    /// The answer to a request whose body is longer than any that is read.
    pub(super) too_long: fn(&RequestHead<'_>) -> Reply,
    /// What the application answered, if it did.
    pub(super) take_answer: fn(ClientId, &Request<'_>, &World<'_>, &mut Outgoing<'_>) -> Decision,
    /// The application did not answer.
    pub(super) late: fn() -> Reply,
    /// The part of a body from that position on.
    pub(super) make: fn(&Bodies<'_>, number: u16, position: u32, &mut [u8]) -> Made,
    /// Begins to tell of events.
    pub(super) listen: fn(&mut Client, Instant, &Listening, &World<'_>, &mut Outgoing<'_>),
    /// Tells of them.
    pub(super) give_events: GiveEvents,
    /// Tells a new client the first frame of all, and where it begins to follow.
    pub(super) greet: fn(&World<'_>, &mut Outgoing<'_>) -> Cursor,
    /// Says that the device is there.
    pub(super) push_alive: fn(&mut Outgoing<'_>) -> bool,
    /// Says how many events were missed.
    pub(super) push_missed: fn(missed: u64, &mut Outgoing<'_>) -> bool,
    /// A write takes the place of one of the same property that still waits for the application.
    pub(super) replace_write: fn(&Device, Place, &'static Thing, &str) -> bool,
}

type GiveEvents =
    fn(&mut Events, &World<'_>, &mut Outgoing<'_>, write: &mut dyn FnMut(&[u8]) -> usize) -> bool;

const SPEAKS: Speaks = Speaks {
    find: Resource::find,
    answer: Client::answer_for_thing,
    too_long: asking::too_long,
    take_answer: asking::take_answer,
    late: asking::late,
    make: thing::make,
    listen: Client::listen,
    give_events: Events::give_out,
    greet: dialect::greet,
    push_alive: dialect::push_alive,
    push_missed: dialect::push_missed,
    replace_write: Device::replace_write,
};
