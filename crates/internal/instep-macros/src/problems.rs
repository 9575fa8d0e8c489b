//! Errors of one declaration.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::fmt::Display;

/// Errors, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Problems(Option<syn::Error>);

impl Problems {
    /// Adds an error. The compiler underlines `part`.
    pub(crate) fn report(&mut self, part: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(part, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the number of errors.
    pub(crate) fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |first| first.into_iter().count())
    }

    /// Returns one `compile_error!` for each error.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.map(syn::Error::into_compile_error).unwrap_or_default()
    }
}
