//! Restoring of persisted property values as writes.

use super::inbox::{Inbox, Invoked, Restoring};
use super::keep::{Keeping, keep_value};
use crate::log::lines;
use crate::model::{Input, PERSISTED_MAX, PropertyStore, Thing};

impl Inbox<'_> {
    /// Persists the properties that are declared `kept` in `store`.
    ///
    /// Must be called before the application runs.
    ///
    /// The first requests are the stored values, as if clients wrote them, in the order of the declaration. So the application
    /// sets its hardware and publishes them by its usual code. A stored value that does not fit the declaration is skipped and
    /// logged.
    ///
    /// After the last stored value, every published value of such a property is persisted. The values that the application
    /// published before, such as its defaults, are not.
    pub fn keep_in(&mut self, store: &'static dyn PropertyStore) {
        self.restoring = Some(Restoring { store, next: 0, next_invoked: next_kept });
    }
}

fn next_kept(inbox: &mut Inbox<'_>, thing: &'static Thing) -> Option<Invoked> {
    let Restoring { store, next, .. } = inbox.restoring.as_mut()?;
    let store = *store;
    while let Some(interaction) = thing.interactions.get(*next) {
        *next += 1;
        if !interaction.kept {
            continue;
        }
        let name = interaction.name;
        let mut bytes = [0; PERSISTED_MAX];
        let Some(length) = store.value(name, &mut bytes) else { continue };
        let stored = bytes.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok());
        let read = stored.and_then(|stored| Some((interaction.kind.read_kept(stored)?, stored)));
        inbox.buffer.clear();
        match read {
            Some((input, stored)) if inbox.buffer.append(stored.as_bytes()) => {
                inbox.text = if matches!(input, Input::Text(_)) { 0..length } else { 0..0 };
                lines::info(format_args!("{name} is restored"));
                return Some(Invoked { name, input });
            }
            _ => lines::warn(format_args!(
                "{name} is not restored: the stored value does not fit the declaration"
            )),
        }
    }
    inbox.restoring = None;
    // Set only now, because the defaults that the application publishes at its start would replace stored values.
    inbox.device.with(|state| state.keeping = Some(Keeping { store, keep: keep_value }));
    None
}
