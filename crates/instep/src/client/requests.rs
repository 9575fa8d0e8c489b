//! From a request to its answer.

use super::asking::body_max;
use super::dialect::OWN_FRAME_MAX;
use super::entry::{FORM_MAX, LOG_IN};
use super::events::Listening;
use super::open::Open;
use super::thing::Resource;
use super::{Client, Events, Instant, ROOM_MIN, State, Waits, World};
use crate::access::Refusal;
use crate::app::{Endpoint, Page};
use crate::device::{End, Place, RefusalReason};
use crate::login::Pass;
use crate::shown::Shown;
use core::net::IpAddr;
use core::ops::ControlFlow;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::CloseCode;
use instep_proto::handshake::Handshake;
use instep_proto::http::{HeadError, Method, Reply, RequestHead, ResponseHead, Status};

/// Answers whoever watches over the server, unless the application has something of its own there.
const HEALTH: &str = "/healthz";

/// What a request comes to.
#[derive(Clone, Copy)]
pub(super) enum Decision {
    Reply(Reply),
    /// The answer has been written already.
    Written {
        closes: bool,
    },
    /// When the answers before it have gone there will be room for its own.
    NotNow,
    /// Before something else has come it cannot be decided on.
    Later(Waits),
    Open(Opening),
    Listen(Listening),
}

/// A request, as it came.
pub(super) struct Request<'r> {
    pub(super) now: Instant,
    pub(super) head: &'r RequestHead<'r>,
    /// From whom it comes in the end: a proxy may have forwarded it.
    pub(super) peer: IpAddr,
    /// What came behind its head.
    pub(super) rest: &'r [u8],
}

/// How a WebSocket opens.
#[derive(Clone, Copy)]
pub(super) struct Opening {
    endpoint: Endpoint,
    handshake: Handshake,
    /// With permessage-deflate.
    deflate: bool,
    /// What let it in, where there is a log-in.
    pass: Option<Pass>,
    peer: IpAddr,
}

fn plain_text(head: &RequestHead<'_>, text: &str, out: &mut Outgoing<'_>) -> Decision {
    if !matches!(head.method, Method::Get | Method::Head) {
        return Decision::Reply(Reply::error(Status::MethodNotAllowed, Some(head)));
    }
    let response = Reply::text_head(head, text.len());
    let body = if head.method == Method::Head { "" } else { text };
    if write_whole(&response, &[body], out) {
        Decision::Written { closes: response.closes() }
    } else if out.kept() > 0 {
        Decision::NotNow
    } else {
        Decision::Reply(Reply::error(Status::HeadTooLarge, Some(head)))
    }
}

/// Leads to `base` and `path`, which are short.
pub(super) fn lead(
    status: Status,
    base: &str,
    path: &str,
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Decision {
    let response = Reply::empty_head(status, head);
    match response.write_with(out.space(), format_args!("Location: {base}{path}\r\n")) {
        Some(length) => {
            out.keep(length);
            Decision::Written { closes: response.closes() }
        }
        None if out.kept() > 0 => Decision::NotNow,
        None => Decision::Reply(Reply::error(Status::HeadTooLarge, Some(head))),
    }
}

/// Writes a response whose body comes from the request itself, if there is room for all of it.
pub(super) fn write_whole(head: &ResponseHead, body: &[&str], out: &mut Outgoing<'_>) -> bool {
    let space = out.space();
    let Some(mut end) = head.write(space) else { return false };
    for part in body {
        let Some(space) = space.get_mut(end..end + part.len()) else { return false };
        space.copy_from_slice(part.as_bytes());
        end += part.len();
    }
    out.keep(end);
    true
}

/// Tells in the log of a refusal, unless it has told of many in this second.
macro_rules! tell {
    ($level:ident, $world:expr, $now:expr, $($line:tt)+) => {
        if $world.may_tell($now) {
            log::$level!($($line)+);
        }
    };
}
pub(super) use tell;

/// Says in the log what would let the request in.
pub(super) fn refuse(refusal: Refusal, request: &Request<'_>, world: &World<'_>) -> Status {
    let Request { now, head, peer, .. } = *request;
    world.device.count_refusal(match refusal {
        Refusal::Host => RefusalReason::Host,
        Refusal::Origin => RefusalReason::Origin,
    });
    match refusal {
        Refusal::Host => {
            let host = head.host.unwrap_or_default();
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            tell!(
                warn,
                world,
                now,
                target: crate::FROM_CLIENT,
                "Refused a request from {peer}: this device does not go by the name {}. If it should, {}{}",
                Shown(host.as_bytes()),
                world.access.ways_in.host,
                Shown(name.as_bytes())
            );
            Status::MisdirectedRequest
        }
        Refusal::Origin => {
            match head.origin {
                Some(origin) => tell!(
                    warn,
                    world,
                    now,
                    target: crate::FROM_CLIENT,
                    "Refused a request from {peer}: its page comes from {0}. If that page may use this device, {1}{0}",
                    Shown(origin.as_bytes()),
                    world.access.ways_in.origin
                ),
                None => tell!(
                    warn,
                    world,
                    now,
                    "Refused a request from {peer}: a page from somewhere else made it. If that page may use this device, {}ORIGIN, with that page's origin",
                    world.access.ways_in.origin
                ),
            }
            Status::Forbidden
        }
    }
}

impl World<'_> {
    /// Whether the log may tell of a refusal; it has been told then of how many it was not.
    pub(super) fn may_tell(&self, now: Instant) -> bool {
        let left_out = self.device.may_tell(now);
        if let Some(left_out @ 1..) = left_out {
            log::warn!("{left_out} more refusals were left out here");
        }
        left_out.is_some()
    }
}

