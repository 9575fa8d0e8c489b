//! The Thing by plain HTTP: its description, and its values.

use super::requests::{Decision, Request};
use super::{Client, Instant, World, events};
use crate::device::Past;
use crate::login::Pass;
use crate::thing::{CONTENT_TYPE, Decimal, Description, Kind, Security, Thing};
use core::fmt::{Display, Write as _};
use instep_proto::delivery::Outgoing;
use instep_proto::frame::server_payload;
use instep_proto::http::{Allow, Made, Method, PageValues, Reply, RequestHead, ResponseHead, Status, Window};
use instep_proto::json::Text;

/// The type of all bodies but the description's.
pub(super) const JSON: &str = "application/json";

/// The numbers of bodies that are made while they are written.
const DESCRIPTION: u16 = u16::MAX;
const ALL_PROPERTIES: u16 = DESCRIPTION - 1;
pub(super) const BOARD_PAGE: u16 = DESCRIPTION - 2;

/// The longest body of an error.
const PROBLEM_MAX: usize = 256;
/// How much of a name that nobody knows is repeated.
const NAME_SHOWN: usize = 40;

/// Something of a Thing that has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'p> {
    Description,
    Properties,
    Events,
    /// By its number.
    Property(usize),
    /// Of the property of that number.
    History(usize),
    Action(usize),
    /// There is none of that name.
    Unknown {
        sort: &'static str,
        name: &'p str,
    },
}

impl Resource<'_> {
    /// What is at `path`; `None`: nothing of the Thing.
    pub(super) fn find<'p>(thing: &Thing, path: &'p str) -> Option<Resource<'p>> {
        match path {
            "/.well-known/wot" => return Some(Resource::Description),
            "/properties" => return Some(Resource::Properties),
            "/events" => return Some(Resource::Events),
            _ => {}
        }
        let (sort, name) = if let Some(name) = path.strip_prefix("/properties/") {
            ("property", name)
        } else {
            ("action", path.strip_prefix("/actions/")?)
        };
        if sort == "property"
            && let Some((property, "history")) = name.split_once('/')
            && let Some((number, interaction)) = thing.find(property)
            && let Kind::Sensor { history: Some(_), .. } = interaction.kind
        {
            return Some(Resource::History(number));
        }
        let found = match thing.find(name) {
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

impl Client {
    /// Answers a request for something of the Thing.
    pub(super) fn answer_for_thing(
        &self,
        resource: Resource<'_>,
        pass: Option<Pass>,
        request: &Request<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let head = request.head;
        let reads = matches!(head.method, Method::Get | Method::Head);
        match resource {
            Resource::Unknown { sort, name } => {
                let problem = Problem::new("unknown", name);
                problem.answer(Status::NotFound, format_args!("there is no {sort} of this name"), head, out)
            }
            Resource::Description if reads => {
                let bodies = Bodies { world, now: request.now, port: self.local_port() };
                let Some(description) = bodies.description() else {
                    return Decision::Reply(Reply::error(Status::NotFound, Some(head)));
                };
                let (length, hash) = description.measure();
                Decision::Reply(Reply::made_once(DESCRIPTION, CONTENT_TYPE, length, hash, head))
            }
            Resource::Events if reads => events::answer(head, pass, request.peer, world, out),
            Resource::Properties if reads => Decision::Reply(Reply::made(ALL_PROPERTIES, JSON, head)),
            Resource::History(number) if reads => {
                Decision::Reply(Reply::made(u16::try_from(number).unwrap_or(ALL_PROPERTIES), JSON, head))
            }
            Resource::Property(number) if reads => read(number, head, world, out),
            Resource::Property(number) => self.write_property(number, request, world, out),
            Resource::Action(number) => self.invoke(number, request, world, out),
            Resource::Description | Resource::Properties | Resource::Events | Resource::History(_) => {
                Problem::new("read-only", "").not_allowed(Allow::Read, head, out)
            }
        }
    }
}

/// The value of a property, alone.
fn read(number: usize, head: &RequestHead<'_>, world: &World<'_>, out: &mut Outgoing<'_>) -> Decision {
    with_value(number, world, |value| {
        write_answer(&Reply::head_of(Status::Ok, Some((JSON, value.len())), head), value, head, out)
    })
}

/// Hands the latest value of a property to `with`, as it is on the wire.
fn with_value<R>(number: usize, world: &World<'_>, with: impl FnOnce(&[u8]) -> R) -> R {
    let thing = world.app.as_thing();
    let name = thing.and_then(|thing| thing.interactions.get(number)).map_or("", |found| found.name);
    let topic = thing.and_then(|thing| thing.topic(number)).unwrap_or(usize::MAX);
    world
        .device
        .read_topic(topic, |frame| with(frame.and_then(|frame| value(frame, name)).unwrap_or(b"null")))
}

/// The value in a frame of that label.
fn value<'f>(frame: &'f [u8], label: &str) -> Option<&'f [u8]> {
    let rest = server_payload(frame).strip_prefix(b"{\"label\":\"")?;
    rest.strip_prefix(label.as_bytes())?.strip_prefix(b"\",\"value\":")?.strip_suffix(b"}")
}

