//! What Home Assistant is told of a device (device-based discovery).
//!
//! The text is written in parts, so it may be longer than the output buffer.

use crate::topics::Topics;
use core::fmt::{self, Display};
use instep::broker::{Control, Followed, shortest};
use instep::thing::Kind;
use instep_proto::json::Text;

/// Maximum length of a text in Home Assistant.
const TEXT_MAX: usize = 255;

/// Name of the component that shows the installed version. No control has this name.
pub(crate) const VERSION: &str = "thing";

/// Discovery message of a device.
#[derive(Clone, Copy)]
pub(crate) struct Discovery<'d> {
    pub(crate) followed: &'d Followed<'d>,
    pub(crate) topics: Topics<'d>,
    /// The address of the device's page.
    pub(crate) page: Option<&'d str>,
    /// Name and platform of the component that this message removes, and nothing else.
    pub(crate) removed: Option<(&'d str, &'d str)>,
}

/// Component of the device, in order of number. The last one is the version.
#[derive(Clone, Copy)]
pub(crate) enum Component {
    Control(Control),
    Version,
}

impl Component {
    /// Returns the component of that number.
    pub(crate) fn at(number: usize, followed: &Followed<'_>) -> Option<Self> {
        if let Some(control) = followed.control(number) {
            return Some(Self::Control(control));
        }
        let is_after_controls = number == 0 || followed.control(number - 1).is_some();
        (is_after_controls && !followed.version().is_empty()).then_some(Self::Version)
    }

    /// Finds the component of that name.
    pub(crate) fn find(name: &str, followed: &Followed<'_>) -> Option<Self> {
        (0..).map_while(|number| Self::at(number, followed)).find(|component| component.name() == name)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Control(control) => control.name,
            Self::Version => VERSION,
        }
    }

    /// Returns the platform in Home Assistant.
    pub(crate) fn platform(&self) -> &'static str {
        match self {
            Self::Version => "update",
            Self::Control(control) => match control.kind {
                Kind::Switch => "switch",
                Kind::Number { .. } => "number",
                Kind::Sensor { .. } => "sensor",
                Kind::BinarySensor => "binary_sensor",
                Kind::Select { .. } => "select",
                Kind::Text { .. } | Kind::TextAction { .. } => "text",
                Kind::Button => "button",
                _ => "event",
            },
        }
    }
}

impl Display for Discovery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { followed, topics: Topics { id, .. }, page, removed, .. } = *self;
        write!(f, "{{\"dev\":{{\"ids\":[\"{id}\"]")?;
        write_text(",\"name\":", &followed.title(), f)?;
        if !followed.version().is_empty() {
            write_text(",\"sw\":", &followed.version(), f)?;
        }
        if let Some(page) = page {
            write_text(",\"cu\":", &page, f)?;
        }
        write_text(",\"mdl\":", &followed.name(), f)?;
        f.write_str("},\"o\":{\"name\":\"instep\"},\"cmps\":{")?;
        if let Some((name, platform)) = removed {
            // Alone, because Home Assistant drops the rest of a message if it is still busy with one of its components.
            write_text("", &name, f)?;
            write_text(":{\"p\":", &platform, f)?;
            return f.write_str("}}}");
        }
        for number in 0.. {
            let Some(component) = Component::at(number, followed) else { break };
            f.write_str(if number > 0 { "," } else { "" })?;
            self.write_component(component, f)?;
        }
        f.write_str("}}")
    }
}

