//! REST resources of a Thing, such as its description, values and history.

use super::context::Context;
use super::parts::whole_parts;
use super::problem::{JSON, Problem, write_answer};
use super::request::{Credential, Outcome, Request};
use super::values::with_value;
use super::{invoke, several, sse};
use crate::access;
use crate::device::Past;
use crate::model::{Base, Beginning, CONTENT_TYPE, Decimal, Description, Kind, Security, Thing};
use crate::time::Instant;
use core::fmt::Write as _;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Allow, Chunk, Method, Reply, RequestHead, Status, Window, strip_path};

// Numbers of bodies that are generated while they are sent. Smaller numbers stand for the histories of sensors.
const DESCRIPTION: u16 = u16::MAX;
const ALL_PROPERTIES: u16 = DESCRIPTION - 1;

/// Resource of a Thing, with its own address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'p> {
    Description,
    Properties,
    /// The stream of all properties and events.
    Events,
    /// The stream of the property or event of that number.
    Stream(usize),
    /// The property of that number.
    Property(usize),
    /// The history of the property of that number.
    History(usize),
    /// The action of that number.
    Action(usize),
    /// An unknown name of a property, event or action.
    Unknown {
        sort: &'static str,
        name: &'p str,
    },
}

impl Resource<'_> {
    /// Finds the resource at `path`.
    ///
    /// Returns `None` if the path does not belong to the Thing.
    pub(crate) fn find<'p>(thing: &Thing, path: &'p str) -> Option<Resource<'p>> {
        for (known, resource) in [
            ("/.well-known/wot", Resource::Description),
            ("/properties", Resource::Properties),
            ("/events", Resource::Events),
        ] {
            if strip_path(path, known) == Some("") {
                return Some(resource);
            }
        }
        let (sort, name) = if let Some(name) = strip_path(path, "/properties/") {
            ("property", name)
        } else if let Some(name) = strip_path(path, "/events/") {
            ("event", name)
        } else {
            ("action", strip_path(path, "/actions/")?)
        };
        if sort == "property"
            && let Some((property, part)) = name.split_once('/')
            && let Some((number, interaction)) = thing.find_in_path(property)
        {
            let is = |known| strip_path(part, known) == Some("");
            if is("events") && interaction.kind.is_property() {
                return Some(Resource::Stream(number));
            }
            if is("history") && matches!(interaction.kind, Kind::Sensor { history: Some(_), .. }) {
                return Some(Resource::History(number));
            }
        }
        let found = match thing.find_in_path(name) {
            Some((number, interaction)) if sort == "event" && interaction.kind.is_event() => {
                Resource::Stream(number)
            }
            Some((number, interaction)) if sort == "property" && interaction.kind.is_property() => {
                Resource::Property(number)
            }
            Some((number, interaction)) if sort == "action" && interaction.kind.is_action() => {
                Resource::Action(number)
            }
            _ => Resource::Unknown { sort, name },
        };
        Some(found)
    }
}

/// Returns the methods that a resource allows.
///
/// Returns `None` if the resource does not exist.
pub(crate) fn allow(resource: Resource<'_>, context: &Context<'_>) -> Option<Allow> {
    let thing = context.manifest.thing?;
    match resource {
        Resource::Unknown { .. } => None,
        Resource::Action(_) => Some(Allow::Post),
        Resource::Property(number) => {
            let is_writable = thing.interactions.get(number).is_some_and(|found| found.kind.is_writable());
            Some(if is_writable { Allow::ReadAndPut } else { Allow::Read })
        }
        Resource::Properties if thing.is_writable() => Some(Allow::ReadAndPut),
        _ => Some(Allow::Read),
    }
}

/// Answers a request for a resource of the Thing.
pub(crate) fn answer(
    resource: Resource<'_>,
    credential: Option<Credential>,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let Request { head, context, .. } = *request;
    let reads = matches!(head.method, Method::Get | Method::Head);
    match resource {
        Resource::Unknown { sort, name } => {
            let problem = Problem::new("unknown", name);
            problem.answer(Status::NotFound, &format_args!("there is no {sort} of this name"), head, out)
        }
        Resource::Description if reads => {
            let asks_password = credential.is_some();
            let bodies = Bodies { context, now: request.now, port: request.local_port, asks_password };
            let Some(description) = bodies.description() else {
                return Outcome::Reply(Reply::error(Status::NotFound, Some(head)));
            };
            describe(&description, request, out)
        }
        Resource::Events if reads => sse::answer(None, credential, request, out),
        Resource::Stream(number) if reads => sse::answer(Some(number), credential, request, out),
        Resource::Properties if reads => Outcome::Reply(Reply::streamed(ALL_PROPERTIES, JSON, head)),
        Resource::History(number) if reads => {
            Outcome::Reply(Reply::streamed(u16::try_from(number).unwrap_or(ALL_PROPERTIES), JSON, head))
        }
        Resource::Property(number) if reads => read(number, head, context, out),
        Resource::Property(number) => invoke::write_property(number, request, out),
        Resource::Action(number) => invoke::invoke(number, request, out),
        Resource::Properties => several::write(request, out),
        Resource::Description | Resource::Events | Resource::Stream(_) | Resource::History(_) => {
            Problem::new("read-only", "").not_allowed(Allow::Read, head, out)
        }
    }
}

