//! Descriptions of devices, which devices of one firmware share.

use super::history::{Charted, charted};
use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Thing Description of a device as it came from the broker, without `base` and `security`.
///
/// Devices with the same text share it.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// The text, which is a JSON object in UTF-8.
    pub text: Box<str>,
    /// The title.
    pub title: Box<str>,
    /// The version, which may be empty.
    pub version: Box<str>,
    /// The sensors with a history.
    pub(crate) charted: Box<[Charted]>,
}

/// All descriptions, each once.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    all: HashSet<ByText>,
    /// Whether there may be some that no device has.
    has_unused: bool,
}

/// Description that is found by its text.
#[derive(Debug)]
struct ByText(Arc<Description>);

impl Description {
    fn parse(text: &str) -> Option<Self> {
        let members: serde_json::Value = serde_json::from_str(text).ok()?;
        let title = members.get("title")?.as_str()?;
        let version = members.pointer("/version/instance").and_then(|version| version.as_str());
        Some(Self {
            text: text.into(),
            title: title.into(),
            version: version.unwrap_or_default().into(),
            charted: charted(&members),
        })
    }

    /// Returns the length of all its texts and of what was read from them, in bytes.
    fn length(&self) -> usize {
        self.text.len() + self.title.len() + self.version.len() + size_of_val(&*self.charted)
    }
}

impl Descriptions {
    /// Returns the description with this text, and how many bytes it takes that were not taken before.
    ///
    /// Returns `None` if the text is no description.
    pub(super) fn find(&mut self, text: &[u8]) -> Option<(Arc<Description>, usize)> {
        let text = str::from_utf8(text).ok()?;
        if let Some(ByText(known)) = self.all.get(text) {
            return Some((known.clone(), 0));
        }
        let new = Arc::new(Description::parse(text)?);
        let length = new.length();
        self.all.insert(ByText(new.clone()));
        Some((new, length))
    }

    /// Gives up a description, and returns how many bytes are free because no other device has it.
    pub(super) fn release(&mut self, description: &Arc<Description>) -> usize {
        if Arc::strong_count(description) > 2 {
            // Viewers may have it for a moment.
            self.has_unused = true;
            return 0;
        }
        if self.all.remove(&*description.text) { description.length() } else { 0 }
    }

    /// Forgets the descriptions that nobody has any more, and returns how many bytes are free.
    pub(super) fn purge(&mut self) -> usize {
        if !std::mem::take(&mut self.has_unused) {
            return 0;
        }
        let gone = self.all.extract_if(|ByText(description)| Arc::strong_count(description) == 1);
        gone.map(|ByText(description)| description.length()).sum()
    }
}

impl Borrow<str> for ByText {
    fn borrow(&self) -> &str {
        &self.0.text
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for ByText {}
