//! What `GET /firmware` says, in JSON.

use super::obstacle::Obstacle;
use super::state::{Phase, State};
use super::status::{FirmwareStatus, LastUpdate};
use core::fmt::{self, Write};
use instep_proto::json::Text;

/// Maximum length of a name, escaped in JSON, in bytes.
const NAME_MAX: usize = 48;
/// Maximum length of a reason, escaped in JSON, in bytes.
const REASON_MAX: usize = 160;

impl State {
    /// Writes a part of the status in JSON, and returns the number of the next part.
    ///
    /// `permission` is the reason why the client may not update the device, if so.
    pub(super) fn write_status(
        &self,
        part: u32,
        permission: Option<Obstacle>,
        out: &mut dyn Write,
    ) -> Result<Option<u32>, fmt::Error> {
        let FirmwareStatus { version, board, application, slot, state, capacity, last } = self.status;
        let name = |name| Text::cut(name, NAME_MAX);
        match part {
            0 => write!(
                out,
                "{{\"version\":{},\"board\":{},\"application\":{},\"slot\":{},\"state\":\"{}\",\"capacity\":{},",
                name(version),
                name(board),
                name(application),
                name(slot),
                state.as_str(),
                capacity.unwrap_or(0),
            )?,
            1 => match last {
                Some(LastUpdate { outcome, version, reason }) => write!(
                    out,
                    "\"last\":{{\"version\":{},\"outcome\":\"{}\",\"reason\":{}}},",
                    name(version.as_str()),
                    outcome.as_str(),
                    Text::cut(reason, REASON_MAX),
                )?,
                None => out.write_str("\"last\":null,")?,
            },
            _ => {
                match self.phase {
                    Phase::Idle | Phase::Abandoned | Phase::Activated => out.write_str("\"upload\":null")?,
                    Phase::Announced | Phase::Receiving | Phase::Finishing | Phase::Answered(_) => {
                        write!(out, "\"upload\":{{\"received\":{},\"length\":", self.received)?;
                        match self.offer.length {
                            Some(length) => write!(out, "{length}}}")?,
                            None => out.write_str("null}")?,
                        }
                    }
                }
                return match permission.or(self.obstacle(None)) {
                    Some(obstacle) => write!(out, ",\"refusal\":\"{}\"}}", obstacle.code()),
                    None => out.write_str(",\"refusal\":null}"),
                }
                .map(|()| None);
            }
        }
        Ok(Some(part + 1))
    }
}
