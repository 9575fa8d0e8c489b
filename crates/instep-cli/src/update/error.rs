//! Reasons why an update of a device ends.

use super::address::Address;
use std::fmt;

/// Reason why an update ends without the new image on a device.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) device: Address,
    pub(super) kind: ErrorKind,
}

/// What went wrong with a device.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ErrorKind {
    /// The device cannot be reached, and nothing was sent.
    Unreachable { cause: String },
    /// The certificate of the device is not trusted.
    NotTrusted { cause: String },
    /// The address has no `/firmware`.
    NoUpdates,
    /// The answer is not that of a device with instep.
    Strange { answer: String },
    /// The device needs a password, and none is known.
    NeedsPassword,
    /// The password is wrong.
    WrongPassword { source: &'static str },
    /// Too many wrong passwords came.
    Throttled { seconds: Option<u64> },
    /// The image does not fit the device.
    NotForIt { sentence: String },
    /// The device does not take the image.
    Refused { sentence: String },
    /// The connection broke, and the image before runs.
    Broken { cause: String, version: String },
    /// The device came back with the image before.
    CameBack { version: String, reason: Option<String> },
    /// The connection broke, and the device did not say in time what became of the image.
    Undecided { cause: String, seconds: u64 },
    /// The device runs an image that this command did not send.
    OtherImage { version: String },
    /// The device did not answer after the upload, in time.
    Silent { seconds: u64 },
    /// The device did not confirm the new image in time.
    Unconfirmed { seconds: u64, version: String },
    /// The new image needs another password.
    OtherPassword,
    /// The new image has no `/firmware`, or a proxy does not find the device.
    UpdatesGone,
}

impl Error {
    /// Returns the exit code of the command.
    pub(super) fn exit_code(&self) -> u8 {
        use ErrorKind as Kind;
        match self.kind {
            Kind::Unreachable { .. }
            | Kind::NotTrusted { .. }
            | Kind::NoUpdates
            | Kind::Strange { .. }
            | Kind::NeedsPassword
            | Kind::WrongPassword { .. }
            | Kind::Throttled { .. }
            | Kind::Refused { .. }
            | Kind::Broken { .. } => 1,
            Kind::NotForIt { .. } => 2,
            Kind::CameBack { .. } => 3,
            Kind::Undecided { .. }
            | Kind::OtherImage { .. }
            | Kind::Silent { .. }
            | Kind::Unconfirmed { .. }
            | Kind::OtherPassword
            | Kind::UpdatesGone => 4,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ErrorKind as Kind;
        let Self { device, kind } = self;
        match kind {
            Kind::Unreachable { cause } => {
                write!(f, "cannot reach {device}: {cause}; check that it is on, and in this network")
            }
            Kind::NotTrusted { cause } => {
                write!(f, "cannot trust {device}: {cause}; name its certificate by --tls-ca FILE")
            }
            Kind::NoUpdates => write!(
                f,
                "cannot update {device}: it has no /firmware; its firmware is built without updates, so use a cable"
            ),
            Kind::Strange { answer } => {
                write!(f, "cannot update {device}: it answered {answer}; check the address")
            }
            Kind::NeedsPassword => write!(
                f,
                "cannot update {device}: it needs its password; set INSTEP_PASSWORD or --password-file FILE"
            ),
            Kind::WrongPassword { source } => {
                write!(f, "cannot update {device}: the password is wrong; correct it in {source}")
            }
            Kind::Throttled { seconds } => {
                write!(f, "cannot update {device}: too many wrong passwords came; try again ")?;
                match seconds {
                    Some(seconds) => write!(f, "in {seconds} s"),
                    None => f.write_str("later"),
                }
            }
            Kind::NotForIt { sentence } => write!(f, "nothing was sent to {device}: {sentence}"),
            Kind::Refused { sentence } => write!(f, "{device} refused the update: {sentence}"),
            Kind::Broken { cause, version } => write!(
                f,
                "cannot send the image to {device}: {cause}; the device runs {version} as before, so try again"
            ),
            Kind::CameBack { version, reason: Some(reason) } => {
                write!(f, "{device} came back with {version}: {reason}; correct the new image")
            }
            Kind::CameBack { version, reason: None } => {
                write!(
                    f,
                    "{device} came back with {version}: the new image did not stay, and the device does not know why; read its log"
                )
            }
            Kind::Undecided { cause, seconds } => write!(
                f,
                "cannot tell which image {device} keeps: {cause}, and it was still busy with an image after {seconds} s; read its /firmware later"
            ),
            Kind::OtherImage { version } => write!(
                f,
                "{device} runs {version}, which this command did not send: another update came after it; read its /firmware"
            ),
            Kind::Silent { seconds } => write!(
                f,
                "lost {device}: it did not answer within {seconds} s after the upload; wait, because it returns to the image before by itself"
            ),
            Kind::Unconfirmed { seconds, version } => write!(
                f,
                "{device} runs {version}, but did not confirm it within {seconds} s; read its /firmware later, or set a longer --wait"
            ),
            Kind::OtherPassword => write!(
                f,
                "cannot read which image {device} keeps: its new image needs another password; read its /firmware with that one"
            ),
            Kind::UpdatesGone => write!(
                f,
                "cannot read which image {device} keeps: it has no /firmware any more; its new image is built without updates, or a proxy does not find the device"
            ),
        }
    }
}
