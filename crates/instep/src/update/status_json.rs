//! What `GET /firmware` says, in JSON.

use super::obstacle::Obstacle;
use super::state::{Phase, State};
use super::status::{FirmwareStatus, LastUpdate};
use core::fmt::{Display, Write as _};
use instep_proto::http::Window;
use instep_proto::json::Text;

/// Maximum length of a name, escaped in JSON, in bytes.
const NAME_MAX: usize = 32;
/// Maximum length of a reason, escaped in JSON, in bytes.
const REASON_MAX: usize = 80;
/// Maximum length of the status in JSON, in bytes.
pub(super) const STATUS_MAX: usize = 512;

impl State {
    /// Writes the status in JSON.
    ///
    /// `permission` is the reason why the client may not update the device, if so. Cannot fail, because the longest status
    /// fits.
    pub(super) fn write_status(&self, permission: Option<Obstacle>, out: &mut Window<'_>) {
        let FirmwareStatus { version, board, chip, application, slot, state, capacity, last, .. } =
            &self.status;
        let mut out = Members(out);
        out.text("{\"version\":", version, NAME_MAX);
        out.text(",\"board\":", board, NAME_MAX);
        out.number(",\"chip\":", chip.map(u32::from));
        out.text(",\"application\":", application, NAME_MAX);
        out.text(",\"slot\":", slot, NAME_MAX);
        out.text(",\"state\":", state.as_str(), NAME_MAX);
        out.number(",\"capacity\":", Some(capacity.unwrap_or(0)));
        if let Some(LastUpdate { outcome, version, reason }) = last {
            out.text(",\"last\":{\"version\":", version.as_str(), NAME_MAX);
            out.text(",\"outcome\":", outcome.as_str(), NAME_MAX);
            out.text(",\"reason\":", reason, REASON_MAX);
            out.raw("}");
        } else {
            out.raw(",\"last\":null");
        }
        if let Phase::Idle | Phase::Abandoned(_) | Phase::Activated = self.phase {
            out.raw(",\"upload\":null");
        } else {
            out.number(",\"upload\":{\"received\":", Some(self.received));
            out.number(",\"length\":", self.offer.length);
            out.raw("}");
        }
        match permission.or(self.obstacle(0)) {
            Some(obstacle) => out.text(",\"refusal\":", obstacle.code(), NAME_MAX),
            None => out.raw(",\"refusal\":null"),
        }
        out.raw("}");
    }
}

/// Writer of members of an object. Its functions are not inlined, because calls are shorter.
struct Members<'w, 'o>(&'w mut Window<'o>);

impl Members<'_, '_> {
    #[inline(never)]
    fn raw(&mut self, text: &str) {
        let _ = self.0.write_str(text);
    }

    /// Writes a key and a text, which is cut at `max` bytes.
    #[inline(never)]
    fn text(&mut self, key: &str, text: &str, max: usize) {
        // The type of a problem's message, whose code is there anyway.
        let text: Text<&dyn Display> = Text::cut(&text, max);
        self.raw(key);
        let _ = write!(self.0, "{text}");
    }

    /// Writes a key and a number, or `null`.
    #[inline(never)]
    fn number(&mut self, key: &str, number: Option<u32>) {
        self.raw(key);
        match number {
            Some(number) => {
                let _ = write!(self.0, "{number}");
            }
            None => self.raw("null"),
        }
    }
}
