//! Validates a declaration: its names, its commands and its options.
//!
//! Values that are not literals are checked by `Thing::new` during const evaluation.

use crate::declaration::{Declaration, Interaction};
use crate::kind::{self, KEPT, Takes, Value};
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
pub(crate) const OF_HANDLE: [&str; 3] = ["new", "recv", "THING"];
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
    let is_letter = |first: char| first.is_ascii_alphabetic();
    let reserved = |purpose: &str, names: &[&str]| {
        let names = list(names);
        format!("`{name}` is reserved for {purpose}; choose another name\nreserved: {names}")
    };
    let message = if label.len() > NAME_MAX {
        format!("`{name}` is too long: a name has at most {NAME_MAX} bytes")
    } else if !label.starts_with(is_letter)
        || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        let rule = "a name begins with a letter of ASCII, and has letters, digits and `_` of ASCII only";
        format!("`{name}` cannot be a name: {rule}")
    } else if RESERVED.contains(&label.as_str()) {
        reserved("frames", &RESERVED)
    } else if interaction.kind.has_method() && OF_HANDLE.contains(&label.as_str()) {
        reserved("the handle", &OF_HANDLE)
    } else {
        return;
    };
    problems.report(name, message);
}

fn check_command(interaction: &Interaction, problems: &mut Problems) {
    let Interaction { name, kind, .. } = interaction;
    let (a_kind, verb) = (kind.a_name(), kind.role.verb());
    match &interaction.command {
        None if kind.has_command() => {
            let (command, kind) = (camel_case(&interaction.label()), kind.name);
            let example = format!("`{name} => {command}: {kind} {{ … }}`");
            let message = format!("`{name}` is {a_kind}, so it needs a command: write {example}");
            problems.report(name, message);
        }
        Some(command) if !kind.has_command() => {
            let advice = format!("remove its command: `=> {command}`");
            problems.report(command, format!("`{name}` is {a_kind}, which clients only {verb}; {advice}"));
        }
        _ => {}
    }
}

fn check_options(interaction: &Interaction, problems: &mut Problems) {
    let Interaction { name, kind, .. } = interaction;
    let lacks: Vec<&str> =
        kind.required.iter().copied().filter(|option| interaction.option(option).is_none()).collect();
    if !lacks.is_empty() && !interaction.is_incomplete {
        let word = Ident::new(kind.name, interaction.kind_span);
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
    let (Some(literal), Some((takes, _))) = (literal(value), kind::option(option)) else { return };
    let wanted = match (takes, literal) {
        (Takes::Text, Literal::Text(_)) | (Takes::Number | Takes::History, Literal::Number(_)) => return,
        (Takes::Nothing, _) => return,
        (Takes::Text, _) => "text in quotes",
        (Takes::Number, _) => "a number without quotes",
        (Takes::Texts, _) => "a list of texts, such as `[\"day\", \"night\"]`",
        (Takes::History, _) => "two numbers, such as `120 every 1_000`",
    };
    problems.report(part, format!("`{option}` of `{of}` must be {wanted}"));
}

/// Checks values against limits and against each other.
fn check_values(interaction: &Interaction, problems: &mut Problems) {
    let Interaction { name, kind, .. } = interaction;
    let value = |option| interaction.option(option).map(|option| &option.value);
    let [min, max, step, precision, points] =
        ["min", "max", "step", "precision", "history"].map(|option| value(option).and_then(number));
    let every = interaction.option("history").and_then(|history| number(&history.every));
    let [title, on, off] = ["title", "on", "off"].map(|option| value(option).and_then(text));
    let options = value("options").and_then(texts);
    let is_below = |number: Option<f64>, least: f64| {
        number.is_some_and(|number| number < least || number.fract() != 0.0)
    };
    let range = min.zip(max);
    let is_no_step = |min: f64, max: f64| step.is_some_and(|step| step <= 0.0 || step > max - min);
    let is_text = kind.value == Value::Text;
    let is_kept_text = is_text && value(KEPT).is_some();
    let is_history_wrong = is_below(points, 1.0) || is_below(every, INTERVAL_MIN);
    let has_only = |option, other| value(option).is_some() && value(other).is_none();
    let rules = [
        ("title", title.is_some_and(|title| title.is_empty()), "must not be empty"),
        ("max", range.is_some_and(|(min, max)| min >= max), "must be above `min`"),
        (
            "step",
            range.is_some_and(|(min, max)| min < max && is_no_step(min, max)),
            "must be above 0 and at most `max` - `min`",
        ),
        ("max", is_text && is_below(max, 1.0), "must be a whole number of bytes, at least 1"),
        (
            "max",
            is_kept_text && !is_below(max, 1.0) && max > Some(KEPT_MAX),
            "must be at most 64 bytes, because the text is `kept`",
        ),
        (
            "precision",
            is_below(precision, 0.0) || precision > Some(PRECISION_MAX),
            "must be a whole number of digits after the decimal point, 0 to 6",
        ),
        ("history", is_history_wrong, "must have at least 1 value and an interval of at least 100 ms"),
        (
            "options",
            options.is_some_and(|texts| texts.is_empty() || has_empty_or_equal(&texts)),
            "must have at least one text, no empty text, and no text twice",
        ),
        ("on", has_only("on", "off"), "needs `off` beside it, as in `on: \"open\", off: \"closed\"`"),
        ("off", has_only("off", "on"), "needs `on` beside it, as in `on: \"open\", off: \"closed\"`"),
        ("off", on.is_some() && on == off, "must be another text than `on`"),
    ];
    for (option, is_wrong, rule) in rules {
        if let Some(option) = interaction.option(option).filter(|_| is_wrong) {
            problems.report(option, format!("`{}` of `{name}` {rule}", option.name));
        }
    }
}

fn has_empty_or_equal(texts: &[syn::LitStr]) -> bool {
    let texts: Vec<String> = texts.iter().map(syn::LitStr::value).collect();
    texts.iter().enumerate().any(|(i, text)| text.is_empty() || texts[..i].contains(text))
}

/// Returns a name in the case of a type: `TwoWords` for `two_words`.
fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    words.flatten().collect()
}
