//! The procedural macros behind `instep::thing!` and `instep::topics!`. They run in the compiler: nothing of this crate is linked into an application.
//!
//! For a Thing, `parse` reads a declaration, `options` the options of an interaction, and both go on behind a mistake; `check` judges what was read, and `generate` writes the handle and
//! the enum of its commands. `problems` collects what is wrong.

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

/// Expands what `instep::thing!` gets, behind the name of the crate `instep`.
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

/// Expands what `instep::topics!` gets, behind the name of the crate `instep`.
#[doc(hidden)]
#[proc_macro]
pub fn __topics(input: TokenStream) -> TokenStream {
    topics::topics(input.into()).into()
}
