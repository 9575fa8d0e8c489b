//! Table of the inputs and outputs by name: what `--io` connects, and what the application asked for.

use super::gpio::Line;
use super::i2c::{BusAddress, I2cDevice};
use super::input::Input;
use super::output::Output;
use instep_settings::{Kept, PowerUp};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// Name of an input or output, and the place to which `--io` connects it, such as `pump=gpiochip0:17`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    name: String,
    place: String,
}

impl Connection {
    /// Parses a name and a place. The application determines the kind of place.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, place)) if !name.is_empty() && !place.is_empty() => {
                Ok(Self { name: name.into(), place: place.into() })
            }
            _ => Err("does not connect a name with a place; write it as NAME=PLACE, such as \
                led=gpiochip0:17 for an output, or bme280=i2c-1:0x76 for a sensor"
                .into()),
        }
    }

    /// Checks that each name is connected once.
    pub(crate) fn check(all: &[Self]) -> Result<(), (String, String)> {
        for (i, connection) in all.iter().enumerate() {
            if all[..i].iter().any(|other| other.name == connection.name) {
                return Err((connection.to_string(), "connects a name for the second time".into()));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.place)
    }
}

/// Inputs and outputs of this machine, by the names that the application gives them.
///
/// `--io pump=gpiochip0:17` connects the output `pump`. An input or output that nothing connects is simulated, and a line of
/// the log says so.
///
/// Ask for all of them before the application waits for the first time, as an argument of its `run` function does. Until then
/// a failure ends the start of the program with a sentence; later it ends the program.
#[derive(Debug)]
pub struct Io(Rc<Table>);

/// What `--io` connects, and what the application asked for.
#[derive(Debug)]
pub(crate) struct Table {
    connections: Vec<Connection>,
    asked: RefCell<Asked>,
    kept: Kept<'static>,
    power_up: PowerUp,
}

/// Failure to connect an input or output, explained in one sentence.
#[derive(Debug)]
pub(crate) enum IoError {
    /// The value of `--io` is invalid.
    Usage(String),
    /// The place cannot be opened.
    Open(String),
}

/// Inputs and outputs that the application asked for.
#[derive(Debug, Default)]
struct Asked {
    names: Vec<&'static str>,
    simulated: Vec<String>,
    failure: Option<IoError>,
    is_running: bool,
}

impl Io {
    pub(crate) fn new(connections: Vec<Connection>, kept: Kept<'static>, power_up: PowerUp) -> Self {
        Self(Rc::new(Table { connections, asked: RefCell::default(), kept, power_up }))
    }

    /// Returns the output `name`, which is off.
    ///
    /// `--io NAME=CHIP:LINE` connects it to a GPIO line, and `--io NAME=CHIP:LINE:inverted` to a line that is low when the
    /// output is on.
    ///
    /// # Panics
    /// If the name is asked for twice.
    pub fn output(&self, name: &'static str) -> Output {
        let line = self.connect(name, "output", "gpiochip0:17", |place| {
            Line::parse(place)
                .map_err(IoError::Usage)
                .and_then(|line| line.open_output().map_err(IoError::Open))
        });
        Output::new(line)
    }

    /// Returns the input `name`. A simulated input is low.
    ///
    /// `--io NAME=CHIP:LINE` connects it to a GPIO line, and `--io NAME=CHIP:LINE:inverted` to a line that is low when the
    /// input is high, such as a button to ground. The kernel's pull-up is on for an inverted line, and its pull-down for another.
    ///
    /// # Panics
    /// If the name is asked for twice.
    pub fn input(&self, name: &'static str) -> Input {
        let line = self.connect(name, "input", "gpiochip0:27:inverted", |place| {
            Line::parse(place)
                .map_err(IoError::Usage)
                .and_then(|line| line.open_input().map_err(IoError::Open))
        });
        Input::new(line)
    }

    /// Returns the device `name` on an I2C bus; `None` if `--io` does not connect it, so that the application simulates it.
    ///
    /// `--io NAME=i2c-1` connects it at the first of its possible `addresses`, and `--io NAME=i2c-1:0x77` at another one.
    /// The device is not asked whether it is there, because it may be connected later.
    ///
    /// # Panics
    /// If the name is asked for twice, or if there are no addresses.
    pub fn i2c(&self, name: &'static str, addresses: &[u8]) -> Option<I2cDevice> {
        self.connect(name, "I2C device", "i2c-1", |place| {
            BusAddress::parse(place, addresses)
                .map_err(IoError::Usage)
                .and_then(|bus| bus.open().map_err(IoError::Open))
        })
    }

