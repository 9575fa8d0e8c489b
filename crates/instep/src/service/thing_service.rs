//! Function table of the handlers of a Thing.
//!
//! Only [`App::thing`](crate::App::thing) names the table, so firmware without a Thing links none of the handlers.

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

/// Function table of the handlers of a Thing.
#[derive(Debug)]
pub(crate) struct ThingService {
    /// Finds the resource at a path.
    pub(crate) find: for<'p> fn(&Thing, path: &'p str) -> Option<Resource<'p>>,
    /// Returns the methods that a resource allows. Returns `None` if it does not exist.
    pub(crate) allow: fn(Resource<'_>, &Context<'_>) -> Option<Allow>,
    /// Answers a request for a resource.
    pub(crate) answer: fn(Resource<'_>, Option<Credential>, &Request<'_>, &mut Outgoing<'_>) -> Outcome,
    /// Returns the response to a body that is longer than the maximum.
    pub(crate) too_long: fn(&RequestHead<'_>) -> Reply,
    /// Takes the application's reply and answers with it, if there is one.
    pub(crate) take_answer: fn(PendingInvocation, &Request<'_>, &mut Outgoing<'_>) -> Outcome,
    /// Returns the response if the application has not replied in time.
    pub(crate) late: fn() -> Reply,
    /// Generates the chunk of a body at a position.
    pub(crate) make: fn(&Bodies<'_>, number: u16, position: u32, &mut [u8]) -> Chunk,
    /// Begins a stream of Server-Sent Events.
    pub(crate) listen: fn(SlotHandle, Instant, &Listening, &Context<'_>, &mut Outgoing<'_>) -> Events,
    /// Writes all pending output of a stream.
    pub(crate) flush_events: FlushEvents,
    /// Pushes the first frame of a client, and returns its first cursor.
    pub(crate) greet: fn(&Context<'_>, &mut Outgoing<'_>) -> Cursor,
    /// The notices to an open WebSocket.
    pub(crate) notices: Notices,
}

type FlushEvents =
    fn(&mut Events, &Context<'_>, &mut Outgoing<'_>, write: &mut dyn FnMut(&[u8]) -> usize) -> bool;

impl ThingService {
    /// The table of a Thing that is behind this server, which is a gateway.
    #[cfg(feature = "gateway")]
    pub(crate) const BEHIND: Self = Self { late: invoke::timed_out, ..Self::HERE };

    /// The table of a Thing that this server serves.
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
