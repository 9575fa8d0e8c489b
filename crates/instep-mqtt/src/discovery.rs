//! What Home Assistant is told of a device (device-based discovery).
//!
//! The text is written in parts, so it may be longer than the output buffer.

use crate::address::split_once;
use crate::identity::Identity;
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
    pub(crate) own: &'d Identity<'d>,
    /// Name and platform of the component that this message removes, and nothing else.
    pub(crate) removed: Option<(&'d str, &'d str)>,
}

impl Identity<'_> {
    /// Returns the discovery message, or the one that removes a component.
    pub(crate) fn discovery<'d>(&'d self, removed: Option<(&'d str, &'d str)>) -> Discovery<'d> {
        Discovery { own: self, removed }
    }
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
        // No field of a device depends on the component.
        let device = Fields { discovery: self, component: Component::Version };
        device.fill(DEVICE, f)?;
        if self.removed.is_some() {
            // Alone, because Home Assistant drops the rest of a message if it is still busy with one of its components.
            return device.fill("$N:{\"p\":$R}}}", f);
        }
        for number in 0.. {
            let Some(component) = Component::at(number, self.own.followed) else { break };
            f.write_str(if number > 0 { "," } else { "" })?;
            let template = if matches!(component, Component::Version) { VERSION_COMPONENT } else { CONTROL };
            Fields { discovery: self, component }.fill(template, f)?;
        }
        f.write_str("}}")
    }
}

// The templates have a `$` and a letter for each field, see `Fields`. One loop that fills them takes less flash than a
// call for each field.
const DEVICE: &str =
    "{\"dev\":{\"ids\":[\"$i\"],\"name\":$T$w$u,\"mdl\":$A},\"o\":{\"name\":\"instep\"},\"cmps\":{";
const VERSION_COMPONENT: &str = "\"$n\":{\"p\":\"$p\",\"uniq_id\":\"$i_$n\",\"name\":\"Firmware\",\"stat_t\":$o,\"val_tpl\":$v,\"avty\":[{\"t\":$s}]}";
const CONTROL: &str = "\"$n\":{\"p\":\"$p\",\"uniq_id\":\"$i_$n\",\"name\":$t,\"avty\":[{\"t\":$s}$a],\"avty_mode\":\"all\"$r$c$k}";
const VALUE: &str = ",\"val_tpl\":\"{{ value_json.value }}\"";
const COMMAND: &str = ",\"cmd_tpl\":\"{{ value | tojson }}\"";

/// Returns the template of what depends on the kind.
fn template_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Switch | Kind::BinarySensor => {
            ",\"val_tpl\":\"{{ value_json.value | tojson }}\",\"pl_on\":\"true\",\"pl_off\":\"false\""
        }
        Kind::Number { .. } => "$V,\"min\":$1,\"max\":$2,\"step\":$3$e",
        Kind::Sensor { .. } => "$V,\"stat_cla\":\"measurement\",\"sug_dsp_prc\":$d$e",
        Kind::Select { .. } => "$V$C,\"ops\":[$O]",
        Kind::Text { .. } => "$V$C,\"max\":$x",
        Kind::TextAction { .. } => "$C,\"max\":$x",
        Kind::Button => ",\"pl_prs\":\"null\"",
        Kind::Log => {
            ",\"evt_typ\":[\"debug\",\"info\",\"warning\",\"error\"],\"val_tpl\":\"{{ {'event_type': \
             value_json.value.severity, 'message': value_json.value.message} | tojson }}\""
        }
        _ => {
            ",\"evt_typ\":[\"$n\"],\"val_tpl\":\"{{ {'event_type': '$n', 'value': value_json.value} | tojson }}\""
        }
    }
}

/// Values of the fields of the templates.
struct Fields<'d> {
    discovery: &'d Discovery<'d>,
    component: Component,
}

