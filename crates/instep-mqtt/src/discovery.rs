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
        write!(f, "{{\"dev\":{{\"ids\":[\"{id}\"],\"name\":{}", Text::new(followed.title()))?;
        if !followed.version().is_empty() {
            write!(f, ",\"sw\":{}", Text::new(followed.version()))?;
        }
        if let Some(page) = page {
            write!(f, ",\"cu\":{}", Text::new(page))?;
        }
        write!(f, ",\"mdl\":{}}},\"o\":{{\"name\":\"instep\"}},\"cmps\":{{", Text::new(followed.name()))?;
        if let Some((name, platform)) = removed {
            // Alone, because Home Assistant drops the rest of a message if it is still busy with one of its components.
            return write!(f, "{}:{{\"p\":{}}}}}}}", Text::new(name), Text::new(platform));
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
        let state = Text::new(fmt::from_fn(move |f| write!(f, "{prefix}/{id}")));
        let own = Text::new(fmt::from_fn(move |f| write!(f, "{prefix}/{id}/{name}")));
        let control = match component {
            Component::Version => {
                let version = self.followed.version();
                let template = format_args!(
                    "{{{{ {{'installed_version': {0}, 'latest_version': {0}}} | tojson }}}}",
                    Text::new(version)
                );
                return write!(
                    f,
                    ",\"name\":\"Firmware\",\"stat_t\":{own},\"val_tpl\":{},\"avty\":[{{\"t\":{state}}}]}}",
                    Text::new(template)
                );
            }
            Component::Control(control) => control,
        };
        write!(f, ",\"name\":{},\"avty\":[{{\"t\":{state}}}", Text::new(control.title))?;
        if control.kind.is_property() {
            write!(
                f,
                ",{{\"t\":{own},\"val_tpl\":\"{{{{ 'offline' if value_json.value is none else 'online' }}}}\"}}"
            )?;
        }
        f.write_str("],\"avty_mode\":\"all\"")?;
        if !control.kind.is_action() {
            write!(f, ",\"stat_t\":{own}")?;
        }
        if control.kind.is_writable() {
            write!(f, ",\"cmd_t\":{}", Text::new(format_args!("{prefix}/{id}/{name}/set")))?;
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
            let [min, max, step] = [min, max, step].map(shortest);
            write!(f, "{VALUE},\"min\":{min},\"max\":{max},\"step\":{step}")?;
            write_unit(unit, f)
        }
        Kind::Sensor { unit, precision, .. } => {
            write!(f, "{VALUE},\"stat_cla\":\"measurement\",\"sug_dsp_prc\":{precision}")?;
            write_unit(unit, f)
        }
        Kind::Select { options } => {
            write!(f, "{VALUE}{COMMAND_AS_JSON},\"ops\":[")?;
            for (number, option) in options.iter().enumerate() {
                write!(f, "{}{}", if number > 0 { "," } else { "" }, Text::new(option))?;
            }
            f.write_str("]")
        }
        Kind::Text { max } => write!(f, "{VALUE}{COMMAND_AS_JSON},\"max\":{}", max.min(TEXT_MAX)),
        Kind::TextAction { max } => write!(f, "{COMMAND_AS_JSON},\"max\":{}", max.min(TEXT_MAX)),
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
    if unit.is_empty() { Ok(()) } else { write!(f, ",\"unit_of_meas\":{}", Text::new(unit)) }
}
