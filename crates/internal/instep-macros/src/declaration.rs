//! A declaration as it was read.

use crate::kind::Kind;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;

/// All that `thing!` gets.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// The crate `instep`, as `$crate`.
    pub(crate) root: Ident,
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    pub(crate) title: TokenStream,
    /// The name of the enum.
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
    /// Where the kind stands.
    pub(crate) kind_span: Span,
    /// Where the options end.
    pub(crate) end: Span,
    pub(crate) options: Vec<Choice>,
    /// Whether the options may lack one because of a mistake that has been reported.
    pub(crate) is_incomplete: bool,
}

/// An option and its value.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
    /// Of a history, what stands behind `every`.
    pub(crate) every: TokenStream,
}

impl Interaction {
    /// Returns the name that it has on the wire.
    pub(crate) fn label(&self) -> String {
        self.name.unraw().to_string()
    }

    pub(crate) fn option(&self, name: &str) -> Option<&Choice> {
        self.options.iter().find(|option| option.name == name)
    }

    /// Returns the value of an option. Without the option, it is an empty text.
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
