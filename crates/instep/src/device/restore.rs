//! Properties that outlive a restart: what was kept comes to the application as a write, and from then on what it publishes is
//! kept.

use super::inbox::{Inbox, Invoked, Restoring};
use super::keep::Keeping;
use crate::model::{Input, PERSISTED_MAX, PropertyStore, Thing};

impl Inbox<'_> {
    /// Keeps the Thing's properties that are declared `kept` in `store`. To be called before the application runs.
    ///
    /// The first requests are then the values that were kept, as if clients wrote them, in the order of the declaration: so the
    /// application sets its hardware and publishes them as it always does. What does not fit the declaration any more is left out, and
    /// the log says so. When the application waits for more, all that it publishes of such a property is kept: what clients
    /// wrote and it accepted, and what it changed itself. What it published before, its defaults, is not.
    pub fn keep_in(&mut self, store: &'static dyn PropertyStore) {
        self.restoring = Some(Restoring { store, next: 0, next_invoked: next_kept });
    }
}

fn next_kept(inbox: &mut Inbox<'_>, thing: &'static Thing) -> Option<Invoked> {
    let Restoring { store, next, .. } = inbox.restoring.as_mut()?;
    let store = *store;
    while let Some(interaction) = thing.interactions.get(*next) {
        *next += 1;
        if !interaction.is_persistent() {
            continue;
        }
        let name = interaction.name;
        let mut bytes = [0; PERSISTED_MAX];
        let Some(length) = store.value(name, &mut bytes) else { continue };
        let kept = bytes.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok());
        let read = kept.and_then(|kept| Some((interaction.kind.read_kept(kept)?, kept)));
        inbox.buffer.clear();
        match read {
            Some((input, kept)) if inbox.buffer.append(kept.as_bytes()) => {
                inbox.text = if matches!(input, Input::Text(_)) { 0..length } else { 0..0 };
                log::info!("{name} is restored");
                return Some(Invoked { name, input });
            }
            _ => log::warn!("{name} is not restored: what was kept does not fit what is declared now"),
        }
    }
    inbox.restoring = None;
    // Not before: what the application publishes at its start would be kept in place of what was.
    inbox.device.with(|state| state.keeping = Some(Keeping::new(store)));
    None
}
