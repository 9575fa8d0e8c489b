//! Sessions that hold at every server with the same key and password.

use super::ended::{ENDED_MAX, End, EndedSessions};
use super::key::{Purpose, SessionKey};
use super::notice::{LIFETIME, Notice, PasswordNotice};
use instep::Instant;
use instep::login::{Password, SealedSession, SharedSessions};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

/// Maximum time by which the clock of another server may be ahead, in ms (5 min).
const SKEW: u64 = 5 * 60 * 1000;

/// Function that brings a message to the other servers: its name, its payload, and for how long it is of use.
type Teller = Box<dyn Fn(&str, &[u8], Duration) + Send + Sync>;

/// Function that closes the clients of a session, or all clients.
type Closer = Box<dyn Fn(Option<NonZeroU32>) + Send + Sync>;

/// Sessions that hold at every server with the same key and password.
///
/// A cookie carries the session, so a server knows only the sessions that have ended before their time. With
/// [`SealedSessions::tell_by`] and [`SealedSessions::hear`], servers tell each other of them.
pub struct SealedSessions {
    key: SessionKey,
    own: PasswordNotice,
    clock: fn() -> u64,
    /// A time of the server's clock, and the same in ms since 1970.
    base: OnceLock<(Instant, u64)>,
    teller: OnceLock<Teller>,
    closer: OnceLock<Closer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: EndedSessions,
    /// Number of messages that no server with this key has written.
    foreign: u64,
}

impl SealedSessions {
    /// Creates the sessions of a server with that password, whose salt is [`SessionKey::salt`].
    pub fn new(key: SessionKey, password: &Password) -> Self {
        Self::with_clock(key, password, unix_time)
    }

