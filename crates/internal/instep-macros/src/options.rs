//! Reads the options of an interaction, in any order.

use crate::declaration::Choice;
use crate::kind::{self, KEPT, Kind, Takes};
use crate::problems::Problems;
use crate::suggest::nearest;
use crate::tokens::{at, identifier, list, skip_to_comma, word};
use crate::value::value;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::parse::ParseStream;
use syn::{Error, Result, Token};

/// Reads all options of the interaction `of`.
pub(crate) fn options(
    input: ParseStream,
    of: &Ident,
    kind: &Kind,
    problems: &mut Problems,
) -> Result<Vec<Choice>> {
    let mut names = Vec::new();
    list(input, problems, |input, problems| {
        let Some(option) = option(input, of, kind, problems)? else { return Ok(None) };
        let name = option.name.clone();
        if names.contains(&name) {
            problems.report(&name, format!("`{name}` of `{of}` is given twice; remove one"));
            return Ok(None);
        }
        names.push(name);
        Ok(Some(option))
    })
}

/// Reads an option.
///
/// Reports an option that the kind does not have, and returns `None`.
fn option(input: ParseStream, of: &Ident, kind: &Kind, problems: &mut Problems) -> Result<Option<Choice>> {
    let name = identifier(input, format!("expected an option of `{of}`\n{}", kind.about_options()))?;
    let text = name.to_string();
    let Some((takes, example)) = kind::option(&text).filter(|_| kind.options().any(|known| known == text))
    else {
        problems.report(&name, unknown(&text, of, kind));
        skip_to_comma_or_option(input)?;
        return Ok(None);
    };
    let has_colon = input.peek(Token![:]);
    if has_colon {
        input.parse::<Token![:]>()?;
    } else if input.peek(Token![=]) {
        return Err(at(input, format!("expected `:` after `{text}`, found `=`")));
    }
    let given = if has_colon { value(input)? } else { TokenStream::new() };
    let mut every = TokenStream::new();
    if takes == Takes::Nothing {
        if has_colon {
            let message = format!("`{text}` has no value: write `{text}` alone, or leave it out");
            problems.report(quote!(#name #given), message);
        }
    } else if given.is_empty() {
        return Err(Error::new(name.span(), format!("`{text}` of `{of}` has no value: write `{example}`")));
    } else if takes == Takes::History {
        every = if word(input, "every") { value(input)? } else { every };
        if every.is_empty() {
            let message = format!(
                "`{text}` of `{of}` has no interval: write `{text}: {given} every 1_000` to keep one value each 1,000 ms"
            );
            return Err(Error::new_spanned(quote!(#name #given), message));
        }
    }
    Ok(Some(Choice { name, value: given, every }))
}

/// Returns the error for an option that the kind does not have.
fn unknown(option: &str, of: &Ident, kind: &Kind) -> String {
    let advice = if option == KEPT {
        "only a property that clients write can be kept; remove it".to_owned()
    } else if let Some(meant) = nearest(option, kind.options()) {
        format!("did you mean `{meant}`?")
    } else {
        format!("{} has no such option; remove it", kind.a_name())
    };
    format!("unknown option `{option}` of `{of}`: {advice}\n{}", kind.about_options())
}

/// Skips the value of an unknown option.
fn skip_to_comma_or_option(input: ParseStream) -> Result<()> {
    if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        value(input)?;
    } else {
        skip_to_comma(input)?;
    }
    Ok(())
}
