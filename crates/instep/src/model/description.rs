//! Thing Description (W3C Web of Things, Thing Description 1.1).
//!
//! Terms with the prefix `instep` are for the panel, where the standard has none. `base` is the address of the request, and all
//! other addresses are relative to it.

use super::decimal::{Decimal, Shortest};
use super::interaction::Interaction;
use super::kind::{History, Kind};
use super::manifest::Manifest;
use super::thing::Thing;
use core::fmt::{self, Display, Write};
use instep_proto::fnv1a;
use instep_proto::json::Text;

/// Media type of a Thing Description.
pub(crate) const CONTENT_TYPE: &str = "application/td+json";

/// Security scheme in the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Nothing is said of the security.
    Unstated,
    /// There is no log-in.
    None,
    /// A session, whose cookie is named after this port, or the password.
    LogIn { port: u16 },
}

/// Address at which a client reached the device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base<'r> {
    /// Whether it reached the device over TLS.
    pub(crate) secure: bool,
    pub(crate) host: &'r str,
    /// The prefix of a proxy before the device's paths, such as `/device`.
    pub(crate) prefix: &'r str,
    /// The path of the device behind the prefix, on a server with several devices.
    #[cfg(feature = "gateway")]
    pub(crate) mount: &'r str,
}

/// Beginning of a description, which depends on the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning<'r>(pub(crate) Option<Base<'r>>);

impl Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{\"@context\":[\"https://www.w3.org/2022/wot/td/v1.1\",{\"instep\":\"urn:instep:\"}],")?;
        match self.0 {
            Some(Base {
                secure,
                host,
                prefix,
                #[cfg(feature = "gateway")]
                mount,
            }) => {
                #[cfg(feature = "gateway")]
                let prefix = format_args!("{prefix}{mount}");
                let scheme = if secure { "https" } else { "http" };
                let base = format_args!("{scheme}://{host}{prefix}/.well-known/");
                write!(f, "\"base\":{},", Text::new(base))
            }
            // A request of HTTP/1.0 may lack Host.
            None => Ok(()),
        }
    }
}

/// Description of a Thing after its beginning.
///
/// The text never changes, so it can be written in parts.
#[derive(Debug)]
pub(crate) struct Description<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) thing: &'a Thing,
    pub(crate) security: Security,
}

impl Description<'_> {
    /// Returns the length and the hash of the description with its beginning.
    pub(crate) fn measure(&self, beginning: Beginning<'_>) -> (usize, u64) {
        let mut measure = Measure { length: 0, hash: fnv1a::EMPTY };
        // `Measure` never fails.
        let _ = write!(measure, "{beginning}");
        let _ = self.write(&mut measure);
        (measure.length, measure.hash)
    }

    /// Writes the description after its beginning.
    pub(crate) fn write(&self, out: &mut dyn Write) -> fmt::Result {
        let (title, about) = (Text::new(self.thing.title), Text::new(self.manifest.about));
        write!(out, "\"title\":{title},\"description\":{about}")?;
        if !self.manifest.version.is_empty() {
            write!(out, ",\"version\":{{\"instance\":{}}}", Text::new(self.manifest.version))?;
        }
        self.write_security(out)?;
        out.write_str(
            ",\"links\":[{\"href\":\"../\",\"rel\":\"alternate\",\"type\":\"text/html\"},\
             {\"href\":\"../ws\",\"rel\":\"service\",\"instep:wire\":1}],\
             \"forms\":[{\"href\":\"../properties\",\"op\":[\"readallproperties\"",
        )?;
        if self.thing.is_writable() {
            out.write_str(",\"writemultipleproperties\"")?;
        }
        out.write_str(
            "],\"contentType\":\"application/json\"},\
             {\"href\":\"../events\",\"op\":[\"observeallproperties\",\"unobserveallproperties\",\
             \"subscribeallevents\",\"unsubscribeallevents\"],\"subprotocol\":\"sse\",\"contentType\":\"text/event-stream\"}]",
        )?;
        self.write_all(out, "properties", Kind::is_property, write_property)?;
        self.write_all(out, "actions", Kind::is_action, write_action)?;
        self.write_all(out, "events", Kind::is_event, write_event)?;
        out.write_str("}")
    }

    fn write_security(&self, out: &mut dyn Write) -> fmt::Result {
        match self.security {
            Security::Unstated => Ok(()),
            Security::None => out.write_str(
                ",\"security\":\"nosec\",\"securityDefinitions\":{\"nosec\":{\"scheme\":\"nosec\"}}",
            ),
            Security::LogIn { port } => write!(
                out,
                ",\"security\":\"any\",\"securityDefinitions\":{{\
                 \"any\":{{\"scheme\":\"combo\",\"oneOf\":[\"session\",\"bearer\",\"basic\"]}},\
                 \"session\":{{\"scheme\":\"apikey\",\"in\":\"cookie\",\"name\":\"instep_{port}\"}},\
                 \"bearer\":{{\"scheme\":\"bearer\",\"in\":\"header\",\"format\":\"password\"}},\
                 \"basic\":{{\"scheme\":\"basic\",\"in\":\"header\"}}}}"
            ),
        }
    }

    /// Writes a member with all properties, actions or events, if there are any.
    fn write_all(
        &self,
        out: &mut dyn Write,
        member: &str,
        is: fn(&Kind) -> bool,
        write_rest: fn(&Interaction, &mut dyn Write) -> fmt::Result,
    ) -> fmt::Result {
        let interactions = self.thing.interactions.iter().enumerate();
        let mut first = true;
        for (number, interaction) in interactions.filter(|(_, interaction)| is(&interaction.kind)) {
            if core::mem::take(&mut first) {
                write!(out, ",\"{member}\":{{")?;
            } else {
                out.write_str(",")?;
            }
            write!(
                out,
                "\"{}\":{{\"title\":{},\"instep:kind\":\"{}\",\"instep:order\":{number}",
                interaction.name,
                Text::new(interaction.title),
                interaction.kind.name()
            )?;
            if !interaction.group.is_empty() {
                write!(out, ",\"instep:group\":{}", Text::new(interaction.group))?;
            }
            write_rest(interaction, out)?;
            out.write_str("}")?;
        }
        if first { Ok(()) } else { out.write_str("}") }
    }
}

