//! What `GET /firmware` says, in JSON.

use super::obstacle::Obstacle;
use super::state::{Phase, State};
use super::status::{FirmwareStatus, LastUpdate, REASON_MAX};
use core::fmt::{self, Write};
use instep_proto::json::Text;

/// Maximum length of a name, escaped in JSON, in bytes.
const NAME_MAX: usize = 32;
/// Maximum length of the status in JSON, in bytes.
pub(super) const STATUS_MAX: usize = 512;

impl State {
    /// Writes the status in JSON.
    ///
    /// `permission` is the reason why the client may not update the device, if so.
    pub(super) fn write_status(&self, permission: Option<Obstacle>, out: &mut dyn Write) -> fmt::Result {
        let FirmwareStatus { version, board, chip, application, slot, state, capacity, last } = &self.status;
        write!(out, "{{\"version\":{},\"board\":{},\"chip\":", name(version), name(board),)?;
        match chip {
            Some(chip) => write!(out, "{chip}")?,
            None => out.write_str("null")?,
        }
        write!(
            out,
            ",\"application\":{},\"slot\":{},\"state\":\"{}\",\"capacity\":{},\"last\":",
            name(application),
            name(slot),
            state.as_str(),
            capacity.unwrap_or(0),
        )?;
        match last {
            Some(LastUpdate { outcome, version, reason }) => write!(
                out,
                "{{\"version\":{},\"outcome\":\"{}\",\"reason\":{}}}",
                name(version.as_str()),
                outcome.as_str(),
                Text::cut(reason.as_str(), REASON_MAX),
            )?,
            None => out.write_str("null")?,
        }
        match (self.phase, self.offer.length) {
            (Phase::Idle | Phase::Abandoned(_) | Phase::Activated, _) => out.write_str(",\"upload\":null")?,
            (_, Some(length)) => {
                write!(out, ",\"upload\":{{\"received\":{},\"length\":{length}}}", self.received)?;
            }
            (_, None) => write!(out, ",\"upload\":{{\"received\":{},\"length\":null}}", self.received)?,
        }
        match permission.or(self.obstacle(None)) {
            Some(obstacle) => write!(out, ",\"refusal\":\"{}\"}}", obstacle.code()),
            None => out.write_str(",\"refusal\":null}"),
        }
    }
}

fn name(name: &str) -> Text<&str> {
    Text::cut(name, NAME_MAX)
}
