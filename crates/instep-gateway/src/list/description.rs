//! Descriptions of devices, for the way on which a client came.

use crate::fleet::Description;
use instep_mqtt::DeviceId;
use instep_proto::http::RequestHead;
use serde_json::Value;

/// Where a client reached the gateway, and what it asks for there.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    /// The address of the gateway, such as `https://gateway.example/fleet`. Empty if the request has no Host.
    address: String,
    guarded: bool,
}

impl Site {
    /// Start of the id of a Thing, before the id of the device.
    pub(super) const URN: &str = "urn:instep:";

    pub(super) fn of(head: &RequestHead<'_>, guarded: bool) -> Self {
        let scheme = if head.secure { "https" } else { "http" };
        let address = head.host.map(|host| format!("{scheme}://{host}{}", head.base));
        Self { address: address.unwrap_or_default(), guarded }
    }

    /// Returns the description of a device with its id, its base and its security. `rest` comes from [`members`].
    pub(super) fn describe(&self, id: &DeviceId, rest: &str) -> String {
        let separator = if rest == "}" { "" } else { "," };
        // The address comes from the client.
        let base = Value::String(format!("{}/{id}/.well-known/", self.address));
        let security = if self.guarded {
            "\"security\":\"any\",\"securityDefinitions\":{\"any\":{\"scheme\":\"combo\",\"oneOf\":[\"bearer\",\"basic\"]},\
             \"bearer\":{\"scheme\":\"bearer\",\"in\":\"header\",\"format\":\"password\"},\
             \"basic\":{\"scheme\":\"basic\",\"in\":\"header\"}}"
        } else {
            "\"security\":\"nosec\",\"securityDefinitions\":{\"nosec\":{\"scheme\":\"nosec\"}}"
        };
        format!("{{\"id\":\"{}{id}\",\"base\":{base},{security}{separator}{rest}", Self::URN)
    }
}

/// Returns the members of a description that are the same for all ways, and the brace behind them.
///
/// Returns `None` if the description is no object.
pub(super) fn members(description: &Description) -> Option<String> {
    let Ok(Value::Object(mut all)) = serde_json::from_str(&description.text) else { return None };
    for own in ["id", "base", "security", "securityDefinitions"] {
        all.remove(own);
    }
    let mut text = Value::Object(all).to_string();
    text.remove(0);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(address: &str, guarded: bool, text: &str) -> Option<Value> {
        let site = Site { address: address.into(), guarded };
        let description =
            Description { text: text.into(), title: "".into(), version: "".into(), charted: [].into() };
        let text = site.describe(&DeviceId::new("lamp").unwrap(), &members(&description)?);
        Some(serde_json::from_str(&text).expect("not JSON"))
    }

    #[test]
    fn description_says_where_the_client_reaches_the_device() {
        let text = r#"{"title":"Lamp","base":"http://evil","properties":{"t":{"title":"T"}}}"#;
        let lamp = described("https://gateway.example/fleet", true, text).unwrap();
        assert_eq!(lamp["id"], "urn:instep:lamp");
        assert_eq!(lamp["base"], "https://gateway.example/fleet/lamp/.well-known/");
        assert_eq!(lamp["properties"], serde_json::json!({ "t": { "title": "T" } }));
        assert_eq!((&lamp["title"], &lamp["security"]), (&"Lamp".into(), &"any".into()));
        let open = described("http://a\"b", false, " { } ").unwrap();
        assert_eq!(
            (&open["security"], &open["base"]),
            (&"nosec".into(), &"http://a\"b/lamp/.well-known/".into())
        );
        assert_eq!(described("", false, "[]"), None);
    }
}
