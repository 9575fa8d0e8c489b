//! All declarations that were read, each once.

use super::declaration::Declaration;
use super::gateway_limits::GatewayLimits;
use crate::fleet::Description;
use instep::Asset;
use std::collections::HashMap;

/// All declarations that were read, by the text of their description.
///
/// A declaration is never freed, because shards refer to it, so their number is limited.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    /// `None` is a text that declares nothing that can be shown.
    by_text: HashMap<Box<str>, Option<&'static Declaration>>,
    bytes: usize,
    is_told: bool,
}

/// Reason why there is no declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoDeclaration {
    Unreadable,
    Full,
}

impl Declarations {
    /// Returns the declaration of a description.
    pub(super) fn find(
        &mut self,
        description: &Description,
        pages: &'static [(&'static str, Asset)],
        limits: &GatewayLimits,
    ) -> Result<&'static Declaration, NoDeclaration> {
        let text = &description.text;
        if let Some(known) = self.by_text.get(text) {
            return known.ok_or(NoDeclaration::Unreadable);
        }
        if self.by_text.len() >= limits.declarations || self.bytes + text.len() > limits.declaration_bytes {
            if !std::mem::replace(&mut self.is_told, true) {
                log::warn!(
                    "Devices of {} different descriptions were looked at, and devices of others are shown only after a restart of the gateway",
                    self.by_text.len()
                );
            }
            return Err(NoDeclaration::Full);
        }
        let title = &description.title;
        let read = Declaration::read(text, pages, |name, reason| {
            log::debug!("{name} of {title:?} is not shown: {reason}");
        });
        let declaration = match read {
            Ok(declaration) => Some(&*Box::leak(Box::new(declaration))),
            Err(reason) => {
                log::warn!("The description of {title:?} cannot be shown: {reason}");
                None
            }
        };
        self.bytes += text.len();
        self.by_text.insert(text.clone(), declaration);
        declaration.ok_or(NoDeclaration::Unreadable)
    }
}
