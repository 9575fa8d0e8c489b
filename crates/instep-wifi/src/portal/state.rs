//! State machine of the portal.

use super::networks::{Networks, Ssid};
use crate::join::{Password, PasswordError, Protection};
use core::net::Ipv4Addr;

/// A network and its protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Name of the network.
    pub ssid: Ssid,
    /// Password of the network, if it has one.
    pub protection: Protection,
}

/// Task for the radio or the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Nothing to do.
    Rest,
    /// Scan for networks, then call [`Portal::found`].
    Scan,
    /// Join this network while the device's own stays open, then call [`Portal::tried`].
    Join(Credentials),
    /// Save the joined network, then call [`Portal::kept`].
    Keep(Credentials),
    /// Close the device's own network soon, because the phone has got the device's new address.
    Leave,
}

/// Outcome of an attempt to join a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The device joined the network and has this address.
    Joined(Ipv4Addr),
    /// The network rejected the password.
    WrongPassword,
    /// The network did not admit the device.
    ///
    /// The password is wrong, only known devices are admitted, or the network did not answer.
    NotAdmitted,
    /// The protection of the network differs.
    ///
    /// The network needs a password and none was given, is open and a password was given, or uses another kind of security.
    OtherProtection,
    /// The network was not found.
    NotFound,
    /// The device joined the network, but got no address by DHCP.
    NoAddress,
    /// The attempt failed for a logged reason: the network is full, too far away, or did not answer in time.
    NotJoined,
}

/// Invalid form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// The form names no network.
    Network,
    /// The password is invalid for WPA.
    Password(PasswordError),
    /// A network was chosen before, and the device is joining or has joined it.
    Busy,
}

/// State of provisioning.
#[derive(Clone, Debug)]
pub struct Portal {
    pub(super) networks: Networks,
    wants_scan: bool,
    /// Whether the first scan is still pending.
    pub(super) scan_pending: bool,
    /// Network of the last form.
    pub(super) asked: Option<Ssid>,
    pub(super) phase: Phase,
    /// Whether the phase has a task that was not taken yet.
    is_task_due: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The page asks for a network, and shows why the last one failed.
    Asking(Option<Problem>),
    /// A network is to be joined.
    Trying(Credentials),
    Keeping {
        credentials: Credentials,
        address: Ipv4Addr,
    },
    Joined {
        address: Ipv4Addr,
        kept: bool,
        /// Whether a phone has got the device's new address.
        shown: bool,
    },
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
    /// Returns a portal that asks for a network and begins with a scan.
    pub fn new() -> Self {
        Self {
            networks: Networks::default(),
            wants_scan: true,
            scan_pending: true,
            asked: None,
            phase: Phase::Asking(None),
            is_task_due: false,
        }
    }

    /// Takes the next task. Each task is returned once.
    pub fn next_task(&mut self) -> Task {
        let is_due = core::mem::take(&mut self.is_task_due);
        match self.phase {
            Phase::Trying(credentials) if is_due => Task::Join(credentials),
            Phase::Keeping { credentials, .. } if is_due => Task::Keep(credentials),
            Phase::Joined { .. } if is_due => Task::Leave,
            // A radio cannot scan while it joins a network.
            Phase::Asking(_) if core::mem::take(&mut self.wants_scan) => Task::Scan,
            _ => Task::Rest,
        }
    }

    /// Requests another scan.
    pub fn scan(&mut self) {
        self.wants_scan = true;
    }

    /// Reports the result of [`Task::Scan`].
    pub fn found(&mut self, networks: Networks) {
        self.networks = networks;
        self.scan_pending = false;
    }

    /// Submits a form, with decoded fields.
    ///
    /// `network` is the value from the page. If the value is `other`, the name is in `other`. `password` is empty for an
    /// open network.
    ///
    /// # Errors
    /// If the form is invalid. The page shows the error, too.
    pub fn submit(&mut self, network: &[u8], other: &[u8], password: &[u8]) -> Result<(), FormError> {
        if !matches!(self.phase, Phase::Asking(_)) {
            return Err(FormError::Busy);
        }
        let parsed = self.parse(network, other, password);
        self.is_task_due = parsed.is_ok();
        self.phase = match parsed {
            Ok(credentials) => Phase::Trying(credentials),
            Err(error) => Phase::Asking(Some(Problem::Form(error))),
        };
        parsed.map(|_| ())
    }

    /// Reports the outcome of [`Task::Join`].
    pub fn tried(&mut self, outcome: Outcome) {
        let Phase::Trying(credentials) = self.phase else { return };
        self.is_task_due = matches!(outcome, Outcome::Joined(_));
        self.phase = match outcome {
            Outcome::Joined(address) => Phase::Keeping { credentials, address },
            problem => {
                self.wants_scan |= problem == Outcome::NotFound;
                Phase::Asking(Some(Problem::Radio(problem)))
            }
        };
    }

    /// Reports whether [`Task::Keep`] succeeded.
    pub fn kept(&mut self, kept: bool) {
        if let Phase::Keeping { address, .. } = self.phase {
            self.is_task_due = false;
            self.phase = Phase::Joined { address, kept, shown: false };
        }
    }

    /// Returns whether the page shows the device's new address.
    pub fn shows_address(&self) -> bool {
        matches!(self.phase, Phase::Joined { .. })
    }

    /// Reports that a phone got a page that was written while [`Portal::shows_address`] was true.
    pub fn shown(&mut self) {
        if let Phase::Joined { shown, .. } = &mut self.phase {
            self.is_task_due |= !core::mem::replace(shown, true);
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
