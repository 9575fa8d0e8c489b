//! Declaration of a device, read from its Thing Description.

use instep::App;
use instep::thing::{History, Interaction, Kind, Thing};
use serde_json::{Map, Value};

/// Maximum number of properties, actions and events of a device.
const INTERACTIONS_MAX: usize = 512;
/// Maximum number of options of a select.
const OPTIONS_MAX: usize = 256;

/// Declaration of a device, with the applications that show it. It lives as long as the process.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) thing: &'static Thing,
    /// The application of a device that does not number its events, as far as is known.
    pub(super) plain: App,
    /// The application of a device that numbers its events.
    pub(super) numbered: App,
}

impl Declaration {
    /// Reads a description.
    ///
    /// What cannot be shown, such as a kind that this gateway does not know, is left out, and `left_out` gets its name and the reason.
    ///
    /// # Errors
    /// If there is nothing to show.
    pub(super) fn read(
        text: &str,
        pages: &'static [(&'static str, instep::Asset)],
        mut left_out: impl FnMut(&str, &str),
    ) -> Result<Self, &'static str> {
        let description: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| "it is no JSON object")?;
        let mut found = Vec::new();
        for (member, is) in [
            ("properties", Kind::is_property as fn(&Kind) -> bool),
            ("actions", Kind::is_action),
            ("events", Kind::is_event),
        ] {
            let Some(Value::Object(all)) = description.get(member) else { continue };
            for (name, about) in all {
                match interaction(name, about) {
                    Ok(interaction) if is(interaction.kind()) => {
                        let order = about.get("instep:order").and_then(Value::as_u64).unwrap_or(u64::MAX);
                        found.push((order, interaction));
                    }
                    Ok(_) => left_out(name, "it is of another sort"),
                    Err(reason) => left_out(name, reason),
                }
                if found.len() > INTERACTIONS_MAX {
                    return Err("it declares more than 512 properties, actions and events");
                }
            }
        }
        found.sort_by_key(|(order, _)| *order);
        let interactions: Vec<_> = found.into_iter().map(|(_, interaction)| interaction).collect();
        let member = |name: &str| description.get(name).and_then(Value::as_str);
        let title = member("title").filter(|title| !title.is_empty()).ok_or("it has no title")?;
        // Nothing is leaked before it is known to be right.
        let title = leak(title);
        let thing = &*Box::leak(Box::new(Thing::try_new(title, interactions.leak())?));
        let version = description.get("version").and_then(|version| version.get("instance"));
        let app = App::new(title, leak(member("description").unwrap_or_default()))
            .pages(pages)
            .version(leak(version.and_then(Value::as_str).unwrap_or_default()));
        Ok(Self {
            thing,
            plain: app.clone().thing_elsewhere(thing, false),
            numbered: app.thing_elsewhere(thing, true),
        })
    }
}

/// Reads the size of a history, if it is one.
fn history(about: &Value) -> Option<History> {
    let number = |member: &str| about.get(member).and_then(Value::as_u64);
    let (points, every) = number("points").zip(number("every"))?;
    let (points, every) = (usize::try_from(points).ok()?, u32::try_from(every).ok()?);
    (points > 0 && every >= 100).then_some(History { points, every })
}

