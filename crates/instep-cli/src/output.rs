//! Output of an application, which is a GPIO line of this machine or a simulation.

use embedded_hal::digital::{ErrorKind, ErrorType, OutputPin, PinState};
use gpiocdev::line::Value;
use gpiocdev::{Request, chip};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Line of a GPIO chip, as in `--gpio`.
///
/// It is `gpiochip0:17`, or `gpiochip0:17:inverted` if the line is low when the output is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    chip: PathBuf,
    offset: u32,
    inverted: bool,
}

/// Output pin of an application.
#[derive(Debug)]
pub(crate) enum Output {
    /// No pin; the application logs its state.
    Simulated,
    /// A GPIO line.
    Line(Request),
}

/// Failure of the kernel to set the line.
#[derive(Debug)]
pub(crate) struct NotSet;

impl Line {
    /// Parses a line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            String::from(
                "is not a GPIO line; write it as CHIP:LINE, such as gpiochip0:17, and append :inverted if low is on",
            )
        };
        let mut parts = text.split(':');
        let (Some(chip), Some(offset)) = (parts.next(), parts.next()) else { return Err(wrong()) };
        let inverted = match (parts.next(), parts.next()) {
            (None, None) => false,
            (Some("inverted"), None) => true,
            _ => return Err(wrong()),
        };
        let digits = !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_digit());
        match offset.parse() {
            // A name is relative to /dev; an absolute path stays.
            Ok(offset) if digits && !chip.is_empty() => {
                Ok(Self { chip: Path::new("/dev").join(chip), offset, inverted })
            }
            _ => Err(wrong()),
        }
    }

    /// Requests the line from the kernel, and switches it off.
    pub(crate) fn open(&self) -> Result<Output, String> {
        let mut builder = Request::builder();
        builder.on_chip(&self.chip).with_consumer("instep").with_line(self.offset);
        if self.inverted {
            builder.as_active_low();
        }
        builder.as_output(Value::Inactive).request().map(Output::Line).map_err(|error| self.explain(&error))
    }

    /// Returns what failed, the cause, and what to do.
    fn explain(&self, error: &gpiocdev::Error) -> String {
        let chip = self.chip.display();
        match error {
            gpiocdev::Error::GpioChip(
                _,
                chip::ErrorKind::NotCharacterDevice | chip::ErrorKind::NotGpioDevice,
            ) => {
                return format!(
                    "cannot open {chip}: it is not a GPIO chip; `gpiodetect` of the package gpiod lists the chips of this machine"
                );
            }
            gpiocdev::Error::NoAbiSupport() | gpiocdev::Error::UnsupportedAbi(..) => {
                return format!("cannot open {chip}: the kernel is too old; use Linux 5.10 or newer");
            }
            _ => {}
        }
        match cause(error) {
            Some(error) if error.kind() == io::ErrorKind::NotFound => {
                format!(
                    "cannot open {chip}: it does not exist; `gpiodetect` of the package gpiod lists the chips of this machine"
                )
            }
            Some(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                format!(
                    "cannot open {chip}: permission denied; add this user to the group that owns it, often gpio or dialout"
                )
            }
            Some(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                format!(
                    "cannot use line {} of {chip}: it is in use; `gpioinfo` shows by which program",
                    self.offset
                )
            }
            Some(error) if error.kind() == io::ErrorKind::InvalidInput => {
                format!(
                    "cannot use line {} of {chip}: it does not exist or cannot be an output; `gpioinfo` lists the lines",
                    self.offset
                )
            }
            _ => format!("cannot use line {} of {chip}: {error}", self.offset),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inverted = if self.inverted { ":inverted" } else { "" };
        write!(f, "{}:{}{inverted}", self.chip.display(), self.offset)
    }
}

/// Returns the system's error, if the system caused it.
fn cause(error: &gpiocdev::Error) -> Option<io::Error> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let number =
            match (error.downcast_ref::<gpiocdev::Error>(), error.downcast_ref::<gpiocdev_uapi::Error>()) {
                (Some(gpiocdev::Error::Os(number)), _) | (_, Some(gpiocdev_uapi::Error::Os(number))) => {
                    Some(number)
                }
                _ => None,
            };
        if let Some(number) = number {
            return Some(io::Error::from_raw_os_error(number.0));
        }
        source = error.source();
    }
    None
}

impl embedded_hal::digital::Error for NotSet {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Output {
    type Error = NotSet;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), NotSet> {
        self.set_state(PinState::Low)
    }

    fn set_high(&mut self) -> Result<(), NotSet> {
        self.set_state(PinState::High)
    }

    fn set_state(&mut self, state: PinState) -> Result<(), NotSet> {
        match self {
            Self::Simulated => Ok(()),
            Self::Line(line) => {
                let value = if state == PinState::High { Value::Active } else { Value::Inactive };
                line.set_lone_value(value).map_err(|_| NotSet)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_a_chip_and_a_number() {
        let line = |chip: &str, offset, inverted| Line { chip: chip.into(), offset, inverted };
        for (text, expected) in [
            ("gpiochip0:17", line("/dev/gpiochip0", 17, false)),
            ("gpiochip1:0:inverted", line("/dev/gpiochip1", 0, true)),
            ("/tmp/chip:4", line("/tmp/chip", 4, false)),
        ] {
            assert_eq!(Line::parse(text).as_ref(), Ok(&expected), "{text}");
            assert_eq!(Line::parse(&expected.to_string()).as_ref(), Ok(&expected), "{text}");
        }
        for text in
            ["", "17", "gpiochip0", "gpiochip0:", ":17", "gpiochip0:+1", "gpiochip0:17:low", "a:1:inverted:b"]
        {
            assert!(Line::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn error_names_cause_and_remedy() {
        let line = Line::parse("gpiochip0:17").unwrap();
        for (number, part) in [
            (rustix::io::Errno::NOENT, "cannot open /dev/gpiochip0: it does not exist"),
            (rustix::io::Errno::ACCESS, "group"),
            (rustix::io::Errno::PERM, "group"),
            (rustix::io::Errno::BUSY, "cannot use line 17 of /dev/gpiochip0: it is in use"),
            (rustix::io::Errno::INVAL, "cannot use line 17 of /dev/gpiochip0: it does not exist"),
            (rustix::io::Errno::IO, "cannot use line 17 of /dev/gpiochip0: "),
        ] {
            let number = gpiocdev_uapi::Errno(number.raw_os_error());
            for error in [
                gpiocdev::Error::Os(number.clone()),
                gpiocdev::Error::Uapi(gpiocdev::UapiCall::GetLine, gpiocdev_uapi::Error::Os(number)),
            ] {
                let sentence = line.explain(&error);
                assert!(sentence.contains(part), "{sentence}");
            }
        }
    }
}
