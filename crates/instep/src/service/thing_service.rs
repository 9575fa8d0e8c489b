//! How clients are answered for a Thing. Only [`App::thing`](crate::App::thing) names it: the firmware of an application without
//! one links none of it.

use super::context::{Context, Notices};
use super::request::{Credential, Listening, Outcome, PendingInvocation, Request};
use super::rest::{self, Bodies, Resource};
use super::sse::{self, Events};
use super::{event_id, invoke, notices};
use crate::device::{Device, SlotHandle};
use crate::model::Thing;
use crate::time::Instant;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::http::{Allow, Chunk, Reply, RequestHead};

/// Everything that clients ask of a Thing, and are told.
#[derive(Debug)]
pub(crate) struct ThingService {
    /// What is at that path.
    pub(crate) find: for<'p> fn(&Thing, path: &'p str) -> Option<Resource<'p>>,
    /// The methods that it takes; `None`: it is nothing.
    pub(crate) allow: fn(Resource<'_>, &Context<'_>) -> Option<Allow>,
    /// Answers a request for it.
    pub(crate) answer: fn(Resource<'_>, Option<Credential>, &Request<'_>, &mut Outgoing<'_>) -> Outcome,
    /// The answer to a request whose body is longer than any that is read.
    pub(crate) too_long: fn(&RequestHead<'_>) -> Reply,
    /// What the application answered, if it did.
    pub(crate) take_answer: fn(PendingInvocation, &Request<'_>, &mut Outgoing<'_>) -> Outcome,
    /// The application did not answer.
    pub(crate) late: fn() -> Reply,
    /// The part of a body from that position on.
    pub(crate) make: fn(&Bodies<'_>, number: u16, position: u32, &mut [u8]) -> Chunk,
    /// Begins to tell of events.
    pub(crate) listen: fn(SlotHandle, Instant, &Listening, &Context<'_>, &mut Outgoing<'_>) -> Events,
    /// Tells of them.
    pub(crate) flush_events: FlushEvents,
    /// Tells a new client the first frame of all, and where it begins to follow.
    pub(crate) greet: fn(&Context<'_>, &mut Outgoing<'_>) -> Cursor,
    /// What an open WebSocket is told.
    pub(crate) notices: Notices,
}

type FlushEvents =
    fn(&mut Events, &Context<'_>, &mut Outgoing<'_>, write: &mut dyn FnMut(&[u8]) -> usize) -> bool;

impl ThingService {
    /// The device itself answers.
    pub(crate) const HERE: Self = Self {
        find: Resource::find,
        allow: rest::allow,
        answer: rest::answer,
        too_long: invoke::too_long,
        take_answer: invoke::take_answer,
        late: invoke::late,
        make: rest::make,
        listen: sse::listen,
        flush_events: Events::flush,
        greet: notices::greet,
        notices: Notices {
            push_keepalive: notices::push_keepalive,
            asks_for_revisions: event_id::asks_for_revisions,
            push_revision: notices::push_revision,
            push_missed: notices::push_missed,
            replace_write: Device::replace_write,
        },
    };
}