impl Client {
    /// Decides on a request. An answer whose body is in the request itself is written to `out`.
    pub(super) fn decide(
        &self,
        request: &Request<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let Request { now, head, peer, .. } = *request;
        if let (Waits::Answer(client), Some(declared)) = (self.waits(), world.app.declared) {
            return (declared.speaks.take_answer)(client, request, world, out);
        }
        if let Some(decision) = self.say_why(request, world) {
            return decision;
        }
        if self.is_refused() {
            tell!(warn, world, now, "Refused {peer}: there are too many connections");
            return Decision::Reply(Reply::error(Status::ServiceUnavailable, Some(head)).and_close());
        }
        if self.http().is_some_and(|exchange| exchange.not_secure) {
            return super::transport::ask_for_https(head, world, out);
        }
        let error = |status| Decision::Reply(Reply::error(status, Some(head)));
        let upgrade = head.asks_for_websocket();
        let endpoint = world.app.find_endpoint(head.path);
        let speaks = upgrade && endpoint.is_some();
        let access = world.access.check(head);
        let declared = world.app.declared.filter(|_| !world.app.declares(head.path));
        let resource = declared
            .and_then(|declared| Some(((declared.speaks.find)(declared.thing, head.path)?, declared.speaks)));
        // Whoever listens takes a place, as a WebSocket does.
        let takes_place = speaks || matches!(resource, Some((Resource::Events, _)));
        let access = access.and_then(|()| if takes_place { world.access.check_origin(head) } else { Ok(()) });
        match (access, world.access.portal) {
            (Ok(()), _) => {}
            // Phones ask all the time whether they are online: that is neither counted nor logged.
            (Err(Refusal::Host), Some(portal)) => return lead(Status::Found, "", portal, head, out),
            (Err(refusal), _) => return error(refuse(refusal, request, world)),
        }
        let log_in = world.log_in();
        let board_page = world.find_board_page(head.path);
        let is_form = board_page.is_some() || (log_in.is_some() && head.path == LOG_IN);
        let body_max = match resource {
            _ if is_form => FORM_MAX as u64,
            Some(_) => body_max(world.device.limits()) as u64,
            None => world.device.limits().body,
        };
        if head.content_length > body_max {
            world.device.count_refusal(RefusalReason::Body);
            if let Some((_, of_thing)) = resource.filter(|_| !is_form) {
                return Decision::Reply((of_thing.too_long)(head));
            }
            return error(Status::ContentTooLarge);
        }
        if head.path == HEALTH && !speaks && !world.app.declares(HEALTH) {
            return plain_text(head, "ok", out);
        }
        // In the device's own network this is how it is set up: no log-in is asked for there.
        if let (Some((board, page)), Some(_)) = (board_page, world.access.portal) {
            return (board.answers().answer)(self, board, page, request, world, out);
        }
        let pass = match log_in.map(|log_in| (log_in.asks_in.ask)(self, log_in, request, world, out)) {
            None => None,
            Some(ControlFlow::Continue(pass)) => Some(pass),
            Some(ControlFlow::Break(decision)) => return decision,
        };
        match (board_page, pass) {
            (Some((board, page)), Some(_)) => {
                return (board.answers().answer)(self, board, page, request, world, out);
            }
            (Some(_), None) => {
                let path = head.path;
                tell!(
                    info,
                    world,
                    now,
                    "Refused {peer}: {path} is for the device's own network, or after a log-in"
                );
                return error(Status::NotFound);
            }
            (None, _) => {}
        }
        if let Some((resource, of_thing)) = resource.filter(|_| !speaks) {
            return (of_thing.answer)(self, resource, pass, request, world, out);
        }
        match (endpoint, world.app.find_page(head.path)) {
            (Some(endpoint), page) if upgrade || page.is_none() => {
                match Handshake::parse(head, endpoint.subprotocols) {
                    Ok(mut handshake) => {
                        if endpoint.thing && out.room() < ROOM_MIN + OWN_FRAME_MAX && out.kept() > 0 {
                            return Decision::NotNow;
                        }
                        let deflate = world.compression.is_some() && handshake.accept_deflate();
                        Decision::Open(Opening { endpoint, handshake, deflate, pass, peer })
                    }
                    Err(reason) => {
                        if upgrade {
                            world.device.count_refusal(RefusalReason::Handshake);
                            tell!(info, world, now, "Refused a handshake from {peer}: {reason}");
                        }
                        error(reason.status())
                    }
                }
            }
            (_, Some((Page::Asset(_, asset), _))) => {
                Decision::Reply(Reply::asset(asset, head, world.access.frames))
            }
            (_, Some((Page::RestOfPath(_), rest))) => plain_text(head, rest, out),
            _ => error(Status::NotFound),
        }
    }

