//! Frames of the list (docs/contracts.md, section 9).

use super::admittance::Admittance;
use crate::fleet::{Since, Summary};
use serde_json::Value;
use std::fmt::{self, Display};
use std::time::SystemTime;

/// Maximum length of a frame, in bytes.
///
/// The table has so much memory for each device, and so has each core that serves clients.
pub(super) const FRAME_MAX: usize = 304;
/// Maximum length of a title in a frame, in bytes of JSON.
const TITLE_MAX: usize = 96;
/// Maximum length of a version in a frame, in bytes of JSON.
const VERSION_MAX: usize = 32;

/// Frame of a place: the device in it, or that it is free.
pub(super) struct Row<'s> {
    pub(super) place: usize,
    pub(super) device: Option<&'s Summary>,
}

/// Frame of the gateway itself.
pub(super) struct About {
    /// Whether it is connected to the broker.
    pub(super) broker: bool,
    /// The number of devices in the list.
    pub(super) devices: usize,
    /// Whether there is no place for a further device.
    pub(super) full: bool,
    pub(super) admittance: Admittance,
}

impl Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"label\":\"device\",\"value\":{{\"place\":{}", self.place)?;
        if let Some(device) = self.device {
            let (title, version) = device
                .description
                .as_ref()
                .map_or((device.id.as_str(), ""), |known| (&known.title, &known.version));
            let (since, seen) = match device.presence.since {
                Since::At(time) => (time, true),
                Since::Before(time) => (time, false),
            };
            write!(
                f,
                ",\"id\":\"{}\",\"title\":{},\"version\":{},\"online\":{},\"since\":{},\"seen\":{seen}",
                device.id,
                shortened(title, TITLE_MAX),
                shortened(version, VERSION_MAX),
                device.presence.online,
                unix_millis(since),
            )?;
        }
        f.write_str("}}")
    }
}

impl Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, devices, full, admittance } = self;
        let (guarded, open) = (*admittance == Admittance::Password, *admittance == Admittance::Open);
        write!(
            f,
            "{{\"label\":\"gateway\",\"value\":{{\"broker\":{broker},\"devices\":{devices},\"full\":{full}"
        )?;
        write!(f, ",\"guarded\":{guarded},\"open\":{open},\"now\":{}}}}}", unix_millis(SystemTime::now()))
    }
}

/// Returns a text as JSON, shortened to this length in bytes of JSON.
fn shortened(text: &str, max: usize) -> Value {
    let mut length = 0;
    let fits = |character: &char| {
        length += match character {
            '"' | '\\' => 2,
            character if character.is_control() => 6,
            character => character.len_utf8(),
        };
        length <= max
    };
    Value::String(text.chars().take_while(fits).collect())
}

fn unix_millis(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Description, Presence};
    use instep_mqtt::DeviceId;
    use std::sync::Arc;
    use std::time::Duration;

    fn summary(title: &str, version: &str) -> Summary {
        let description = Description {
            text: "{}".into(),
            title: title.into(),
            version: version.into(),
            charted: [].into(),
        };
        Summary {
            id: DeviceId::new("lamp-0a1b2c").unwrap(),
            presence: Presence {
                online: true,
                since: Since::At(SystemTime::UNIX_EPOCH + Duration::from_millis(1_800_000_000_123)),
            },
            start: None,
            description: Some(Arc::new(description)),
            revision: 1,
        }
    }

    #[test]
    fn row_has_what_the_page_shows() {
        let device = summary("Lamp", "1.2");
        let row = Row { place: 3, device: Some(&device) };
        assert_eq!(
            row.to_string(),
            r#"{"label":"device","value":{"place":3,"id":"lamp-0a1b2c","title":"Lamp","version":"1.2","online":true,"since":1800000000123,"seen":true}}"#
        );
        let device = Summary { description: None, ..device };
        assert!(
            Row { place: 3, device: Some(&device) }
                .to_string()
                .contains(r#""title":"lamp-0a1b2c","version":"""#)
        );
        assert_eq!(Row { place: 3, device: None }.to_string(), r#"{"label":"device","value":{"place":3}}"#);
    }

    /// Returns the length of a text as JSON.
    fn quoted(text: &str) -> usize {
        Value::from(text).to_string().len()
    }

    #[test]
    fn longest_texts_fit_into_a_frame() {
        for text in ["\u{1}", "\"", "é", "🔑", "x"] {
            let mut device = summary(&text.repeat(1000), &text.repeat(1000));
            device.id = DeviceId::new(&"x".repeat(40)).unwrap();
            device.presence.online = false;
            // More devices fit into no memory.
            let row = Row { place: 999_999_999, device: Some(&device) }.to_string();
            assert!(row.len() <= FRAME_MAX, "{text}: {}", row.len());
            let read: Value = serde_json::from_str(&row).expect("not JSON");
            let length = |member: &str| read["value"][member].as_str().map_or(0, |text| quoted(text) - 2);
            let (title, version) = (length("title"), length("version"));
            assert!((TITLE_MAX - 5..=TITLE_MAX).contains(&title), "{title}: {row}");
            assert!((VERSION_MAX - 5..=VERSION_MAX).contains(&version), "{version}: {row}");
        }
    }
}