/// Answers with the description.
///
/// Its beginning is written at once, because it needs the request's Host and prefix, which are not kept.
fn describe(description: &Description<'_>, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let head = request.head;
    let prefix = access::prefix(request.mount.before(head.base), head, request.proxied);
    let beginning = Beginning(head.host.map(|host| Base {
        secure: head.secure,
        host,
        prefix,
        #[cfg(feature = "gateway")]
        mount: request.mount.as_str(),
    }));
    let (length, hash) = description.measure(beginning);
    let mut reply = Reply::streamed_sized(DESCRIPTION, CONTENT_TYPE, length, hash, head);
    match reply.begin(&beginning, out.spare_mut()) {
        Some(length) => {
            out.commit(length);
            Outcome::Reply(reply)
        }
        None if !out.is_empty() => Outcome::Blocked,
        None => Outcome::Reply(Reply::error(Status::HeadTooLarge, Some(head))),
    }
}

/// Answers with the value of a property.
fn read(number: usize, head: &RequestHead<'_>, context: &Context<'_>, out: &mut Outgoing<'_>) -> Outcome {
    with_value(number, context, |value| {
        write_answer(&Reply::head_of(Status::Ok, Some((JSON, value.len())), head), value, head, out)
    })
}

/// Generator of bodies while they are sent.
pub(crate) struct Bodies<'w> {
    pub(crate) context: &'w Context<'w>,
    pub(crate) now: Instant,
    /// The device's port of the connection.
    pub(crate) port: u16,
    /// Whether there is a log-in.
    pub(crate) asks_password: bool,
}

impl Bodies<'_> {
    fn description(&self) -> Option<Description<'_>> {
        let security = if self.asks_password { Security::LogIn { port: self.port } } else { Security::None };
        let manifest = self.context.manifest;
        manifest.thing.map(|thing| Description { manifest, thing, security })
    }

    fn make_description(&self, position: u32, out: &mut [u8]) -> Chunk {
        let room = out.len();
        let mut window = Window::new(out, usize::try_from(position).unwrap_or(usize::MAX));
        // An error only means that the window is full.
        let _ = self.description().map_or(Ok(()), |description| description.write(&mut window));
        let length = window.used();
        let next = position.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        // If the text ends exactly at the window's end, the body has its length, so no chunk is asked for.
        Chunk { length, next: (length == room).then_some(next) }
    }

    /// Generates the object of all properties.
    ///
    /// A position is 0 before the first brace, then the number of the next interaction plus 1.
    fn make_properties(&self, position: u32, out: &mut [u8]) -> Chunk {
        let interactions = self.context.manifest.thing.map_or(&[][..], |thing| thing.interactions);
        whole_parts(position, out, |next, part| {
            let number = usize::try_from(next).unwrap_or(usize::MAX).wrapping_sub(1);
            match (next, interactions.get(number)) {
                (0, _) => part.write_str("{")?,
                (_, None) => return part.write_str("}").map(|()| None),
                (_, Some(interaction)) if !interaction.kind.is_property() => {}
                (_, Some(interaction)) => {
                    let first = !interactions[..number].iter().any(|before| before.kind.is_property());
                    let comma = if first { "" } else { "," };
                    with_value(number, self.context, |value| {
                        write!(part, "{comma}\"{}\":", interaction.name)?;
                        part.write_str(core::str::from_utf8(value).unwrap_or("null"))
                    })?;
                }
            }
            Ok(Some(next + 1))
        })
    }

    /// Generates the array of a sensor's past values.
    ///
    /// A position is 0 before the first bracket. Later it is twice the number of the next value plus 2, and 1 more before the
    /// first value.
    fn make_history(&self, sensor: usize, position: u32, out: &mut [u8]) -> Chunk {
        let interaction = self.context.manifest.thing.and_then(|thing| thing.interactions.get(sensor));
        let precision = interaction.map_or(0, |interaction| interaction.kind.precision());
        whole_parts(position, out, |next, part| {
            if next == 0 {
                return part.write_str("[").map(|()| Some(3));
            }
            let Some((number, Past { age, value })) =
                self.context.device.past(sensor, next / 2 - 1, self.now)
            else {
                return part.write_str("]").map(|()| None);
            };
            let comma = if next % 2 == 1 { "" } else { "," };
            match value.and_then(|value| Decimal::nearest(value, precision)) {
                Some(value) => write!(part, "{comma}[{age},{value}]")?,
                None => write!(part, "{comma}[{age},null]")?,
            }
            Ok(Some(number.saturating_add(2).saturating_mul(2)))
        })
    }
}

/// Generates a chunk of one of the Thing's bodies.
pub(crate) fn make(bodies: &Bodies<'_>, number: u16, position: u32, out: &mut [u8]) -> Chunk {
    match number {
        DESCRIPTION => bodies.make_description(position, out),
        ALL_PROPERTIES => bodies.make_properties(position, out),
        sensor => bodies.make_history(usize::from(sensor), position, out),
    }
}