/// Reads a property, action or event.
fn interaction(name: &str, about: &Value) -> Result<Interaction, &'static str> {
    let text = |member: &str| about.get(member).and_then(Value::as_str);
    let number = |member: &str| about.get(member).and_then(Value::as_f64);
    let kind = match text("instep:kind").ok_or("it has no instep:kind")? {
        "switch" => Kind::Switch,
        "number" => {
            let (min, max) = number("minimum").zip(number("maximum")).ok_or("it has no range")?;
            let step = number("instep:step").ok_or("it has no step")?;
            Kind::Number { min, max, step, unit: leak(text("unit").unwrap_or_default()) }
        }
        "sensor" => {
            let precision = about.get("instep:precision").and_then(Value::as_u64).unwrap_or(0);
            let precision = u8::try_from(precision).map_err(|_| "its precision is too large")?;
            let history = about.get("instep:history").and_then(history);
            Kind::Sensor { unit: leak(text("unit").unwrap_or_default()), precision, history }
        }
        "binary_sensor" => Kind::BinarySensor,
        "select" => {
            let Some(Value::Array(options)) = about.get("enum") else { return Err("it has no options") };
            let options: Option<Vec<&str>> = options.iter().map(Value::as_str).collect();
            let options = options.filter(|options| options.len() <= OPTIONS_MAX);
            let options = options.ok_or("its options are not texts, or too many")?;
            Kind::Select { options: options.into_iter().map(leak).collect::<Vec<_>>().leak() }
        }
        "text" => Kind::Text { max: bytes(about)? },
        "button" => Kind::Button,
        "message" => Kind::TextAction { max: about.get("input").ok_or("it has no input").and_then(bytes)? },
        "event" => Kind::Event,
        "log" => Kind::Log,
        _ => return Err("its kind is unknown here"),
    };
    let title = text("title").unwrap_or(name);
    let interaction = Interaction::try_new(leak(name), leak(title), kind)?;
    let interaction = match text("instep:group") {
        Some(group) => interaction.in_group(leak(group)),
        None => interaction,
    };
    Ok(match (interaction.kind(), text("instep:on").zip(text("instep:off"))) {
        (Kind::BinarySensor, Some((on, off))) if !on.is_empty() && !off.is_empty() && on != off => {
            interaction.words(leak(on), leak(off))
        }
        _ => interaction,
    })
}

/// Returns the maximum length of a text, in bytes.
fn bytes(about: &Value) -> Result<usize, &'static str> {
    let max = about.get("instep:bytes").and_then(Value::as_u64);
    max.and_then(|max| usize::try_from(max).ok()).ok_or("it has no maximum length")
}

fn leak(text: &str) -> &'static str {
    String::from(text).leak()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Result<Declaration, &'static str>, Vec<String>) {
        let mut left_out = Vec::new();
        let read = Declaration::read(text, &[], |name, reason| left_out.push(format!("{name}: {reason}")));
        (read, left_out)
    }

    #[test]
    fn unknown_and_wrong_parts_are_left_out() {
        let (declaration, left_out) = read(
            r#"{"title":"A lamp","properties":{
                "led":{"instep:kind":"switch","instep:order":1,"title":"LED"},
                "1st":{"instep:kind":"switch"},
                "error":{"instep:kind":"switch"},
                "new":{"instep:kind":"color"},
                "foreign":{"type":"boolean"},
                "none":7,
                "range":{"instep:kind":"number","minimum":5,"maximum":1,"instep:step":1},
                "mode":{"instep:kind":"select","enum":["a","a"]},
                "one":{"instep:kind":"select","enum":["a",7]},
                "name":{"instep:kind":"text","instep:bytes":0},
                "said":{"instep:kind":"event"},
                "level":{"instep:kind":"number","minimum":0,"maximum":100,"instep:step":0.5,"instep:order":0},
                "door":{"instep:kind":"binary_sensor","instep:on":"open","instep:off":"open"}},
              "actions":[],"events":{"said":{"instep:kind":"event"}}}"#,
        );
        let thing = declaration.expect("it is not read").thing;
        let names: Vec<_> = thing.names().collect();
        assert_eq!(names, ["level", "led", "door", "said"]);
        assert_eq!(left_out.len(), 10, "{left_out:?}");
        assert!(thing.topic_of("led").is_some() && thing.topic_of("said").is_none());
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "7", "[]", "{}", "{\"title\":7}", "{\"title\":\"\"}", "{\"title\":\"a\"", "\u{0}"] {
            assert!(read(text).0.is_err(), "{text}");
        }
        // A Thing without anything is one.
        assert!(read("{\"title\":\"a\"}").0.is_ok());
        let name = |i: u32| format!("\"a{i}\":{{\"instep:kind\":\"switch\"}}");
        let many: Vec<_> = (0..600).map(name).collect();
        assert!(read(&format!("{{\"title\":\"a\",\"properties\":{{{}}}}}", many.join(","))).0.is_err());
        let twice = "{\"title\":\"a\",\"properties\":{\"b\":{\"instep:kind\":\"switch\"}},\"actions\":{\"b\":{\"instep:kind\":\"button\"}}}";
        assert!(read(twice).0.is_err());
    }
}
