//! What a device says of its firmware.

use instep_update::{Chip, Identity, Name};
use serde_json::Value;

/// Answer to `GET /firmware`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) version: String,
    pub(super) board: String,
    pub(super) chip: Option<u16>,
    pub(super) application: String,
    pub(super) slot: String,
    pub(super) is_on_trial: bool,
    pub(super) capacity: u64,
    /// What became of the image that was sent last, if it is known.
    pub(super) last: Option<Last>,
    /// Number of bytes that are received of an upload.
    pub(super) received: Option<u64>,
    pub(super) is_restarting: bool,
    /// Whether an image is received or checked.
    pub(super) is_busy: bool,
}

/// What became of an image that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It did not stay.
    Returned {
        /// Its version, which is empty if its slot has no whole image any more.
        version: String,
        reason: String,
    },
    /// The device refused it, with this sentence.
    Refused(String),
    /// Something else.
    Other,
}

/// What became of the image that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The device has yet to decide about the image, or receives another one.
    Undecided,
    /// The device has yet to restart.
    Restarting,
    /// The new image runs on trial.
    OnTrial,
    /// The new image stays.
    Confirmed,
    /// The image before runs.
    Before,
}

impl Status {
    /// Parses the answer. Returns `None` if it is not that of a device.
    pub(super) fn parse(body: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(body).ok()?;
        let text = |name: &str| Some(readable(json.get(name)?.as_str()?));
        let (upload, refusal) = (json.get("upload"), json.get("refusal").and_then(Value::as_str));
        let received = upload.and_then(|upload| upload.get("received")?.as_u64());
        Some(Self {
            version: text("version")?,
            board: text("board")?,
            chip: json.get("chip").and_then(Value::as_u64).and_then(|chip| chip.try_into().ok()),
            application: text("application")?,
            slot: text("slot")?,
            is_on_trial: text("state")? == "trial",
            capacity: json.get("capacity")?.as_u64()?,
            last: Last::parse(json.get("last")?),
            received,
            is_restarting: refusal == Some("restarting"),
            is_busy: received.is_some() || refusal == Some("busy"),
        })
    }

    /// Returns what runs, for a comparison with an image.
    ///
    /// Returns `None` if a name cannot be one of an image.
    pub(super) fn running(&self, image: &Identity) -> Option<Identity> {
        let mut running = *image;
        if let Some(chip) = self.chip {
            running.chip = Chip(chip);
        }
        running.board = name(&self.board)?;
        running.application = name(&self.application)?;
        running.version = name(&self.version)?;
        Some(running)
    }

    /// Returns what became of an image that was sent while `slot` ran.
    ///
    /// Slots are compared, because the new image may have the same version.
    pub(super) fn fate(&self, slot: &str) -> Fate {
        match (self.slot == slot, self.is_on_trial) {
            (true, _) if self.is_restarting => Fate::Restarting,
            (true, _) if self.is_busy => Fate::Undecided,
            (true, _) => Fate::Before,
            (false, true) => Fate::OnTrial,
            (false, false) => Fate::Confirmed,
        }
    }
}

impl Last {
    fn parse(json: &Value) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let reason = || text("reason").map(readable).unwrap_or_default();
        Some(match text("outcome")? {
            "returned" => Self::Returned {
                version: text("version").map(readable).unwrap_or_default(),
                reason: reason(),
            },
            "refused" => Self::Refused(reason()),
            _ => Self::Other,
        })
    }
}

/// Returns text of a device without control characters, which a terminal would obey.
pub(super) fn readable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

fn name(text: &str) -> Option<Name> {
    let mut padded = [0; Name::MAX];
    padded.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Name::from_padded(&padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"version":"0.2.0","board":"devkit","chip":5,"application":"garden","slot":"ota_0",
        "state":"confirmed","capacity":2031616,"last":null,"upload":null,"refusal":null}"#;

    #[test]
    fn answer_of_device_is_parsed() {
        let status = Status::parse(BODY).unwrap();
        assert_eq!(
            (status.version.as_str(), status.board.as_str(), status.chip),
            ("0.2.0", "devkit", Some(5))
        );
        assert_eq!((status.is_on_trial, status.received, status.last), (false, None, None));
        for (outcome, last) in [
            ("returned", Last::Returned { version: "0.3.0".into(), reason: "it\u{fffd}[2J panicked".into() }),
            ("refused", Last::Refused("it\u{fffd}[2J panicked".into())),
            ("broken", Last::Other),
            ("confirmed", Last::Other),
        ] {
            let last_json = format!(
                "\"last\":{{\"version\":\"0.3.0\",\"outcome\":\"{outcome}\",\"reason\":\"it\\u001b[2J panicked\"}}"
            );
            let body = BODY.replace("\"last\":null", &last_json);
            assert_eq!(Status::parse(&body).unwrap().last, Some(last));
        }
        let upload = BODY.replace("\"upload\":null", "\"upload\":{\"received\":77,\"length\":null}");
        assert_eq!(Status::parse(&upload).unwrap().received, Some(77));
        for other in ["", "[]", "{}", "<html>", &BODY.replace("\"slot\":\"ota_0\",", "")] {
            assert_eq!(Status::parse(other), None, "{other}");
        }
    }

    #[test]
    fn fate_is_told_by_slot() {
        let mut status = Status::parse(BODY).unwrap();
        assert_eq!((status.fate("ota_0"), status.fate("ota_1")), (Fate::Before, Fate::Confirmed));
        status.is_on_trial = true;
        assert_eq!(status.fate("ota_1"), Fate::OnTrial);
        (status.is_on_trial, status.is_restarting) = (false, true);
        assert_eq!(status.fate("ota_0"), Fate::Restarting);
        (status.is_restarting, status.is_busy) = (false, true);
        assert_eq!(status.fate("ota_0"), Fate::Undecided);
    }
}