    /// Answers a head that cannot be read.
    pub(super) fn refuse_head(&mut self, error: HeadError, input: &[u8], now: Instant, world: &World<'_>) {
        world.device.count_refusal(RefusalReason::Head);
        tell!(info, world, now, "Refused a request from {}: {error}", self.peer());
        self.answer(Reply::refusal(error, input));
    }

    /// Opens the WebSocket, if there is a place for it.
    pub(super) fn open(
        &mut self,
        now: Instant,
        opening: &Opening,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Opening { endpoint, handshake, deflate, pass, peer } = *opening;
        let Some(place) = self.take_place(!endpoint.echo, endpoint.thing, pass, peer, now, world) else {
            return;
        };
        let length = handshake.write_answer(out.space());
        out.keep(length);
        let cursor = match world.app.declared.filter(|_| endpoint.thing && !endpoint.echo) {
            Some(declared) => (declared.speaks.greet)(world, out),
            None => Cursor::new(world.feed),
        };
        let until = pass.map_or(Instant::NEVER, |pass| pass.until);
        let alive_at = Open::alive_after(endpoint.thing, now);
        self.state = State::Open(Open::new(place, cursor, !endpoint.echo, deflate, until, alive_at));
        self.check_pass(pass, world, out);
    }

    /// A place for a new client. If there is none, it is told so. `heard`: the application hears of it. `asks_thing`: it
    /// speaks with the Thing.
    pub(super) fn take_place(
        &mut self,
        heard: bool,
        asks_thing: bool,
        pass: Option<Pass>,
        peer: IpAddr,
        now: Instant,
        world: &World<'_>,
    ) -> Option<Place> {
        let forwarded = peer != self.peer();
        if forwarded && world.address_limit.is_some_and(|limit| !limit.count(peer)) {
            tell!(warn, world, now, "Refused {peer}: there are too many clients from there");
            self.answer(Reply::error(Status::ServiceUnavailable, None));
            return None;
        }
        let session = pass.map(|pass| pass.number);
        let Some(place) = world.device.admit(world.follower, heard, asks_thing, session) else {
            world.device.count_refusal(RefusalReason::Full);
            tell!(warn, world, now, "Refused {peer}: all {} places are taken", world.device.limits().clients);
            self.answer(Reply::error(Status::ServiceUnavailable, None));
            return None;
        };
        // A proxy does not tell the port.
        let port = self.http().map(|exchange| exchange.port).filter(|_| !forwarded);
        log::info!(client = place.client.number, peer:% = peer, port; "[{}] Connected from {peer}", place.client);
        Some(place)
    }

    /// What let the client in may have ended while it came in.
    pub(super) fn check_pass(&mut self, pass: Option<Pass>, world: &World<'_>, out: &mut Outgoing<'_>) {
        if pass.is_some_and(|pass| !world.log_in.is_some_and(|log_in| log_in.holds(pass))) {
            self.end_session(world, out);
        }
    }

    /// What let the client in does not hold any more.
    pub(super) fn end_session(&mut self, world: &World<'_>, out: &mut Outgoing<'_>) {
        if let State::Open(Open { place, .. }) | State::Events(Events { place, .. }) = &self.state {
            let client = place.client;
            log::info!(client = client.number; "[{client}] Closed with 1008: its log-in has ended");
        }
        if let State::Events(_) = self.state {
            return self.pass_to(State::Ending, End::Closed(Some(CloseCode::POLICY)), world);
        }
        self.end_open(Some(CloseCode::POLICY), world, out);
    }
}
