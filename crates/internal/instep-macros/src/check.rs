//! Validates a declaration: its names, its commands and its options.
//!
//! Values that are not literals are checked by `Thing::new` during const evaluation.

use crate::declaration::{Choice, Declaration, Interaction};
use crate::kind::{KEPT, Kind, Takes, takes};
use crate::literal::{Literal, literal, number, text, texts};
use crate::problems::Problems;
use crate::suggest::list;
use proc_macro2::Ident;
use quote::quote;
use std::collections::BTreeSet;

/// Maximum length of a name, in bytes.
const NAME_MAX: usize = 32;
/// Labels that the protocol uses for its own frames.
const RESERVED: [&str; 5] = ["error", "ok", "missed", "alive", "thing"];
/// Names of the functions and constants that every handle has.
const OF_HANDLE: [&str; 3] = ["new", "recv", "THING"];
/// Maximum number of digits after the decimal point.
const PRECISION_MAX: f64 = 6.0;
/// Maximum length of a value that is kept, in bytes.
const KEPT_MAX: f64 = 64.0;
/// Minimum interval of a history, in ms.
const INTERVAL_MIN: f64 = 100.0;

/// Reports every error in a declaration.
pub(crate) fn check(declaration: &Declaration, problems: &mut Problems) {
    let Declaration { name, title, commands, interactions, .. } = declaration;
    if name == commands {
        let message =
            format!("`{commands}` is the name of the handle; call the enum of its commands `{name}Command`");
        problems.report(commands, message);
    }
    check_literal(&quote!(#title), title, name, "title", problems);
    let (mut labels, mut names) = (BTreeSet::new(), BTreeSet::new());
    for interaction in interactions {
        let name = &interaction.name;
        check_name(interaction, problems);
        if !labels.insert(interaction.label()) {
            problems.report(name, format!("`{name}` is declared twice; give each interaction its own name"));
        }
        check_command(interaction, problems);
        if let Some(command) = &interaction.command
            && !names.insert(command.to_string())
        {
            let message =
                format!("the command `{command}` is declared twice; give each interaction its own command");
            problems.report(command, message);
        }
        check_options(interaction, problems);
    }
}

fn check_name(interaction: &Interaction, problems: &mut Problems) {
    let (name, label) = (&interaction.name, interaction.label());
    if label.len() > NAME_MAX {
        problems.report(name, format!("`{name}` is too long: a name has at most {NAME_MAX} bytes"));
    } else if !label.starts_with(|first: char| first.is_ascii_alphabetic())
        || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        let rule = "a name begins with a letter of ASCII, and has letters, digits and `_` of ASCII only";
        problems.report(name, format!("`{name}` cannot be a name: {rule}"));
    } else if RESERVED.contains(&label.as_str()) {
        let names = list(&RESERVED);
        problems
            .report(name, format!("`{name}` is reserved for frames; choose another name\nreserved: {names}"));
    } else if interaction.kind.has_method() && OF_HANDLE.contains(&label.as_str()) {
        let names = list(&OF_HANDLE);
        problems.report(
            name,
            format!("`{name}` is reserved for the handle; choose another name\nreserved: {names}"),
        );
    }
}

fn check_command(interaction: &Interaction, problems: &mut Problems) {
    let Interaction { name, kind, .. } = interaction;
    let a_kind = kind.a_name();
    match &interaction.command {
        None if kind.has_command() => {
            let (command, kind) = (camel_case(&interaction.label()), kind.name());
            problems.report(
                name,
                format!(
                    "`{name}` is {a_kind}, so it needs a command: write `{name} => {command}: {kind} {{ … }}`"
                ),
            );
        }
        Some(command) if !kind.has_command() => {
            let does = if matches!(kind, Kind::Event | Kind::Log) { "receive" } else { "read" };
            let message = format!(
                "`{name}` is {a_kind}, which clients only {does}; remove its command: `=> {command}`"
            );
            problems.report(command, message);
        }
        _ => {}
    }
}

fn check_options(interaction: &Interaction, problems: &mut Problems) {
    let Interaction { name, kind, .. } = interaction;
    let lacks: Vec<&str> =
        kind.required().iter().copied().filter(|option| interaction.option(option).is_none()).collect();
    if !lacks.is_empty() && !interaction.is_incomplete {
        let word = Ident::new(kind.name(), interaction.kind_span);
        let (lacks, about) = (list(&lacks), kind.about_options());
        problems.report(word, format!("`{name}` lacks {lacks}\n{about}"));
    }
    let before = problems.count();
    for option in &interaction.options {
        check_literal(option, &option.value, name, &option.name.to_string(), problems);
    }
    if problems.count() == before {
        check_values(interaction, problems);
    }
}

/// Checks the type of a value that is a literal.
fn check_literal(
    part: &impl quote::ToTokens,
    value: &proc_macro2::TokenStream,
    of: &Ident,
    option: &str,
    problems: &mut Problems,
) {
    let literal = literal(value);
    let wanted = match (takes(option), literal) {
        (_, None) | (Some(Takes::Text), Some(Literal::Text(_))) => return,
        (Some(Takes::Number | Takes::History), Some(Literal::Number(_))) => return,
        (Some(Takes::Text), _) => "text in quotes",
        (Some(Takes::Number), _) => "a number without quotes",
        (Some(Takes::Texts), _) => "a list of texts, such as `[\"day\", \"night\"]`",
        (Some(Takes::History), _) => "two numbers, such as `120 every 1_000`",
        (Some(Takes::Nothing) | None, _) => return,
    };
    problems.report(part, format!("`{option}` of `{of}` must be {wanted}"));
}

/// Checks values against limits and against each other.
fn check_values(interaction: &Interaction, problems: &mut Problems) {
    let Interaction { name, kind, .. } = interaction;
    let [title, min, max, step, options, history, on, off] =
        ["title", "min", "max", "step", "options", "history", "on", "off"]
            .map(|option| interaction.option(option));
    let number_of = |option: Option<&Choice>| number(&option?.value);
    let mut wrong = |option: Option<&Choice>, rule: &str| {
        if let Some(option) = option {
            problems.report(option, format!("`{}` of `{name}` {rule}", option.name));
        }
    };
    if title.is_some_and(|title| text(&title.value).is_some_and(|title| title.is_empty())) {
        wrong(title, "must not be empty");
    }
    if let (Some(low), Some(high)) = (number_of(min), number_of(max)) {
        if low >= high {
            wrong(max, "must be above `min`");
        } else if number_of(step).is_some_and(|step| step <= 0.0 || step > high - low) {
            wrong(step, "must be above 0 and at most `max` - `min`");
        }
    }
    if let (Kind::Text | Kind::Message, Some(bytes)) = (kind, number_of(max)) {
        if bytes < 1.0 || bytes.fract() != 0.0 {
            wrong(max, "must be a whole number of bytes, at least 1");
        } else if bytes > KEPT_MAX && interaction.option(KEPT).is_some() {
            wrong(max, "must be at most 64 bytes, because the text is `kept`");
        }
    }
    let precision = interaction.option("precision");
    if number_of(precision)
        .is_some_and(|digits| !(0.0..=PRECISION_MAX).contains(&digits) || digits.fract() != 0.0)
    {
        wrong(precision, "must be a whole number of digits after the decimal point, 0 to 6");
    }
    if let Some(Choice { value, every, .. }) = history
        && (number(value).is_some_and(|points| points < 1.0 || points.fract() != 0.0)
            || number(every).is_some_and(|every| every < INTERVAL_MIN || every.fract() != 0.0))
    {
        wrong(history, "must have at least 1 value and an interval of at least 100 ms");
    }
    if let Some(words) = options.and_then(|options| texts(&options.value)) {
        let mut before = BTreeSet::new();
        if words.is_empty()
            || words.iter().any(|word| word.value().is_empty() || !before.insert(word.value()))
        {
            wrong(options, "must have at least one text, no empty text, and no text twice");
        }
    }
    match (on, off) {
        (Some(_), None) => wrong(on, "needs `off` beside it, as in `on: \"open\", off: \"closed\"`"),
        (None, Some(_)) => wrong(off, "needs `on` beside it, as in `on: \"open\", off: \"closed\"`"),
        (Some(word), Some(other))
            if text(&word.value).is_some() && text(&word.value) == text(&other.value) =>
        {
            wrong(off, "must be another text than `on`");
        }
        _ => {}
    }
}

/// Returns a name in the case of a type: `TwoWords` for `two_words`.
fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    words.flatten().collect()
}