fn write_property(interaction: &Interaction, out: &mut dyn Write) -> fmt::Result {
    let Interaction { name, kind, .. } = interaction;
    match *kind {
        Kind::Switch => out.write_str(",\"type\":\"boolean\"")?,
        Kind::Number { min, max, step, unit } => {
            let precision = kind.precision();
            let kind = if precision == 0 { "integer" } else { "number" };
            write!(out, ",\"type\":\"{kind}\",\"minimum\":{},\"maximum\":{}", Shortest(min), Shortest(max))?;
            // `multipleOf` counts from 0, and steps count from the minimum.
            if is_multiple(min, step, precision) {
                write!(out, ",\"multipleOf\":{}", Shortest(step))?;
            }
            write!(out, ",\"instep:step\":{},\"instep:precision\":{precision}", Shortest(step))?;
            write_unit(unit, out)?;
        }
        Kind::Sensor { unit, precision, history } => {
            out.write_str(",\"oneOf\":[{\"type\":\"number\"},{\"type\":\"null\"}]")?;
            write!(out, ",\"instep:precision\":{precision}")?;
            write_unit(unit, out)?;
            if let Some(History { points, every }) = history {
                write!(
                    out,
                    ",\"instep:history\":{{\"href\":\"../properties/{name}/history\",\"points\":{points},\"every\":{every}}}"
                )?;
            }
        }
        Kind::BinarySensor => {
            out.write_str(",\"oneOf\":[{\"type\":\"boolean\"},{\"type\":\"null\"}]")?;
            if let Some([on, off]) = interaction.words {
                write!(out, ",\"instep:on\":{},\"instep:off\":{}", Text::new(on), Text::new(off))?;
            }
        }
        Kind::Select { options } => {
            out.write_str(",\"type\":\"string\",\"enum\":[")?;
            for (index, option) in options.iter().enumerate() {
                write!(out, "{}{}", if index > 0 { "," } else { "" }, Text::new(option))?;
            }
            out.write_str("]")?;
        }
        // `maxLength` counts characters and the limit counts bytes, so the limit in bytes is written, too.
        Kind::Text { max } => {
            write!(out, ",\"type\":\"string\",\"maxLength\":{max},\"instep:bytes\":{max}")?;
        }
        Kind::Button | Kind::TextAction { .. } | Kind::Event | Kind::Log => {}
    }
    let operations =
        if kind.is_writable() { "[\"readproperty\",\"writeproperty\"]" } else { "\"readproperty\"" };
    write!(
        out,
        ",\"readOnly\":{},\"observable\":true,\"forms\":[{{\"href\":\"../properties/{name}\",\"op\":{operations}}},\
         {{\"href\":\"../properties/{name}/events\",\"op\":[\"observeproperty\",\"unobserveproperty\"],{STREAM}}}]",
        !kind.is_writable()
    )
}

/// Members of the form of an event stream.
const STREAM: &str = "\"subprotocol\":\"sse\",\"contentType\":\"application/json\"";

fn write_action(interaction: &Interaction, out: &mut dyn Write) -> fmt::Result {
    if let Kind::TextAction { max } = interaction.kind {
        out.write_str(",\"input\":{\"type\":\"string\"")?;
        write!(out, ",\"maxLength\":{max},\"instep:bytes\":{max}}}")?;
    }
    write!(out, ",\"forms\":[{{\"href\":\"../actions/{}\",\"op\":\"invokeaction\"}}]", interaction.name)
}

fn write_event(interaction: &Interaction, out: &mut dyn Write) -> fmt::Result {
    let data = match interaction.kind {
        Kind::Log => LOG_VALUE,
        _ => "{\"type\":\"string\"}",
    };
    write!(
        out,
        ",\"data\":{data},\"forms\":[{{\"href\":\"../events/{}\",\
         \"op\":[\"subscribeevent\",\"unsubscribeevent\"],{STREAM}}}]",
        interaction.name
    )
}

/// Schema of a log line on the wire.
const LOG_VALUE: &str = "{\"type\":\"object\",\"properties\":{\"severity\":{\"type\":\"string\",\
    \"enum\":[\"debug\",\"info\",\"warning\",\"error\"]},\"message\":{\"type\":\"string\"}},\"required\":[\"severity\",\"message\"]}";

fn write_unit(unit: &str, out: &mut dyn Write) -> fmt::Result {
    if unit.is_empty() { Ok(()) } else { write!(out, ",\"unit\":{}", Text::new(unit)) }
}

fn is_multiple(value: f64, step: f64, precision: u8) -> bool {
    let [value, step] = [value, step].map(|number| Decimal::nearest(number, precision));
    value.zip(step).is_some_and(|(value, step)| value.is_multiple_of(step))
}

/// Writer that counts and hashes its input.
///
/// The hash is FNV-1a, because it is only for an ETag.
struct Measure {
    length: usize,
    hash: u64,
}

impl Write for Measure {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.length += text.len();
        self.hash = fnv1a::extend(self.hash, text.as_bytes());
        Ok(())
    }
}