/// Writes an answer at once, if there is room.
pub(super) fn write_answer(
    response: &ResponseHead,
    body: &[u8],
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Decision {
    let body = if head.method == Method::Head { &[] } else { body };
    let space = out.space();
    let written = response.write(space).and_then(|length| {
        space.get_mut(length..length + body.len())?.copy_from_slice(body);
        Some(length + body.len())
    });
    match written {
        Some(length) => {
            out.keep(length);
            Decision::Written { closes: response.closes() }
        }
        None if out.kept() > 0 => Decision::NotNow,
        None => Decision::Reply(Reply::error(Status::ServiceUnavailable, Some(head))),
    }
}

/// The `error` value of the wire, as the body of an answer.
pub(super) struct Problem<'n> {
    code: &'static str,
    name: &'n str,
    allow: Allow,
}

impl<'n> Problem<'n> {
    /// A problem with the interaction of that name; empty: with none.
    pub(super) fn new(code: &'static str, name: &'n str) -> Self {
        Self { code, name, allow: Allow::Read }
    }

    /// The same where these methods are allowed.
    pub(super) fn allow(self, methods: Allow) -> Self {
        Self { allow: methods, ..self }
    }

    /// The answer to a method that is of no use there, unlike these.
    pub(super) fn not_allowed(
        self,
        methods: Allow,
        head: &RequestHead<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let message = format_args!("this address takes {} only", methods.as_str());
        self.allow(methods).answer(Status::MethodNotAllowed, message, head, out)
    }

    pub(super) fn answer(
        &self,
        status: Status,
        message: impl Display,
        head: &RequestHead<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let mut body = [0; PROBLEM_MAX];
        let length = self.write(&message, &mut body);
        let response = Reply::head_of(status, Some((JSON, length)), head).allow(self.allow);
        write_answer(&response, &body[..length], head, out)
    }

    fn write(&self, message: &dyn Display, body: &mut [u8]) -> usize {
        let mut body = Window::new(body, 0);
        // The longest name and the longest message have room.
        let _ = write!(body, "{{\"code\":\"{}\"", self.code);
        if !self.name.is_empty() {
            let _ = write!(body, ",\"name\":{}", Text::cut(self.name, NAME_SHOWN));
        }
        let _ = write!(body, ",\"message\":{}}}", Text::new(message));
        body.used()
    }
}

/// Writes bodies while they are sent.
pub(super) struct Bodies<'w> {
    pub(super) world: &'w World<'w>,
    pub(super) now: Instant,
    /// The port at which the client came in.
    pub(super) port: u16,
}

