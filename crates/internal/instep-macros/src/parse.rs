//! Reads a declaration. It reports an error, and continues to read after it.

use crate::declaration::{Declaration, Interaction};
use crate::kind::Kind;
use crate::options::options;
use crate::problems::Problems;
use crate::tokens::{at, attributes, braces, identifier, list, next, visibility, word};
use crate::value::value;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Result, Token};

/// Form of the declaration of a Thing, for errors.
const FORM: &str = "a Thing is declared as `pub Pump: \"A pump\", commands PumpCommand { … }`";

/// Reads the input of `thing!`.
///
/// Returns `None` if the declaration does not begin with the names of the handle and of the enum, and a title.
pub(crate) fn declaration(input: TokenStream, problems: &mut Problems) -> Option<Declaration> {
    let parser = |input: ParseStream| {
        let read = thing(input, problems);
        // Tokens that are left are skipped, because syn would report them as a second error.
        while input.parse::<TokenTree>().is_ok() {}
        read
    };
    parser.parse2(input).map_err(|error| problems.add(error)).ok()
}

fn thing(input: ParseStream, problems: &mut Problems) -> Result<Declaration> {
    let root = input.call(Ident::parse_any)?;
    let attributes = attributes(input)?;
    let visibility = visibility(input)?;
    let name = identifier(input, FORM)?;
    if !input.peek(Token![:]) {
        return Err(at(input, format!("expected `:` and a title after `{name}`: {FORM}")));
    }
    input.parse::<Token![:]>()?;
    let title = value(input)?;
    if title.is_empty() {
        return Err(at(input, format!("`{name}` has no title: {FORM}")));
    }
    let commands = commands(input, &name, &title, problems)?;
    let Some(body) = braces(input)? else {
        let message = format!("expected the interactions of `{name}` in braces: {FORM}");
        return Err(Error::new(commands.span(), message));
    };
    if let Some(token) = next(input) {
        problems.report(token, format!("unexpected behind the interactions of `{name}`; remove it"));
    }
    let parser = |input: ParseStream| list(input, problems, interaction);
    let interactions = parser.parse2(body.stream())?;
    Ok(Declaration { root, attributes, visibility, name, title, commands, interactions })
}

/// Reads the name of the enum of commands.
fn commands(input: ParseStream, of: &Ident, title: &TokenStream, problems: &mut Problems) -> Result<Ident> {
    let has_comma = input.peek(Token![,]);
    if has_comma {
        input.parse::<Token![,]>()?;
    }
    let begin = input.span();
    if !word(input, "commands") {
        let message = format!(
            "`{of}` has no enum of commands; name one: `{of}: {title}, commands {of}Command {{ … }}`"
        );
        problems.report(of, message);
        // The usual name avoids follow-up errors where the application uses the enum.
        return Ok(Ident::new("Command", Span::call_site()));
    }
    if !has_comma {
        problems.add(Error::new(begin, "expected `,` before `commands`"));
    }
    identifier(input, format!("expected the name of the enum after `commands`: {FORM}"))
}

/// Reads an interaction.
///
/// Reports an unknown kind, and returns `None` if no kind is similar.
fn interaction(input: ParseStream, problems: &mut Problems) -> Result<Option<Interaction>> {
    let attributes = attributes(input)?;
    let name = identifier(input, "expected the name of an interaction, as in `led => Led: switch { … }`")?;
    let command = command(input, &name)?;
    if !input.peek(Token![:]) || input.peek(Token![::]) {
        let (last, expected) = match &command {
            Some(command) => (command, "`: kind { … }`"),
            None => (&name, "`=> Command: kind { … }` if clients write it, or else `: kind { … }`"),
        };
        return Err(at(input, format!("expected after `{last}`: {expected}")));
    }
    input.parse::<Token![:]>()?;
    let kinds = Kind::names();
    let kind_name = identifier(input, format!("expected the kind of `{name}`\nkinds: {kinds}"))?;
    let text = kind_name.to_string();
    let exact = Kind::find(&text);
    let kind = exact.or_else(|| Kind::nearest(&text));
    if exact.is_none() {
        let meant = kind.map(|kind| format!(": did you mean `{}`?", kind.name)).unwrap_or_default();
        problems.report(&kind_name, format!("unknown kind `{text}` of `{name}`{meant}\nkinds: {kinds}"));
    }
    let Some(body) = braces(input)? else {
        let message = format!("`{name}` has no options: write `{text} {{ title: \"…\" }}`");
        return Err(Error::new(kind_name.span(), message));
    };
    let Some(kind) = kind else { return Ok(None) };
    let before = problems.count();
    let parser = |input: ParseStream| options(input, &name, kind, problems);
    let options = parser.parse2(body.stream())?;
    Ok(Some(Interaction {
        attributes,
        name,
        command,
        kind,
        kind_span: kind_name.span(),
        end: body.span_close(),
        options,
        is_incomplete: problems.count() > before,
    }))
}

/// Reads the command of an interaction, if it has one.
fn command(input: ParseStream, of: &Ident) -> Result<Option<Ident>> {
    if !input.peek(Token![=>]) {
        return Ok(None);
    }
    input.parse::<Token![=>]>()?;
    let otherwise =
        format!("expected the name of a command after `{of} =>`, as in `{of} => Command: switch {{ … }}`");
    identifier(input, otherwise).map(Some)
}
