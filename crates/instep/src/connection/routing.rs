//! From a request to its answer.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::deflate::Compression;
use super::upgrade_probe::say_why;
use super::websocket::Open;
use crate::access::Refusal;
use crate::app::{App, Page};
use crate::device::{End, RefusalReason, SlotHandle};
use crate::limits::ROOM_MIN;
use crate::login::{LOG_IN, LOG_OUT};
use crate::service::{
    Credential, Events, FORM_MAX, Listening, OWN_FRAME_MAX, Opening, Outcome, Pending, Request, Resource,
    body_max, log_limited, plain_text, redirect, redirect_with, refuse,
};
use crate::time::Instant;
use core::net::IpAddr;
use core::ops::ControlFlow;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::CloseCode;
use instep_proto::handshake::{Handshake, HandshakeError, subprotocol};
use instep_proto::http::{Allow, HeadError, Method, Reply, RequestHead, Status};

/// Answers whoever watches over the server, unless the application has something of its own there.
const HEALTH: &str = "/healthz";

impl App {
    /// Whether a device that runs it answers at `path` with something of its own, so that a file of that path in its folder is
    /// never asked for. `log_in`: it has a log-in.
    pub fn hides(&self, path: &str, log_in: bool) -> bool {
        let of_thing = || {
            let (service, thing) = self.service.zip(self.as_thing())?;
            (service.find)(thing, path)
        };
        self.find_page(path).is_some()
            || self.find_endpoint(path).is_some()
            || path == HEALTH
            || (log_in && (path == LOG_IN || path == LOG_OUT))
            || of_thing().is_some()
    }
}

