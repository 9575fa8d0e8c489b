//! What the page asks, what the radio is to do, and what came of it.

use super::networks::{Networks, Ssid};
use crate::join::{Password, PasswordError, Protection};
use core::fmt;
use core::net::Ipv4Addr;

/// A network, and how to get into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The network's name.
    pub ssid: Ssid,
    /// Its password, if it asks for one.
    pub protection: Protection,
}

/// What the radio, or the memory, is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Nothing.
    Rest,
    /// Look for networks, and say [`Portal::found`].
    Scan,
    /// Try to join this network, with the device's own still there, and say [`Portal::tried`].
    Join(Credentials),
    /// It was joined: keep this for the next start, and say [`Portal::kept`].
    Keep(Credentials),
    /// The phone knows where the device is: the device's own network may end.
    Leave,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The device is in the network, and has this address there.
    Joined(Ipv4Addr),
    /// The network refuses the password.
    WrongPassword,
    /// The network does not admit the device: the password may be wrong, or it may admit only devices that it knows, or not answer.
    NotAdmitted,
    /// The network is there, but asks for a password where there was none, or for none, or for another kind of protection.
    OtherProtection,
    /// No such network answers.
    NotFound,
    /// The device is in the network, but nobody gives it an address.
    NoAddress,
    /// It could not be joined, for a reason that the log tells: it is full, or too far away, or does not answer in time.
    NotJoined,
}

/// Why a form is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// It names no network.
    Network,
    /// The password is none of WPA.
    Password(PasswordError),
    /// A network is being tried, or was joined.
    Busy,
}

/// How a device is told of a network.
#[derive(Clone, Debug)]
pub struct Portal {
    pub(super) networks: Networks,
    wants_scan: bool,
    /// What a look for networks finds is not known yet.
    pub(super) looks: bool,
    /// The network that was asked for last.
    pub(super) asked: Option<Ssid>,
    pub(super) phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The page asks; and what was wrong before.
    Asking(Option<Problem>),
    /// It is to be tried, or, if `begun`, is being tried.
    Trying {
        credentials: Credentials,
        begun: bool,
    },
    Keeping {
        credentials: Credentials,
        address: Ipv4Addr,
        begun: bool,
    },
    Joined {
        address: Ipv4Addr,
        kept: bool,
        shown: Shown,
    },
}

/// Whether a phone has seen where the device will be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    No,
    Yes,
    /// And whoever has the radio was told.
    AndTold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Form(FormError),
    Radio(Outcome),
}

impl Default for Portal {
    fn default() -> Self {
        Self::new()
    }
}

impl Portal {
    /// A portal that asks, and begins with a look for networks.
    pub fn new() -> Self {
        Self {
            networks: Networks::default(),
            wants_scan: true,
            looks: true,
            asked: None,
            phase: Phase::Asking(None),
        }
    }

    /// What is to be done next. Each task is handed out once.
    pub fn next_task(&mut self) -> Task {
        match &mut self.phase {
            Phase::Trying { credentials, begun: begun @ false } => {
                *begun = true;
                Task::Join(*credentials)
            }
            Phase::Keeping { credentials, begun: begun @ false, .. } => {
                *begun = true;
                Task::Keep(*credentials)
            }
            Phase::Joined { shown: shown @ Shown::Yes, .. } => {
                *shown = Shown::AndTold;
                Task::Leave
            }
            // A radio that joins cannot look around.
            Phase::Asking(_) if core::mem::take(&mut self.wants_scan) => Task::Scan,
            _ => Task::Rest,
        }
    }

    /// The page asks to look for networks again.
    pub fn scan(&mut self) {
        self.wants_scan = true;
    }

    /// What a look for networks has found.
    pub fn found(&mut self, networks: Networks) {
        self.networks = networks;
        self.looks = false;
    }

    /// A form has come, with its fields decoded: `network`, as the page has it, or the name in `other` if that is `other`,
    /// and `password`, which is empty for a network that asks for none.
    ///
    /// # Errors
    /// What is wrong with it; the page says so, too.
    pub fn submit(&mut self, network: &[u8], other: &[u8], password: &[u8]) -> Result<(), FormError> {
        if !matches!(self.phase, Phase::Asking(_)) {
            return Err(FormError::Busy);
        }
        let parsed = self.parse(network, other, password);
        self.phase = match parsed {
            Ok(credentials) => Phase::Trying { credentials, begun: false },
            Err(error) => Phase::Asking(Some(Problem::Form(error))),
        };
        parsed.map(|_| ())
    }

    /// What came of the try.
    pub fn tried(&mut self, outcome: Outcome) {
        let Phase::Trying { credentials, .. } = self.phase else { return };
        self.phase = match outcome {
            Outcome::Joined(address) => Phase::Keeping { credentials, address, begun: false },
            problem => {
                self.wants_scan |= problem == Outcome::NotFound;
                Phase::Asking(Some(Problem::Radio(problem)))
            }
        };
    }

    /// Whether the network and its password could be kept.
    pub fn kept(&mut self, kept: bool) {
        if let Phase::Keeping { address, .. } = self.phase {
            self.phase = Phase::Joined { address, kept, shown: Shown::No };
        }
    }

    /// Whether the page as it is now tells where the device will be found.
    pub fn tells_address(&self) -> bool {
        matches!(self.phase, Phase::Joined { .. })
    }

    /// A phone has got a page of which [`Portal::tells_address`] was true when it was written.
    pub fn shown(&mut self) {
        if let Phase::Joined { shown: shown @ Shown::No, .. } = &mut self.phase {
            *shown = Shown::Yes;
        }
    }

    fn parse(&mut self, network: &[u8], other: &[u8], password: &[u8]) -> Result<Credentials, FormError> {
        let ssid = if network == b"other" { Ssid::new(other) } else { Ssid::from_digits(network) };
        let ssid = ssid.ok_or(FormError::Network)?;
        self.asked = Some(ssid);
        if password.is_empty() {
            return Ok(Credentials { ssid, protection: Protection::Open });
        }
        let password =
            core::str::from_utf8(password).map_err(|_| FormError::Password(PasswordError::Character))?;
        let password: Password = password.parse().map_err(FormError::Password)?;
        Ok(Credentials { ssid, protection: Protection::Password(password) })
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network => {
                f.write_str("choose a network, or write the name of another one, of 32 bytes at most")
            }
            Self::Password(error) => error.fmt(f),
            Self::Busy => f.write_str("a network is being tried; wait for what comes of it"),
        }
    }
}

impl core::error::Error for FormError {}