impl Discovery<'_> {
    fn write_component(&self, component: Component, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Topics { prefix, id } = self.topics;
        let (name, platform) = (component.name(), component.platform());
        write!(f, "\"{name}\":{{\"p\":\"{platform}\",\"uniq_id\":\"{id}_{name}\"")?;
        let parts = [prefix, "/", id, "/", name, "/set"];
        let (state, own) = (&parts[..3], &parts[..5]);
        let control = match component {
            Component::Version => {
                let version = self.followed.version();
                let version: Text<&dyn Display> = Text::new(&version);
                f.write_str(",\"name\":\"Firmware\"")?;
                write_topic(",\"stat_t\":", own, f)?;
                let template = format_args!(
                    "{{{{ {{'installed_version': {version}, 'latest_version': {version}}} | tojson }}}}"
                );
                write_text(",\"val_tpl\":", &template, f)?;
                write_topic(",\"avty\":[{\"t\":", state, f)?;
                return f.write_str("}]}");
            }
            Component::Control(control) => control,
        };
        write_text(",\"name\":", &control.title, f)?;
        write_topic(",\"avty\":[{\"t\":", state, f)?;
        f.write_str("}")?;
        if control.kind.is_property() {
            write_topic(",{\"t\":", own, f)?;
            f.write_str(",\"val_tpl\":\"{{ 'offline' if value_json.value is none else 'online' }}\"}")?;
        }
        f.write_str("],\"avty_mode\":\"all\"")?;
        if !control.kind.is_action() {
            write_topic(",\"stat_t\":", own, f)?;
        }
        if control.kind.is_writable() {
            write_topic(",\"cmd_t\":", &parts, f)?;
        }
        write_kind(control, f)?;
        f.write_str("}")
    }
}

fn write_kind(control: Control, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const VALUE: &str = ",\"val_tpl\":\"{{ value_json.value }}\"";
    const VALUE_AS_JSON: &str =
        ",\"val_tpl\":\"{{ value_json.value | tojson }}\",\"pl_on\":\"true\",\"pl_off\":\"false\"";
    const COMMAND_AS_JSON: &str = ",\"cmd_tpl\":\"{{ value | tojson }}\"";
    match *control.kind {
        Kind::Switch | Kind::BinarySensor => f.write_str(VALUE_AS_JSON),
        Kind::Number { min, max, step, unit } => {
            write_value(VALUE, &"", f)?;
            for (key, number) in [(",\"min\":", min), (",\"max\":", max), (",\"step\":", step)] {
                write_value(key, &shortest(number), f)?;
            }
            write_unit(unit, f)
        }
        Kind::Sensor { unit, precision, .. } => {
            write_value(VALUE, &",\"stat_cla\":\"measurement\"", f)?;
            write_value(",\"sug_dsp_prc\":", &precision, f)?;
            write_unit(unit, f)
        }
        Kind::Select { options } => {
            write_value(VALUE, &COMMAND_AS_JSON, f)?;
            f.write_str(",\"ops\":[")?;
            for (number, option) in options.iter().enumerate() {
                write_text(if number > 0 { "," } else { "" }, option, f)?;
            }
            f.write_str("]")
        }
        Kind::Text { max } => {
            write_value(VALUE, &COMMAND_AS_JSON, f)?;
            write_value(",\"max\":", &max.min(TEXT_MAX), f)
        }
        Kind::TextAction { max } => {
            write_value(COMMAND_AS_JSON, &"", f)?;
            write_value(",\"max\":", &max.min(TEXT_MAX), f)
        }
        Kind::Button => f.write_str(",\"pl_prs\":\"null\""),
        Kind::Log => f.write_str(
            ",\"evt_typ\":[\"debug\",\"info\",\"warning\",\"error\"],\"val_tpl\":\"{{ {'event_type': \
             value_json.value.severity, 'message': value_json.value.message} | tojson }}\"",
        ),
        _ => write!(
            f,
            ",\"evt_typ\":[\"{0}\"],\"val_tpl\":\"{{{{ {{'event_type': '{0}', 'value': value_json.value}} | tojson }}}}\"",
            control.name
        ),
    }
}

fn write_unit(unit: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if unit.is_empty() { Ok(()) } else { write_text(",\"unit_of_meas\":", &unit, f) }
}

/// Writes a key and a topic, which is given in parts.
// Neither this function nor those below are inlined, because a call is shorter.
#[inline(never)]
fn write_topic(key: &str, parts: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write_text(key, &fmt::from_fn(|f| parts.iter().try_for_each(|part| f.write_str(part))), f)
}

/// Writes a key and a text.
#[inline(never)]
fn write_text(key: &str, text: &dyn Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write_value(key, &Text::new(text), f)
}

/// Writes a key and a value.
#[inline(never)]
fn write_value(key: &str, value: &dyn Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{key}{value}")
}
