//! When Home Assistant is told of the device, and what is removed.
//!
//! At each connection the device first reads what it has stored at the broker: what it told before, and its topics.
//! Then it removes what it no longer has, and tells the rest if that is not told already.

use crate::discovery::{Component, Discovery};
use crate::short::{NAME_MAX, Short};
use core::fmt::Write as _;
use instep::Instant;
use instep::broker::Followed;
use instep_proto::fnv1a;

/// Time in which the broker sends what it has stored, in ms, if it does not show the end of it.
const READING_MS: u64 = 5_000;

/// What is left to be told on one connection.
#[derive(Debug)]
pub(crate) struct Announcer {
    pub(crate) step: Step,
    /// Whether the broker has stored this very message.
    is_told: bool,
    /// Whether it must be told nevertheless, because a component was removed.
    must_tell: bool,
    /// Whether the broker may have stored a hash.
    may_have_hash: bool,
    /// Component that is removed next, with its platform.
    removed: Option<(Name, Name)>,
    /// Topic below the device's own that is cleared next.
    cleared: Option<Cleared>,
    /// The end of reading, if the broker does not show it.
    pub(crate) until: Instant,
}

/// Next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing is told.
    Off,
    /// The broker sends what it has stored.
    Reading,
    Unsubscription,
    Message,
    /// The platform of the component of this number.
    Platform(usize),
    Hash,
    Done,
}

/// Topic that is cleared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cleared {
    /// Value of a property that the device no longer has.
    Value(Name),
    /// Platform of a component that it no longer has.
    Platform(Name),
}

/// Name or platform.
type Name = Short<NAME_MAX>;

impl Announcer {
    pub(crate) fn new(is_on: bool) -> Self {
        let step = if is_on { Step::Reading } else { Step::Off };
        Self {
            step,
            is_told: false,
            must_tell: false,
            may_have_hash: true,
            removed: None,
            cleared: None,
            until: Instant::NEVER,
        }
    }

    /// Returns whether something must be removed before more is read.
    pub(crate) fn is_busy(&self) -> bool {
        self.removed.is_some() || self.cleared.is_some()
    }

    /// Returns the component to be removed, with its platform.
    pub(crate) fn removed(&self) -> Option<(&str, &str)> {
        self.removed.as_ref().map(|(name, platform)| (name.as_str(), platform.as_str()))
    }

    pub(crate) fn cleared(&self) -> Option<Cleared> {
        self.cleared
    }

    /// Returns whether the stored hash must be cleared now.
    ///
    /// Without it, a message that is cut off would count as told.
    pub(crate) fn must_clear_hash(&self) -> bool {
        self.may_have_hash && (self.removed.is_some() || self.step == Step::Message)
    }

    pub(crate) fn note_hash(&mut self, is_stored: bool) {
        self.may_have_hash = is_stored;
    }

    pub(crate) fn note_removed(&mut self) {
        if let Some((name, _)) = self.removed.take() {
            self.cleared = Some(Cleared::Platform(name));
            // The message that removes must not stay at the broker, also if its reason came late.
            self.must_tell = true;
            self.repeat();
        }
    }

    /// Notes that the broker does not take the message that removes, because it is too long.
    pub(crate) fn give_up_removal(&mut self) {
        self.removed = None;
    }

    pub(crate) fn note_cleared(&mut self) {
        self.cleared = None;
    }

    /// Takes the stored hash of what was told.
    pub(crate) fn take_hash(&mut self, payload: &[u8], hash: u64) {
        let mut text = [0; 16];
        let mut digits = instep_proto::http::Window::new(&mut text, 0);
        let written = write!(digits, "{hash:016x}");
        self.is_told = written.is_ok() && payload == text;
    }

    /// Takes the stored platform of a component.
    pub(crate) fn take_platform(&mut self, name: &str, platform: &[u8], followed: &Followed<'_>) {
        let is_own = Component::find(name, followed).is_some_and(|own| own.platform().as_bytes() == platform);
        if !is_own && !platform.is_empty() {
            self.removed = Name::new(name.as_bytes()).zip(Name::new(platform));
        }
    }

    /// Takes the name of a stored topic.
    pub(crate) fn take_value(&mut self, name: &str, followed: &Followed<'_>) {
        let is_property = followed.find(name).is_some()
            && Component::find(name, followed)
                .is_some_and(|own| matches!(own, Component::Control(control) if control.kind.is_property()));
        if !is_property && name != "thing" {
            self.cleared = Name::new(name.as_bytes()).map(Cleared::Value);
        }
    }

    /// Notes that reading has begun, if the broker shows no end of it.
    pub(crate) fn expect_end(&mut self, now: Instant) {
        if self.step == Step::Reading && self.until == Instant::NEVER {
            self.until = now.after(READING_MS);
        }
    }

    /// Ends reading, because everything that was stored has come.
    pub(crate) fn end_reading(&mut self) {
        if self.step == Step::Reading {
            (self.step, self.until) = (Step::Unsubscription, Instant::NEVER);
        }
    }

    pub(crate) fn note_unsubscribed(&mut self) {
        self.step = if self.is_told && !self.must_tell { Step::Done } else { Step::Message };
    }

    /// Tells everything again, because Home Assistant was started.
    pub(crate) fn repeat(&mut self) {
        if matches!(self.step, Step::Platform(_) | Step::Hash | Step::Done) {
            self.step = Step::Message;
        }
    }
}

/// Returns the length and the hash of a message.
pub(crate) fn measure(discovery: &Discovery<'_>) -> (usize, u64) {
    struct Measure {
        length: usize,
        hash: u64,
    }

    impl core::fmt::Write for Measure {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.length += text.len();
            self.hash = fnv1a::extend(self.hash, text.as_bytes());
            Ok(())
        }
    }

    let mut measure = Measure { length: 0, hash: fnv1a::EMPTY };
    // `Measure` never fails.
    let _ = write!(measure, "{discovery}");
    (measure.length, measure.hash)
}
