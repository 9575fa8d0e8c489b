//! Values that are literals, which are checked before the compiler evaluates them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Lit, LitStr};

/// Literal value.
#[derive(Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    /// `true`, `'c'`, `b"bytes"` and the like.
    Other,
}

/// Returns the literal in `value`, or `None` for any other expression.
pub(crate) fn literal(value: &TokenStream) -> Option<Literal> {
    Some(match syn::parse2::<Lit>(value.clone()).ok()? {
        Lit::Str(text) => Literal::Text(text.value()),
        Lit::Int(number) => Literal::Number(number.base10_parse().ok()?),
        Lit::Float(number) => Literal::Number(number.base10_parse().ok()?),
        _ => Literal::Other,
    })
}

/// Returns the number in `value`, or `None` for any other expression.
pub(crate) fn number(value: &TokenStream) -> Option<f64> {
    match literal(value)? {
        Literal::Number(number) => Some(number),
        Literal::Text(_) | Literal::Other => None,
    }
}

/// Returns the text in `value`, or `None` for any other expression.
pub(crate) fn text(value: &TokenStream) -> Option<String> {
    match literal(value)? {
        Literal::Text(text) => Some(text),
        Literal::Number(_) | Literal::Other => None,
    }
}

/// Returns the list of texts in `value`, or `None` for any other expression.
pub(crate) fn texts(value: &TokenStream) -> Option<Vec<LitStr>> {
    let mut tokens = value.clone().into_iter();
    let (Some(TokenTree::Group(group)), None) = (tokens.next(), tokens.next()) else { return None };
    let parser = syn::punctuated::Punctuated::<LitStr, syn::Token![,]>::parse_terminated;
    if group.delimiter() != Delimiter::Bracket {
        return None;
    }
    let texts = syn::parse::Parser::parse2(parser, group.stream()).ok()?;
    Some(texts.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Literal> {
        literal(&text.parse().expect("the text has no tokens"))
    }

    #[test]
    fn literals_are_read() {
        assert_eq!(of("\"°C\""), Some(Literal::Text("°C".into())));
        assert_eq!(of("1_000"), Some(Literal::Number(1000.0)));
        assert_eq!(of("-0.5"), Some(Literal::Number(-0.5)));
        assert_eq!(of("-1_000"), Some(Literal::Number(-1000.0)));
        assert_eq!(of("10u8"), Some(Literal::Number(10.0)));
        assert_eq!(of("true"), Some(Literal::Other));
    }

    #[test]
    fn other_expressions_are_left_to_the_compiler() {
        assert_eq!(of("MAX"), None);
        assert_eq!(of("1 + 1"), None);
        assert_eq!(of(""), None);
    }
}
