//! The value of an option: an expression that the compiler reads, kept as tokens.

use crate::tokens::next;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::{Result, Token};

/// Keywords before an operand, or between two operands.
const BEFORE_OPERAND: [&str; 6] = ["as", "dyn", "move", "mut", "ref", "return"];
/// Keywords that begin an expression with blocks.
const BEFORE_BLOCK: [&str; 5] = ["const", "if", "loop", "match", "unsafe"];

/// Takes the tokens of one expression.
///
/// It ends at a comma. It also ends if an operand or a block follows an operand without an operator between them,
/// because then a comma is missing, or the next word is `every`.
pub(crate) fn value(input: ParseStream) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut ends_operand = false;
    // Commas in `<…>` do not end the expression.
    let mut angles = 0_usize;
    // Punctuation since the last operand.
    let mut signs = String::new();
    let has_blocks = matches!(next(input), Some(TokenTree::Ident(word)) if is_one_of(&word, &BEFORE_BLOCK));
    while let Some(token) = next(input) {
        let begins_operand = match &token {
            TokenTree::Ident(word) => !is_one_of(word, &BEFORE_OPERAND),
            TokenTree::Literal(_) => true,
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(_) => false,
        };
        if angles == 0 && (input.peek(Token![,]) || ends_operand && begins_operand && !has_blocks) {
            break;
        }
        match &token {
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    '<' if angles > 0 || signs.ends_with("::") => angles += 1,
                    '>' => angles = angles.saturating_sub(1),
                    _ => {}
                }
                signs.push(punct.as_char());
            }
            _ => signs.clear(),
        }
        ends_operand = begins_operand || matches!(token, TokenTree::Group(_));
        input.parse::<TokenTree>()?.to_tokens(&mut tokens);
    }
    Ok(tokens)
}

fn is_one_of(word: &proc_macro2::Ident, words: &[&str]) -> bool {
    words.iter().any(|candidate| word == candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser as _;

    /// Splits a text into the value and the rest.
    fn split(text: &str) -> [String; 2] {
        let parse = |input: ParseStream| {
            let taken = value(input)?.to_string();
            Ok([taken, input.parse::<TokenStream>()?.to_string()])
        };
        parse.parse_str(text).expect("the text has no value")
    }

    #[test]
    fn value_ends_at_comma() {
        assert_eq!(split("-100, max: 1"), ["- 100", ", max : 1"]);
        assert_eq!(split("[1, 2], kept"), ["[1 , 2]", ", kept"]);
        assert_eq!(split("concat!(\"a\", \"b\"), kept"), ["concat ! (\"a\" , \"b\")", ", kept"]);
        assert_eq!(split("A as f64 * size(1, 2), kept"), ["A as f64 * size (1 , 2)", ", kept"]);
    }

    #[test]
    fn value_includes_commas_of_generics() {
        assert_eq!(split("Two::<1, 2>::SUM, kept"), ["Two ::< 1 , 2 >:: SUM", ", kept"]);
        assert_eq!(split("A < B, kept"), ["A < B", ", kept"]);
    }

    #[test]
    fn value_includes_blocks() {
        assert_eq!(split("if A { 1 } else { 2 }, kept"), ["if A { 1 } else { 2 }", ", kept"]);
    }

    #[test]
    fn value_ends_before_second_operand() {
        assert_eq!(split("300 every EVERY"), ["300", "every EVERY"]);
        assert_eq!(split("POINTS every 1"), ["POINTS", "every 1"]);
        assert_eq!(split("\"Lamp\" kept"), ["\"Lamp\"", "kept"]);
        assert_eq!(split("size(1) max: 2"), ["size (1)", "max : 2"]);
        assert_eq!(split("\"Lamp\" {}"), ["\"Lamp\"", "{ }"]);
        assert_eq!(split("\"Lamp\" { }"), ["\"Lamp\"", "{ }"]);
    }
}