impl Fields<'_> {
    /// Writes a template with its fields.
    fn fill(&self, template: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = template;
        while let Some((text, after)) = split_once(rest, b'$') {
            f.write_str(text)?;
            self.write(after.bytes().next().unwrap_or_default(), f)?;
            rest = after.get(1..).unwrap_or_default();
        }
        f.write_str(rest)
    }

    fn fill_if(&self, is_there: bool, template: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_there { self.fill(template, f) } else { Ok(()) }
    }

    /// Writes a field of the device or of any component.
    fn write(&self, field: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Discovery { own: Identity { followed, topics: Topics { prefix, id }, page }, removed } =
            self.discovery;
        let (version, name) = (followed.version(), self.component.name());
        let removed = removed.unwrap_or_default();
        let text = match field {
            b'i' => return f.write_str(id),
            b'n' => return f.write_str(name),
            b'p' => return f.write_str(self.component.platform()),
            b'w' => return self.fill_if(!version.is_empty(), ",\"sw\":$W", f),
            b'u' => return self.fill_if(page.is_some(), ",\"cu\":$P", f),
            b'A' => followed.name(),
            b'T' => followed.title(),
            b'W' => version,
            b'P' => page.unwrap_or_default(),
            b'N' => removed.0,
            b'R' => removed.1,
            // The topics of the device, of the component, and of commands to it.
            b's' | b'o' | b'm' => {
                let parts = [*prefix, "/", *id, "/", name, "/set"];
                let count = match field {
                    b's' => 3,
                    b'o' => 5,
                    _ => 6,
                };
                let topic = fmt::from_fn(|f| parts.iter().take(count).try_for_each(|part| f.write_str(part)));
                return write_text(&topic, f);
            }
            b'v' => {
                let version: Text<&dyn Display> = Text::new(&version);
                let template = format_args!(
                    "{{{{ {{'installed_version': {version}, 'latest_version': {version}}} | tojson }}}}"
                );
                return write_text(&template, f);
            }
            _ => return self.write_of_control(field, f),
        };
        write_text(&text, f)
    }

    /// Writes a field of a control.
    // Not inlined, because the function above then needs a larger stack, at which an access takes twice the flash.
    #[inline(never)]
    fn write_of_control(&self, field: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Component::Control(Control { title, kind, .. }) = self.component else { return Ok(()) };
        match (field, kind) {
            (b't', _) => write_text(&title, f),
            (b'a', _) => self.fill_if(
                kind.is_property(),
                ",{\"t\":$o,\"val_tpl\":\"{{ 'offline' if value_json.value is none else 'online' }}\"}",
                f,
            ),
            (b'r', _) => self.fill_if(!kind.is_action(), ",\"stat_t\":$o", f),
            (b'c', _) => self.fill_if(kind.is_writable(), ",\"cmd_t\":$m", f),
            (b'k', _) => self.fill(template_of(kind), f),
            (b'V', _) => f.write_str(VALUE),
            (b'C', _) => f.write_str(COMMAND),
            (b'1', Kind::Number { min: number, .. })
            | (b'2', Kind::Number { max: number, .. })
            | (b'3', Kind::Number { step: number, .. }) => shortest(*number).fmt(f),
            (b'd', Kind::Sensor { precision, .. }) => precision.fmt(f),
            (b'e', Kind::Number { unit, .. } | Kind::Sensor { unit, .. }) => {
                self.fill_if(!unit.is_empty(), ",\"unit_of_meas\":$U", f)
            }
            (b'U', Kind::Number { unit, .. } | Kind::Sensor { unit, .. }) => write_text(unit, f),
            (b'O', Kind::Select { options }) => {
                for (number, option) in options.iter().enumerate() {
                    f.write_str(if number > 0 { "," } else { "" })?;
                    write_text(option, f)?;
                }
                Ok(())
            }
            (b'x', Kind::Text { max } | Kind::TextAction { max }) => max.min(&TEXT_MAX).fmt(f),
            _ => Ok(()),
        }
    }
}

/// Writes a JSON string.
#[inline(never)]
fn write_text(text: &dyn Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    Text::new(text).fmt(f)
}
