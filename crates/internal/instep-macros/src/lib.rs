//! The procedural macros behind `instep::thing!` and `instep::topics!`.
//!
//! They run in the compiler, so nothing of this crate is linked into an application.
//!
//! For a Thing, `parse` reads the declaration and `options` the options of each interaction. Both continue after an
//! error. `check` validates the declaration, `generate` writes the handle and the enum of its commands, and `problems`
//! collects the errors.

#![forbid(unsafe_code)]

mod check;
mod declaration;
mod generate;
mod kind;
mod literal;
mod options;
mod parse;
mod problems;
mod suggest;
mod tokens;
mod topics;
mod value;

use proc_macro::TokenStream;

/// Expands `instep::thing!`. The input begins with the path of the crate `instep`.
#[doc(hidden)]
#[proc_macro]
pub fn __thing(input: TokenStream) -> TokenStream {
    let mut problems = problems::Problems::default();
    let declaration = parse::declaration(input.into(), &mut problems);
    if let Some(declaration) = &declaration {
        check::check(declaration, &mut problems);
    }
    generate::generate(declaration.as_ref(), problems).into()
}

/// Expands `instep::topics!`. The input begins with the path of the crate `instep`.
#[doc(hidden)]
#[proc_macro]
pub fn __topics(input: TokenStream) -> TokenStream {
    topics::topics(input.into()).into()
}