    fn with_clock(key: SessionKey, password: &Password, clock: fn() -> u64) -> Self {
        let (_, rounds, hash) = password.to_parts();
        let code = key.authenticate(Purpose::Password, &[&rounds.to_be_bytes(), &hash]);
        let tag = code.iter().take(16).fold(0, |tag, byte| tag << 8 | u128::from(*byte));
        let own = PasswordNotice { since: clock(), tag };
        Self {
            key,
            own,
            clock,
            base: OnceLock::new(),
            teller: OnceLock::new(),
            closer: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// Sets the function that closes the clients of a session that has ended elsewhere, such as [`Server::revoke`](crate::Server::revoke).
    ///
    /// It gets the number of the session, or `None` for all clients. Call this once.
    pub fn close_by(&self, closer: impl Fn(Option<NonZeroU32>) + Send + Sync + 'static) {
        // A second function would be a mistake of the program.
        let is_first = self.closer.set(Box::new(closer)).is_ok();
        debug_assert!(is_first, "the function that closes clients is set twice");
    }

    /// Sets the function that brings messages to the other servers, and tells them of this server's password.
    ///
    /// It gets the name of a message, such as `logout/…`, its payload, and for how long it is of use. It must not block.
    /// Call this once.
    pub fn tell_by(&self, teller: impl Fn(&str, &[u8], Duration) + Send + Sync + 'static) {
        if self.teller.set(Box::new(teller)).is_ok() {
            self.tell(Notice::Password(self.own));
        }
    }

    /// Takes a message from another server.
    ///
    /// A message that no server with this key has written is ignored and counted. Messages may come more than once.
    pub fn hear(&self, name: &str, payload: &[u8]) {
        match Notice::read(name, payload, &self.key) {
            Some(Notice::LogOut { id, expires }) => {
                self.forget(SealedSession { id, expires, seal: [0; 32] });
            }
            Some(Notice::Password(other)) => self.hear_password(other),
            None => {
                let mut state = self.state();
                state.foreign += 1;
                if state.foreign == 1 {
                    log::warn!(
                        "Ignored the message {name:?} of another server: it was not written with the session key of this one"
                    );
                }
            }
        }
    }

    /// Returns the number of messages that were ignored, because no server with this key has written them.
    pub fn foreign(&self) -> u64 {
        self.state().foreign
    }

    /// Takes the password of another server. The server that was started last is right.
    fn hear_password(&self, other: PasswordNotice) {
        if other.tag == self.own.tag {
            return;
        }
        if other.since > self.latest() {
            log::warn!("Ignored the password of another server: its clock is more than 5 min ahead");
            return;
        }
        if other.since < self.own.since {
            // The broker shall keep the newer one.
            return self.tell(Notice::Password(self.own));
        }
        if self.void(other.since) {
            log::warn!(
                "Another server was started with another password, so all sessions have ended; restart this one with the new password"
            );
        }
    }

    /// Ends all sessions that began until `time`. Returns whether any could be left of them.
    fn void(&self, time: u64) -> bool {
        let is_new = self.state().ended.end_until(time);
        if is_new {
            self.close(None);
        }
        is_new
    }

    /// Ends a session here. Returns whether it had not ended before.
    fn forget(&self, session: SealedSession) -> bool {
        let now = (self.clock)();
        // A session of a clock that is too far ahead is not accepted yet, but will be.
        if session.expires <= now {
            return false;
        }
        let number = session.number();
        let end = self.state().ended.end(number, session.expires, now);
        match end {
            End::Nothing => {}
            End::Session => self.close(Some(number)),
            End::All => {
                log::warn!("All sessions have ended, because {ENDED_MAX} were ended by hand within 12 h");
                self.close(None);
            }
        }
        end != End::Nothing
    }

    fn close(&self, session: Option<NonZeroU32>) {
        if let Some(closer) = self.closer.get() {
            closer(session);
        }
    }

    fn tell(&self, notice: Notice) {
        let left = notice.expires().saturating_sub((self.clock)());
        if let Some(teller) = self.teller.get().filter(|_| left > 0) {
            let (name, payload) = notice.write(&self.key);
            teller(&name, payload.as_bytes(), Duration::from_millis(left));
        }
    }

    /// Returns the time of the server's clock that stands for a time in ms since 1970.
    ///
    /// The first call decides how the two go together, so a time always has the same result.
    fn instant(&self, time: u64, now: Instant) -> Instant {
        let (instant, base) = *self.base.get_or_init(|| (now, (self.clock)()));
        instant.after(time.saturating_sub(base))
    }

    /// Returns the latest time that the clock of another server may show, in ms since 1970.
    fn latest(&self) -> u64 {
        (self.clock)().saturating_add(SKEW)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No call leaves the state halfway changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedSessions for SealedSessions {
    fn begin(&self, id: u128) -> SealedSession {
        let expires = (self.clock)().saturating_add(LIFETIME);
        let parts: [&[u8]; 3] = [&self.own.tag.to_be_bytes(), &id.to_be_bytes(), &expires.to_be_bytes()];
        SealedSession { id, expires, seal: self.key.authenticate(Purpose::Session, &parts) }
    }

    fn find(&self, session: &SealedSession, now: Instant) -> Option<Instant> {
        let SealedSession { id, expires, seal } = session;
        let parts: [&[u8]; 3] = [&self.own.tag.to_be_bytes(), &id.to_be_bytes(), &expires.to_be_bytes()];
        if !self.key.verifies(Purpose::Session, &parts, seal) {
            return None;
        }
        let is_timely = *expires > (self.clock)() && *expires <= self.latest().saturating_add(LIFETIME);
        let expires_at = self.instant(*expires, now);
        (is_timely && self.holds(session.number(), expires_at)).then_some(expires_at)
    }

    fn holds(&self, number: NonZeroU32, expires_at: Instant) -> bool {
        let ended = &self.state().ended;
        // Sessions were found before, so the times go together already.
        let begins_after =
            |time: u64| expires_at > self.instant(time.saturating_add(LIFETIME), Instant::default());
        !ended.has(number) && ended.void_until().is_none_or(begins_after)
    }

    fn end(&self, session: &SealedSession) {
        if self.forget(*session) {
            self.tell(Notice::LogOut { id: session.id, expires: session.expires });
        }
    }

    fn end_all(&self) {
        self.void((self.clock)());
    }
}

impl fmt::Debug for SealedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSessions").finish_non_exhaustive()
    }
}

/// Returns the time of this machine, in ms since 1970.
fn unix_time() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::Arc;

    const NOW: u64 = 1_800_000_000_000;
    const HOURS_12: u64 = 12 * 60 * 60 * 1000;

    thread_local! {
        static CLOCK: Cell<u64> = const { Cell::new(NOW) };
    }

    type Told = Arc<Mutex<Vec<(String, Vec<u8>, Duration)>>>;

    /// Returns a server with a key and a password, and what it tells.
    fn server(key: &str, password: &str) -> (SealedSessions, Told) {
        let key = SessionKey::parse(&key.repeat(32)).unwrap();
        let password = Password::new(password.as_bytes(), key.salt(), 10).unwrap();
        let sessions = SealedSessions::with_clock(key, &password, || CLOCK.get());
        let told = Told::default();
        let log = Arc::clone(&told);
        sessions.tell_by(move |name, payload, left| {
            log.lock().unwrap().push((name.into(), payload.to_vec(), left));
        });
        (sessions, told)
    }

    /// Lets a server hear all that another one has told, and returns how much that was.
    fn hears(server: &SealedSessions, told: &Told) -> usize {
        let told = std::mem::take(&mut *told.lock().unwrap());
        told.iter().for_each(|(name, payload, _)| server.hear(name, payload));
        told.len()
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn session_holds_at_each_server_with_the_key_and_the_password() {
        let ((one, _), (other, _)) = (server("0a", "open sesame"), server("0a", "open sesame"));
        let session = one.begin(7);
        assert_eq!(one.find(&session, at(5)), Some(at(5 + HOURS_12)));
        assert_eq!(other.find(&session, at(9)), Some(at(9 + HOURS_12)));
        for (key, password) in [("0b", "open sesame"), ("0a", "open sesamf")] {
            assert_eq!(server(key, password).0.find(&session, at(5)), None, "{key} {password}");
        }
        for changed in [
            SealedSession { id: 8, ..session },
            SealedSession { expires: session.expires + 1, ..session },
            SealedSession { seal: [0; 32], ..session },
        ] {
            assert_eq!(one.find(&changed, at(5)), None, "{changed:?}");
        }
    }

    #[test]
    fn session_lasts_12_hours() {
        let (server, _) = server("0a", "x");
        let session = server.begin(7);
        assert!(server.find(&session, at(0)).is_some());
        CLOCK.set(NOW + HOURS_12 - 1);
        assert_eq!(server.find(&session, at(HOURS_12 - 1)), Some(at(HOURS_12)));
        CLOCK.set(NOW + HOURS_12);
        assert_eq!(server.find(&session, at(HOURS_12)), None);
        // A server whose clock was wrong gave a session that would last too long.
        CLOCK.set(NOW - SKEW);
        assert!(server.find(&session, at(0)).is_some());
        CLOCK.set(NOW - SKEW - 1);
        assert_eq!(server.find(&session, at(0)), None);
    }

    #[test]
    fn log_out_is_told_to_the_other_servers_once() {
        let ((one, told), (other, told_other)) = (server("0a", "x"), server("0a", "x"));
        let (session, another) = (one.begin(7), one.begin(8));
        assert_eq!((hears(&other, &told), hears(&one, &told_other)), (1, 1), "the passwords are told");
        let expires_at = other.find(&session, at(0)).unwrap();
        one.end(&session);
        one.end(&session);
        assert_eq!(one.find(&session, at(0)), None);
        assert!(other.find(&session, at(0)).is_some(), "it has not been told yet");
        assert_eq!(told.lock().unwrap()[0].2, Duration::from_millis(HOURS_12));
        assert_eq!(hears(&other, &told), 1);
        assert_eq!(other.find(&session, at(0)), None);
        assert!(!other.holds(session.number(), expires_at));
        assert!(other.find(&another, at(0)).is_some() && one.find(&another, at(0)).is_some());
        assert_eq!(hears(&one, &told_other), 0, "what is heard is not told again");
        assert_eq!((one.foreign(), other.foreign()), (0, 0));
    }

    #[test]
    fn log_out_at_a_server_whose_clock_is_ahead_is_not_forgotten() {
        let ((here, _), (ahead, told)) = (server("0a", "x"), server("0a", "x"));
        told.lock().unwrap().clear();
        CLOCK.set(NOW + 2 * SKEW);
        let session = ahead.begin(7);
        ahead.end(&session);
        CLOCK.set(NOW);
        assert_eq!(here.find(&session, at(0)), None, "it lasts too long");
        assert_eq!(hears(&here, &told), 1);
        CLOCK.set(NOW + SKEW + 1);
        assert_eq!(here.find(&session, at(SKEW + 1)), None, "the log-out is forgotten");
    }

    #[test]
    fn foreign_messages_are_counted_and_change_nothing() {
        let ((one, _), (_, told_foreign)) = (server("0a", "x"), server("0b", "x"));
        let session = one.begin(7);
        let (foreign, _) = server("0b", "x");
        foreign.end(&foreign.begin(7));
        assert_eq!(hears(&one, &told_foreign), 1);
        one.hear("logout/00000000000000000000000000000007", b"");
        one.hear("anything/else", &[0xff; 100]);
        assert_eq!(one.foreign(), 3);
        assert!(one.find(&session, at(0)).is_some());
    }

    #[test]
    fn server_with_a_new_password_ends_the_sessions_of_the_others() {
        let (old, told_old) = server("0a", "old");
        let session = old.begin(7);
        let expires_at = old.find(&session, at(0)).unwrap();
        CLOCK.set(NOW + 60);
        let (new, told_new) = server("0a", "new");
        // The new one hears of the old one first, and tells its password again.
        assert_eq!(hears(&new, &told_old), 1);
        assert_eq!(hears(&old, &told_new), 2);
        assert_eq!(old.find(&session, at(60)), None);
        assert!(!old.holds(session.number(), expires_at));
        assert_eq!((hears(&new, &told_old), hears(&old, &told_new)), (0, 0), "they go on telling");
        // Sessions that begin later hold, each at its own server.
        CLOCK.set(NOW + 61);
        let (at_old, at_new) = (old.begin(8), new.begin(9));
        assert!(old.find(&at_old, at(61)).is_some() && new.find(&at_new, at(61)).is_some());
        assert_eq!((new.find(&at_old, at(61)), old.find(&at_new, at(61))), (None, None));
    }

    #[test]
    fn end_of_all_sessions_spares_later_ones() {
        let (server, _) = server("0a", "x");
        let session = server.begin(7);
        server.end_all();
        assert_eq!(server.find(&session, at(0)), None);
        CLOCK.set(NOW + 1);
        assert!(server.find(&server.begin(8), at(1)).is_some());
    }

    #[test]
    fn too_many_log_outs_end_all_sessions() {
        let (server, _) = server("0a", "x");
        let session = server.begin(0);
        for id in 1..=ENDED_MAX as u128 {
            server.forget(SealedSession { id, expires: NOW + 100, seal: [0; 32] });
        }
        assert!(server.find(&session, at(0)).is_some());
        server.end(&server.begin(1 << 20));
        assert_eq!(server.find(&session, at(0)), None);
    }
}
