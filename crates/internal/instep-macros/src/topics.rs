//! The constants that `topics!` declares.

use crate::problems::Problems;
use crate::tokens::{at, attributes, identifier, visibility};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Result, Token};

/// Form of the declaration of topics, for errors.
const FORM: &str = "topics are declared as `topics! { const TOPICS = [LED, COUNT]; }`";

/// Returns a constant for the list and one for each topic, or the errors.
pub(crate) fn topics(input: TokenStream) -> TokenStream {
    read.parse2(input).unwrap_or_else(syn::Error::into_compile_error)
}

fn read(input: ParseStream) -> Result<TokenStream> {
    let root = input.call(Ident::parse_any)?;
    let (attributes, visibility) = (attributes(input)?, visibility(input)?);
    let keyword: Token![const] = input.parse().map_err(|_| at(input, FORM))?;
    let all = identifier(input, FORM)?;
    input.parse::<Token![=]>().map_err(|_| at(input, FORM))?;
    if !input.peek(syn::token::Bracket) {
        return Err(at(input, FORM));
    }
    let list;
    syn::bracketed!(list in input);
    let mut names: Vec<Ident> = Vec::new();
    let mut problems = Problems::default();
    while !list.is_empty() {
        let name = identifier(&list, FORM)?;
        if names.contains(&name) {
            problems.report(&name, format!("the topic `{name}` is declared twice; remove one"));
        } else {
            names.push(name);
        }
        if !list.is_empty() {
            list.parse::<Token![,]>().map_err(|_| at(&list, "expected `,` between topics"))?;
        }
    }
    input.parse::<Token![;]>().map_err(|_| at(input, "expected `;` behind the topics"))?;
    if !input.is_empty() {
        return Err(at(input, format!("unexpected behind the topics: {FORM}")));
    }
    let count = names.len();
    // The constants have the spans of the caller, so that the compiler warns if one is not used.
    let constants = names.iter().enumerate().map(|(index, name)| {
        let about = format!("The topic `{name}`.");
        let value = quote!(#root::Topics::new(#count).at(#index).unwrap());
        let typed = quote!(#root::Topic);
        quote_spanned!(name.span()=> #[doc = #about] #visibility const #name: #typed = #value;)
    });
    let (typed, value) = (quote!(#root::Topics), quote!(#root::Topics::new(#count)));
    let declared = quote_spanned!(keyword.span=> #attributes #visibility const #all: #typed = #value;);
    let problems = problems.into_tokens();
    Ok(quote!(#problems #declared #(#constants)*))
}