    /// Returns the values that the application persists in `--state-file`.
    pub fn kept(&self) -> Kept<'static> {
        self.0.kept
    }

    /// Returns the state of outputs at the start, from `--power-up`.
    pub fn power_up(&self) -> PowerUp {
        self.0.power_up
    }

    pub(crate) fn table(&self) -> Rc<Table> {
        self.0.clone()
    }

    fn connect<T>(
        &self,
        name: &'static str,
        kind: &str,
        example: &str,
        open: impl FnOnce(&str) -> Result<T, IoError>,
    ) -> Option<T> {
        let mut asked = self.0.asked.borrow_mut();
        assert!(!asked.names.contains(&name), "the application asks for the {kind} {name:?} twice");
        asked.names.push(name);
        let Some(connection) = self.0.connections.iter().find(|connection| connection.name == name) else {
            let line = format!("The {kind} {name} is simulated; connect it with --io {name}={example}");
            if asked.is_running {
                log::info!("{line}");
            } else {
                asked.simulated.push(line);
            }
            return None;
        };
        match open(&connection.place) {
            Ok(opened) => Some(opened),
            Err(error) => {
                let error = match error {
                    IoError::Usage(reason) => IoError::Usage(format!("\"{connection}\" {reason}")),
                    IoError::Open(reason) => IoError::Open(format!("{name}: {reason}")),
                };
                if asked.is_running {
                    eprintln!("cannot connect {error}");
                    std::process::exit(1);
                }
                asked.failure.get_or_insert(error);
                None
            }
        }
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(sentence) | Self::Open(sentence)) = self;
        f.write_str(sentence)
    }
}

impl Table {
    /// Returns the lines about what is simulated, once the application has asked for its inputs and outputs.
    ///
    /// # Errors
    /// If one of them cannot be opened, or if `--io` connects a name that the application does not have.
    pub(crate) fn finish(&self) -> Result<Vec<String>, IoError> {
        let mut asked = self.asked.borrow_mut();
        asked.is_running = true;
        if let Some(failure) = asked.failure.take() {
            return Err(failure);
        }
        let unknown =
            self.connections.iter().find(|connection| !asked.names.contains(&connection.name.as_str()));
        match unknown.map(|connection| &connection.name) {
            Some(unknown) if asked.names.is_empty() => Err(IoError::Usage(format!(
                "{unknown:?} is unknown: the application has no inputs or outputs"
            ))),
            Some(unknown) => {
                let names = asked.names.join(", ");
                Err(IoError::Usage(format!(
                    "{unknown:?} is no input or output of the application; use {names}"
                )))
            }
            None => Ok(std::mem::take(&mut asked.simulated)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal::digital::{InputPin, OutputPin};

    fn io(connections: &[&str]) -> Io {
        let connections = connections.iter().map(|text| Connection::parse(text).unwrap()).collect();
        Io::new(connections, Kept::nothing(), PowerUp::Off)
    }

    fn finish(io: &Io) -> Result<Vec<String>, String> {
        io.table().finish().map_err(|error| error.to_string())
    }

    #[test]
    fn unconnected_names_are_simulated_and_told() {
        let io = io(&[]);
        io.output("pump").set_high().unwrap();
        assert!(io.input("button").is_low().unwrap());
        assert!(io.i2c("air", &[0x76]).is_none());
        let lines = finish(&io).unwrap();
        assert_eq!(lines[0], "The output pump is simulated; connect it with --io pump=gpiochip0:17");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn failures_name_the_name() {
        for (connection, part) in [
            ("pump=17", "\"pump=17\" is not a GPIO line"),
            ("pump=gpiochip999:17", "pump: cannot open /dev/gpiochip999: it does not exist"),
            ("pmup=gpiochip0:17", "\"pmup\" is no input or output of the application; use pump"),
        ] {
            let io = io(&[connection]);
            io.output("pump");
            let error = finish(&io).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let error = finish(&io(&["pump=gpiochip0:17"])).unwrap_err();
        assert_eq!(error, "\"pump\" is unknown: the application has no inputs or outputs");
        let io = io(&["air=i2c-1:0x50"]);
        io.i2c("air", &[0x76, 0x77]);
        assert_eq!(
            finish(&io).unwrap_err(),
            "\"air=i2c-1:0x50\" has an invalid address; use 0x76 or 0x77, as in i2c-1:0x77"
        );
    }

    #[test]
    #[should_panic(expected = "asks for the output \"pump\" twice")]
    fn name_is_asked_for_once() {
        let io = io(&[]);
        io.output("pump");
        io.output("pump");
    }

    #[test]
    fn connection_has_a_name_and_a_place() {
        for text in ["", "pump", "=gpiochip0:17", "pump="] {
            assert!(Connection::parse(text).is_err(), "{text}");
        }
        let twice = ["pump=gpiochip0:1", "pump=gpiochip0:2"].map(|text| Connection::parse(text).unwrap());
        assert_eq!(twice[0].to_string(), "pump=gpiochip0:1");
        assert!(Connection::check(&twice[..1]).is_ok());
        assert_eq!(Connection::check(&twice).unwrap_err().0, "pump=gpiochip0:2");
    }
}
