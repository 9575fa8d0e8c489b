//! Functions that `parse`, `options` and `topics` share.

use crate::problems::Problems;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use std::fmt::Display;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Error, Result, Token};

/// Takes a name. Returns the error `otherwise` if the next token is not a name.
pub(crate) fn identifier(input: ParseStream, otherwise: impl Display) -> Result<Ident> {
    if !input.peek(Ident::peek_any) {
        return Err(at(input, otherwise));
    }
    let name = input.call(Ident::parse_any)?;
    if syn::parse2::<Ident>(name.to_token_stream()).is_err() {
        return Err(Error::new(name.span(), format!("`{name}` is a keyword of Rust; choose another name")));
    }
    Ok(name)
}

/// Takes the next token if it is `word`, and returns whether it was.
pub(crate) fn word(input: ParseStream, word: &str) -> bool {
    let is_next = matches!(next(input), Some(TokenTree::Ident(name)) if name == word);
    is_next && input.parse::<Ident>().is_ok()
}

/// Takes the next group in braces, or returns `None` if no brace follows.
pub(crate) fn braces(input: ParseStream) -> Result<Option<Group>> {
    if input.peek(syn::token::Brace) { input.parse().map(Some) } else { Ok(None) }
}

/// Takes attributes and doc comments.
pub(crate) fn attributes(input: ParseStream) -> Result<TokenStream> {
    let mut attributes = TokenStream::new();
    while input.peek(Token![#]) {
        input.parse::<Token![#]>()?.to_tokens(&mut attributes);
        input.parse::<Group>()?.to_tokens(&mut attributes);
    }
    Ok(attributes)
}

pub(crate) fn visibility(input: ParseStream) -> Result<TokenStream> {
    let mut visibility = TokenStream::new();
    if input.peek(Token![pub]) {
        input.parse::<Token![pub]>()?.to_tokens(&mut visibility);
        if input.peek(syn::token::Paren) {
            input.parse::<Group>()?.to_tokens(&mut visibility);
        }
    }
    Ok(visibility)
}

/// Takes all items of a list, each with its comma. `item` takes one; behind a mistake, the next item is taken nevertheless.
pub(crate) fn list<T>(
    input: ParseStream,
    problems: &mut Problems,
    mut item: impl FnMut(ParseStream, &mut Problems) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        match item(input, problems) {
            Ok(item) => items.extend(item),
            Err(error) => {
                problems.add(error);
                skip_to_comma(input)?;
            }
        }
        separator(input, problems)?;
    }
    Ok(items)
}

/// Takes the comma after an interaction or option, or reports that it is missing.
fn separator(input: ParseStream, problems: &mut Problems) -> Result<()> {
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
    } else if let Some(token) = next(input) {
        // The compiler turns a doc comment into an attribute, so the error does not show the token.
        let is_attribute = input.peek(Token![#]);
        let before = if is_attribute { "this".to_owned() } else { format!("`{token}`") };
        problems.report(&token, format!("expected `,` before {before}"));
        if !is_attribute && !matches!(token, TokenTree::Ident(_)) {
            skip_to_comma(input)?;
            separator(input, problems)?;
        }
    }
    Ok(())
}

/// Skips the tokens before the next comma.
pub(crate) fn skip_to_comma(input: ParseStream) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

pub(crate) fn next(input: ParseStream) -> Option<TokenTree> {
    input.cursor().token_tree().map(|(token, _)| token)
}

/// Returns an error that underlines the next token.
pub(crate) fn at(input: ParseStream, message: impl Display) -> Error {
    Error::new(input.span(), message)
}
