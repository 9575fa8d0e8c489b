//! The output that an application switches: a line of this machine, or none.

use embedded_hal::digital::{ErrorKind, ErrorType, OutputPin, PinState};
use gpiocdev::line::Value;
use gpiocdev::{Request, chip};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A line of a GPIO chip, as `--gpio` names it: `gpiochip0:17`, or `gpiochip0:17:inverted` for what is on when its
/// line is low.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    chip: PathBuf,
    offset: u32,
    inverted: bool,
}

/// What an application's pin does.
#[derive(Debug)]
pub(crate) enum Output {
    /// None: the application's log tells what it would do.
    Simulated,
    /// It drives a line.
    Line(Request),
}

/// The kernel did not set the line.
#[derive(Debug)]
pub(crate) struct NotSet;

impl Line {
    /// A line by its name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            String::from(
                "is no line; write it as CHIP:LINE, such as gpiochip0:17, and :inverted behind it if low is on",
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
            // A name stands for a file in /dev; a path stays as it is.
            Ok(offset) if digits && !chip.is_empty() => {
                Ok(Self { chip: Path::new("/dev").join(chip), offset, inverted })
            }
            _ => Err(wrong()),
        }
    }

    /// Takes the line for this program, and switches it off.
    pub(crate) fn open(&self) -> Result<Output, String> {
        let mut builder = Request::builder();
        builder.on_chip(&self.chip).with_consumer("instep").with_line(self.offset);
        if self.inverted {
            builder.as_active_low();
        }
        builder.as_output(Value::Inactive).request().map(Output::Line).map_err(|error| self.explain(&error))
    }

    /// What is wrong, and what to do.
    fn explain(&self, error: &gpiocdev::Error) -> String {
        let chip = self.chip.display();
        match error {
            gpiocdev::Error::GpioChip(
                _,
                chip::ErrorKind::NotCharacterDevice | chip::ErrorKind::NotGpioDevice,
            ) => {
                return format!(
                    "{chip} is no GPIO chip: `gpiodetect`, of the package gpiod, lists those of this machine"
                );
            }
            gpiocdev::Error::NoAbiSupport() | gpiocdev::Error::UnsupportedAbi(..) => {
                return format!(
                    "{chip} cannot be used: the kernel is too old; it has to be Linux 5.10 or newer"
                );
            }
            _ => {}
        }
        match cause(error) {
            Some(error) if error.kind() == io::ErrorKind::NotFound => {
                format!(
                    "there is no {chip}: `gpiodetect`, of the package gpiod, lists the GPIO chips of this machine"
                )
            }
            Some(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                format!(
                    "{chip} may not be used by this user: add it to the group that owns it, often gpio or dialout"
                )
            }
            Some(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                format!("line {} of {chip} is in use: `gpioinfo` shows by whom", self.offset)
            }
            Some(error) if error.kind() == io::ErrorKind::InvalidInput => {
                format!(
                    "{chip} has no line {} that can be an output: `gpioinfo` lists its lines",
                    self.offset
                )
            }
            _ => format!("line {} of {chip} cannot be used: {error}", self.offset),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inverted = if self.inverted { ":inverted" } else { "" };
        write!(f, "{}:{}{inverted}", self.chip.display(), self.offset)
    }
}

/// What the system said, if it was the system.
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
    fn a_line_is_a_chip_and_a_number() {
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
    fn each_reason_has_its_sentence() {
        let line = Line::parse("gpiochip0:17").unwrap();
        for (number, part) in [
            (rustix::io::Errno::NOENT, "there is no /dev/gpiochip0"),
            (rustix::io::Errno::ACCESS, "group"),
            (rustix::io::Errno::PERM, "group"),
            (rustix::io::Errno::BUSY, "line 17 of /dev/gpiochip0 is in use"),
            (rustix::io::Errno::INVAL, "has no line 17"),
            (rustix::io::Errno::IO, "cannot be used"),
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
