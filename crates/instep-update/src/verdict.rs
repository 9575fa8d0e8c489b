//! Verdicts on an image that was on trial.

use core::fmt::{self, Display};

/// Network in which a device is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// A network that the device joined, by Wi-Fi or by cable.
    Joined,
    /// The device's own network.
    Own,
}

/// Verdict on an image that was on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The image stays.
    Confirmed(Confirmation),
    /// The old image returns.
    GivenUp(Reason),
}

/// What confirmed an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Confirmation {
    /// A client acknowledged an answer.
    Answer,
    /// The application's own check said yes.
    Check,
    /// The device had an address, and nobody asked.
    Quiet,
    /// The device's own network was open long enough.
    OwnNetwork,
}

/// Reason why an image was given up.
///
/// Its text completes "It came back with 0.2.0 because …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It panicked.
    Panic,
    /// The watchdog restarted it.
    Watchdog,
    /// It restarted itself.
    OwnReset,
    /// It left a request unanswered.
    Unanswered,
    /// It had no address.
    NoAddress,
    /// The application's own check said no.
    Check,
    /// The power failed in each of its starts.
    PowerLosses,
    /// Its starts could not be counted.
    FlashFailed,
    /// The boot loader ended the trial at the second start.
    Restarted,
    /// It did not get as far as its trial.
    NotStarted,
    /// The boot loader could not load it.
    NotLoaded,
}

/// Codes of all verdicts that are stored.
const CODES: [(u8, Verdict); 12] = [
    (0x01, Verdict::GivenUp(Reason::Panic)),
    (0x02, Verdict::GivenUp(Reason::Watchdog)),
    (0x03, Verdict::GivenUp(Reason::OwnReset)),
    (0x04, Verdict::GivenUp(Reason::Unanswered)),
    (0x05, Verdict::GivenUp(Reason::NoAddress)),
    (0x06, Verdict::GivenUp(Reason::Check)),
    (0x07, Verdict::GivenUp(Reason::PowerLosses)),
    (0x08, Verdict::GivenUp(Reason::FlashFailed)),
    (0x41, Verdict::Confirmed(Confirmation::Answer)),
    (0x42, Verdict::Confirmed(Confirmation::Check)),
    (0x43, Verdict::Confirmed(Confirmation::Quiet)),
    (0x44, Verdict::Confirmed(Confirmation::OwnNetwork)),
];

impl Verdict {
    /// Returns the code of a verdict; `None` if it is concluded from other data and never stored.
    pub(crate) fn code(self) -> Option<u8> {
        CODES.iter().find(|(_, verdict)| *verdict == self).map(|(code, _)| *code)
    }

    /// Returns the verdict with a code.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        CODES.iter().find(|(of_verdict, _)| *of_verdict == code).map(|(_, verdict)| *verdict)
    }
}

impl Confirmation {
    /// Returns the text of the confirmation.
    pub fn as_str(self) -> &'static str {
        // Not a `match`, whose table the linker scripts of ESP32 chips place in RAM.
        static TEXTS: [&str; 4] = [
            "a client received an answer",
            "the application's check passed",
            "it had an address, and nobody asked",
            "its own network was open long enough",
        ];
        TEXTS[self as usize]
    }
}

impl Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reason {
    /// Returns the text of the reason.
    pub fn as_str(self) -> &'static str {
        // Not a `match`, whose table the linker scripts of ESP32 chips place in RAM.
        static TEXTS: [&str; 11] = [
            "the new firmware panicked",
            "the new firmware stood still until the watchdog restarted it",
            "the new firmware restarted itself",
            "the new firmware left a request unanswered",
            "the new firmware got no address in the network",
            "the check of the new firmware failed",
            "the power failed each time before the new firmware had proved itself",
            "the starts of the new firmware could not be counted in the flash",
            "the new firmware restarted, or the power failed, before it had proved itself",
            "the new firmware did not start",
            "the boot loader could not load the new firmware",
        ];
        TEXTS[self as usize]
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