impl Bodies<'_> {
    fn description(&self) -> Option<Description<'_>> {
        let security = match self.world.log_in() {
            Some(_) => Security::LogIn { port: self.port },
            None => Security::None,
        };
        let app = self.world.app;
        app.as_thing().map(|thing| Description { app, thing, security })
    }

    fn make_description(&self, position: u32, out: &mut [u8]) -> Made {
        let room = out.len();
        let mut window = Window::new(out, usize::try_from(position).unwrap_or(usize::MAX));
        // It fails where the room ends.
        let _ = self.description().map_or(Ok(()), |description| description.write(&mut window));
        let length = window.used();
        let next = position.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        // At the end of the text, the length of the body has been reached, too: nothing follows.
        Made { length, next: (length == room).then_some(next) }
    }

    /// Position: 0 before the first bracket, else one more than the number of the interaction that comes next.
    fn make_properties(&self, position: u32, out: &mut [u8]) -> Made {
        let interactions = self.world.app.as_thing().map_or(&[][..], |thing| thing.interactions);
        let mut made = Made { length: 0, next: Some(position) };
        let mut next = position;
        loop {
            let mut part = Window::new(&mut out[made.length..], 0);
            let number = usize::try_from(next).unwrap_or(usize::MAX).wrapping_sub(1);
            let written = match (next, interactions.get(number)) {
                (0, _) => part.write_str("{"),
                (_, None) => part.write_str("}"),
                (_, Some(interaction)) if !interaction.kind.is_property() => Ok(()),
                (_, Some(interaction)) => {
                    let first = !interactions[..number].iter().any(|before| before.kind.is_property());
                    let comma = if first { "" } else { "," };
                    with_value(number, self.world, |value| {
                        write!(part, "{comma}\"{}\":", interaction.name)?;
                        part.write_str(core::str::from_utf8(value).unwrap_or("null"))
                    })
                }
            };
            if written.is_err() {
                return made;
            }
            made.length += part.used();
            if number == interactions.len() {
                return Made { next: None, ..made };
            }
            next += 1;
            made.next = Some(next);
        }
    }
}

impl Bodies<'_> {
    /// Position: 0 before the first bracket; else twice the number of the value that comes next, and 1 if it is the first,
    /// and 2.
    fn make_history(&self, sensor: usize, position: u32, out: &mut [u8]) -> Made {
        let interaction = self.world.app.as_thing().and_then(|thing| thing.interactions.get(sensor));
        let precision = interaction.map_or(0, |interaction| interaction.kind.precision());
        let mut made = Made { length: 0, next: Some(position) };
        let mut next = position;
        loop {
            let mut part = Window::new(&mut out[made.length..], 0);
            let past = if next == 0 { None } else { self.world.device.past(sensor, next / 2 - 1, self.now) };
            let written = match (next, past) {
                (0, _) => part.write_str("["),
                (_, None) => part.write_str("]"),
                (_, Some((_, Past { age, value }))) => {
                    let comma = if next % 2 == 1 { "" } else { "," };
                    match value.and_then(|value| Decimal::nearest(value, precision)) {
                        Some(value) => write!(part, "{comma}[{age},{value}]"),
                        None => write!(part, "{comma}[{age},null]"),
                    }
                }
            };
            if written.is_err() {
                return made;
            }
            made.length += part.used();
            next = match past {
                None if next == 0 => 3,
                None => return Made { next: None, ..made },
                Some((number, _)) => number.saturating_add(2).saturating_mul(2),
            };
            made.next = Some(next);
        }
    }
}

impl PageValues for Bodies<'_> {
    fn page_value(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
        self.world.device.page_value(name, each)
    }

    fn make(&self, number: u16, position: u32, out: &mut [u8]) -> Made {
        match (number, self.world.app.declared) {
            (BOARD_PAGE, _) => self.world.make_board_page(position, out),
            (_, Some(declared)) => (declared.speaks.make)(self, number, position, out),
            (_, None) => Made { length: 0, next: None },
        }
    }
}

/// A part of one of the Thing's bodies.
pub(super) fn make(bodies: &Bodies<'_>, number: u16, position: u32, out: &mut [u8]) -> Made {
    match number {
        DESCRIPTION => bodies.make_description(position, out),
        ALL_PROPERTIES => bodies.make_properties(position, out),
        sensor => bodies.make_history(usize::from(sensor), position, out),
    }
}