impl Client {
    /// Decides on a request. An answer whose body is in the request itself is written to `out`.
    pub(super) fn route(
        &self,
        request: &Request<'_>,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> Outcome {
        let Request { now, head, peer, .. } = *request;
        if let (Pending::Invocation(pending), Some(service)) = (request.pending, world.app.service) {
            return (service.take_answer)(pending, request, out);
        }
        if let Some(decision) = say_why(self.is_refused(), request, world) {
            return decision;
        }
        if self.is_refused() {
            log_limited!(warn, world, now, "Refused {peer}: there are too many connections");
            return Outcome::Reply(Reply::error(Status::ServiceUnavailable, Some(head)).and_close());
        }
        if let Some(ask_for_https) = self.http().and_then(|exchange| exchange.plaintext_on_tls_port) {
            return ask_for_https(head, world, out);
        }
        let error = |status| Outcome::Reply(Reply::error(status, Some(head)));
        let upgrade = head.asks_for_websocket();
        let endpoint = world.app.find_endpoint(head.path);
        let speaks = upgrade && endpoint.is_some();
        let access = world.access.check(head);
        let declared = world.app.service.zip(world.manifest.thing).filter(|_| !world.app.declares(head.path));
        let resource =
            declared.and_then(|(service, thing)| Some(((service.find)(thing, head.path)?, service)));
        // A listener takes a place, as a WebSocket does.
        let takes_place = speaks || matches!(resource, Some((Resource::Events | Resource::Stream(_), _)));
        let access = access.and_then(|()| if takes_place { world.access.check_origin(head) } else { Ok(()) });
        match (access, world.access.portal) {
            (Ok(()), _) => {}
            // Phones ask all the time whether they are online: that is neither counted nor logged.
            (Err(Refusal::Host), Some(portal)) => return redirect(Status::Found, "", &portal, head, out),
            (Err(refusal), _) => return error(refuse(refusal, request)),
        }
        if let Some((response, lines)) = world.access.preflight(head) {
            return redirect_with(&response, format_args!("{lines}"), head, out);
        }
        if let Some(location) = world.access.https_location(head) {
            return redirect(Status::Found, "", &location, head, out);
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
                return Outcome::Reply((of_thing.too_long)(head));
            }
            return error(Status::ContentTooLarge);
        }
        if head.method == Method::Options && !speaks {
            // Before the log-in, so it says nothing of what there is behind one.
            let allow = match resource {
                _ if log_in.is_some() || head.path == "*" => Some(Allow::All),
                _ if is_form => Some(Allow::ReadAndPost),
                Some((resource, of_thing)) => (of_thing.allow)(resource, world),
                None => {
                    let page = world.app.find_page(head.path);
                    let known = endpoint.is_some() || page.is_some() || head.path == HEALTH;
                    known.then_some(Allow::Read)
                }
            };
            return match allow {
                Some(allow) => Outcome::Reply(Reply::options(allow, head)),
                None => error(Status::NotFound),
            };
        }
        if head.path == HEALTH && !speaks && !world.app.declares(HEALTH) {
            return plain_text(head, "ok", out);
        }
        // In the device's own network this is how it is set up: no log-in is asked for there.
        if let (Some((board, page)), Some(_)) = (board_page, world.access.portal) {
            return board.answer(page, request, out);
        }
        let pass = match log_in.map(|log_in| (log_in.authenticator.authenticate)(log_in, request, out)) {
            None => None,
            Some(ControlFlow::Continue(pass)) => Some(pass),
            Some(ControlFlow::Break(decision)) => return decision,
        };
        match (board_page, pass) {
            (Some((board, page)), Some(_)) => {
                return board.answer(page, request, out);
            }
            (Some(_), None) => {
                let path = head.path;
                log_limited!(
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
            return (of_thing.answer)(resource, pass, request, out);
        }
        // A folder has the page at `/`, where an application may have an endpoint, too.
        let in_folder = head.path == "/" && world.app.folder.is_some();
        match (endpoint, world.app.find_page(head.path)) {
            (Some(endpoint), page) if upgrade || (page.is_none() && !in_folder) => {
                match Handshake::parse(head) {
                    Ok(handshake) => {
                        if endpoint.thing && out.remaining() < ROOM_MIN + OWN_FRAME_MAX && out.len() > 0 {
                            return Outcome::Blocked;
                        }
                        let takes = world.compression.map(Compression::takes);
                        let deflate = takes.and_then(|takes| (takes.find_offer)(head.fields));
                        let notices = world.notices.filter(|_| endpoint.thing);
                        let revisions = notices.is_some_and(|notices| (notices.asks_for_revisions)(head));
                        Outcome::Open(Opening {
                            endpoint,
                            handshake,
                            deflate,
                            revisions,
                            credential: pass,
                            peer,
                        })
                    }
                    Err(reason) => {
                        if upgrade {
                            world.device.count_refusal(RefusalReason::Handshake);
                        }
                        if upgrade || reason == HandshakeError::NoUpgrade {
                            log_limited!(info, world, now, "Refused a handshake from {peer}: {reason}");
                        }
                        error(reason.status())
                    }
                }
            }
            (_, Some((Page::Asset(_, asset), _))) => {
                Outcome::Reply(Reply::asset(asset, head, world.access.frames))
            }
            (_, Some((Page::RestOfPath(_), rest))) => plain_text(head, rest, out),
            _ => match world.app.folder {
                Some(folder) => folder.answer(request, out),
                None => error(Status::NotFound),
            },
        }
    }

    /// Answers a head that cannot be read.
    pub(super) fn refuse_head(
        &mut self,
        error: HeadError,
        input: &[u8],
        now: Instant,
        world: &ConnectionContext<'_>,
    ) {
        self.tell_refused(error, now, world);
        self.answer(Reply::refusal(error, input));
    }

    /// Counts and logs what of a request cannot be read.
    pub(super) fn tell_refused(&self, error: HeadError, now: Instant, world: &ConnectionContext<'_>) {
        world.device.count_refusal(RefusalReason::Head);
        log_limited!(info, world, now, "Refused a request from {}: {error}", self.peer());
    }

    /// Opens the WebSocket, if there is a place for it.
    pub(super) fn open(
        &mut self,
        now: Instant,
        head: &RequestHead<'_>,
        opening: &Opening,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Opening { endpoint, handshake, deflate, revisions, credential: pass, peer } = *opening;
        let Some(place) = self.admit(!endpoint.echo, endpoint.thing, pass, peer, now, world) else {
            return;
        };
        let takes = world.compression.map(Compression::takes);
        let extension = takes.zip(deflate.as_ref()).map(|(takes, deflate)| (takes.display)(deflate));
        let length =
            handshake.write_answer(extension, subprotocol(head, world.app.subprotocols), out.spare_mut());
        out.commit(length);
        let cursor = match world.app.service.filter(|_| endpoint.thing && !endpoint.echo) {
            Some(service) => (service.greet)(world, out),
            None => Cursor::new(world.feed),
        };
        let until = pass.map_or(Instant::NEVER, |pass| pass.expires_at);
        let alive_at = Open::keepalive_after(endpoint.thing, now);
        let mut open = Open::new(place, cursor, !endpoint.echo, deflate.is_some(), until, alive_at);
        open.untold = if revisions { 0 } else { u64::MAX };
        self.state = State::Open(open);
        self.check_credential(pass, world, out);
    }

    /// Begins to tell of events, if there is a place for one more client.
    pub(super) fn listen(
        &mut self,
        now: Instant,
        listening: &Listening,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Listening { credential: pass, peer, .. } = *listening;
        let Some(service) = world.app.service else { return };
        let Some(place) = self.admit(false, false, pass, peer, now, world) else { return };
        self.state = State::Events((service.listen)(place, now, listening, world, out));
        self.check_credential(pass, world, out);
    }

    /// A place for a new client. If there is none, it is told so. `heard`: the application hears of it. `speaks_thing`: it
    /// speaks with the Thing.
    fn admit(
        &mut self,
        heard: bool,
        asks_thing: bool,
        pass: Option<Credential>,
        peer: IpAddr,
        now: Instant,
        world: &ConnectionContext<'_>,
    ) -> Option<SlotHandle> {
        let forwarded = peer != self.peer();
        if forwarded
            && let Some(limit) = world.address_limit
            && !limit.count(peer)
        {
            if world.allow_log(now) {
                limit.log_refused(peer);
            }
            self.answer(Reply::error(Status::ServiceUnavailable, None));
            return None;
        }
        let session = pass.map(|pass| pass.number);
        let Some(place) = world.device.admit(world.follower, heard, asks_thing, session) else {
            world.device.count_refusal(RefusalReason::Full);
            let places = world.device.client_limit(world.follower);
            log_limited!(warn, world, now, "Refused {peer}: all {places} places are taken");
            self.answer(Reply::error(Status::ServiceUnavailable, None));
            return None;
        };
        // A proxy does not tell the port.
        let port = self.http().map(|exchange| exchange.port).filter(|_| !forwarded);
        log::info!(client = place.client.number, peer:% = peer, port; "[{}] Connected from {peer}", place.client);
        Some(place)
    }

    /// What let the client in may have ended while it came in.
    fn check_credential(
        &mut self,
        pass: Option<Credential>,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        if pass.is_some_and(|pass| !world.log_in.is_some_and(|log_in| log_in.holds(pass))) {
            self.end_session(world, out);
        }
    }

    /// What let the client in does not hold any more.
    pub(super) fn end_session(&mut self, world: &ConnectionContext<'_>, out: &mut Outgoing<'_>) {
        if let State::Open(Open { slot: place, .. }) | State::Events(Events { slot: place, .. }) = &self.state
        {
            let client = place.client;
            log::info!(client = client.number; "[{client}] Closed with 1008: its log-in has ended");
        }
        if let State::Events(_) = self.state {
            return self.transition(State::Ending, End::Closed(Some(CloseCode::POLICY)), world);
        }
        self.end_open(Some(CloseCode::POLICY), world, out);
    }
}
