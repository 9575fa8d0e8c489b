//! A declaration of a Thing, as `parse` returns it.

use crate::kind::Kind;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;

/// Input of `thing!`.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// Path of the crate `instep`, which is `$crate`.
    pub(crate) root: Ident,
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    pub(crate) title: TokenStream,
    /// Name of the enum of commands.
    pub(crate) commands: Ident,
    pub(crate) interactions: Vec<Interaction>,
}

/// A property, an action or an event.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) attributes: TokenStream,
    pub(crate) name: Ident,
    pub(crate) command: Option<Ident>,
    pub(crate) kind: &'static Kind,
    /// Span of the kind.
    pub(crate) kind_span: Span,
    /// Span of the brace that closes the options.
    pub(crate) end: Span,
    pub(crate) options: Vec<Choice>,
    /// Whether an option may be missing because of an error that has been reported.
    pub(crate) is_incomplete: bool,
}

/// An option and its value.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
    /// Value after `every` in a history; else empty.
    pub(crate) every: TokenStream,
}

impl Interaction {
    /// Returns the name of the interaction on the wire.
    pub(crate) fn label(&self) -> String {
        self.name.unraw().to_string()
    }

    pub(crate) fn option(&self, name: &str) -> Option<&Choice> {
        self.options.iter().find(|option| option.name == name)
    }

    /// Returns the value of an option, or an empty text if the option is missing.
    pub(crate) fn value(&self, name: &str) -> TokenStream {
        self.option(name).map_or_else(|| quote!(""), |option| option.value.clone())
    }
}

impl ToTokens for Choice {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.name.to_tokens(tokens);
        self.value.to_tokens(tokens);
        self.every.to_tokens(tokens);
    }
}
