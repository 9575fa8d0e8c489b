//! Writes the handle and the enum of its commands.

use crate::check::OF_HANDLE;
use crate::declaration::{Choice, Declaration, Interaction};
use crate::kind::{KEPT, Role, Value};
use crate::problems::Problems;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// Options that are no field of `instep::thing::Kind`.
const OF_INTERACTION: [&str; 5] = ["title", "group", "on", "off", KEPT];

/// Returns the code for `declaration`. If something is wrong with it, errors stand beside code in which nothing else is wrong, so
/// that the compiler says nothing of what follows from a mistake.
pub(crate) fn generate(declaration: Option<&Declaration>, problems: Problems) -> TokenStream {
    let is_right = problems.is_empty();
    let errors = problems.into_tokens();
    let Some(declaration) = declaration else { return errors };
    let (handle, commands) = (handle(declaration, is_right), commands(declaration));
    quote!(#errors #handle #commands)
}

fn handle(declaration: &Declaration, is_right: bool) -> TokenStream {
    let Declaration { root, attributes, visibility, name, commands, interactions, .. } = declaration;
    let thing = if is_right { thing(declaration) } else { quote!(#root::thing::Thing::new("wrong", &[])) };
    // At the name of the handle: the compiler says where a constant is used that does not evaluate.
    let constant = quote_spanned!(name.span()=> Self::THING);
    let thing_reference = quote_spanned!(name.span()=> &#constant);
    let recv = format!("See [`Inbox::recv_request`]({root}::Inbox::recv_request).");
    let arms = interactions.iter().filter_map(|interaction| arm(declaration, interaction));
    let methods = distinct(interactions).map(|interaction| method(root, &constant, interaction));
    quote! {
        #attributes
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name<'d> {
            device: &'d #root::Device,
        }

        #[allow(dead_code, reason = "nobody has to publish all that is declared")]
        impl<'d> #name<'d> {
            /// What it is and can do.
            pub const THING: #root::thing::Thing = #thing;

            /// A handle, to publish through.
            pub const fn new(device: &'d #root::Device) -> Self {
                Self { device }
            }

            /// Waits for the next command, a write or an action that fits what is declared, and returns it with its responder.
            #[doc = #recv]
            pub async fn recv<'i, 'r>(
                self,
                inbox: &'i mut #root::Inbox<'r>,
            ) -> (#commands<'i>, #root::Responder<'r>) {
                loop {
                    let (asked, responder) = inbox.recv_invoked(#thing_reference).await;
                    #(#arms)*
                    // Nothing else is declared as written.
                    let _ = (asked, responder);
                }
            }

            #(#methods)*
        }
    }
}

fn commands(declaration: &Declaration) -> TokenStream {
    let Declaration { root, visibility, commands, interactions, .. } = declaration;
    let mut before = Vec::new();
    let variants = interactions.iter().filter_map(|interaction| {
        let Interaction { attributes, command, kind, .. } = interaction;
        let command = command.as_ref().filter(|command| kind.has_command() && !before.contains(command))?;
        before.push(command);
        let label = interaction.label();
        let about = match (kind.role, kind.value) {
            (Role::Invoke, Value::Text) => format!("To do `{label}` with this text."),
            (Role::Invoke, _) => format!("To do `{label}`."),
            (_, Value::Bool) => format!("To switch `{label}`."),
            (_, Value::Choice) => format!("To set `{label}` to one of its options."),
            _ => format!("To set `{label}`."),
        };
        let [value, ..] = command_value(root, kind.value);
        Some(quote!(#attributes #[doc = #about] #command #value,))
    });
    quote! {
        /// What a client asks for.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #visibility enum #commands<'c> {
            #(#variants)*
            /// Cannot be: it only makes use of the lifetime, whatever else is declared.
            #[doc(hidden)]
            _Never(::core::convert::Infallible, ::core::marker::PhantomData<&'c ()>),
        }
    }
}

/// Returns the type of what a command has, the input in which it comes, and itself.
fn command_value(root: &Ident, value: Value) -> [TokenStream; 3] {
    match value {
        Value::Bool => [quote!((bool)), quote!(#root::Input::Bool(value)), quote!((value))],
        Value::Number => [quote!((f64)), quote!(#root::Input::Number(value)), quote!((value))],
        Value::Choice => [quote!((&'static str)), quote!(#root::Input::Choice(value)), quote!((value))],
        Value::Text => [quote!((&'c str)), quote!(_), quote!((inbox.text()))],
        Value::Line | Value::Nothing => [quote!(), quote!(_), quote!()],
    }
}

/// The declaration as a constant.
fn thing(Declaration { root, name, title, interactions, .. }: &Declaration) -> TokenStream {
    let interactions = interactions.iter().map(|interaction| {
        let kind = kind(root, interaction);
        let (label, title) = (interaction.label(), interaction.value("title"));
        // The compiler underlines the interaction, or the option, whose evaluation panics.
        let (begin, end) = (interaction.name.span(), interaction.end);
        let (new, arguments) =
            (quote_spanned!(begin=> __Interaction::new), quote_spanned!(end=> (#label, #title, #kind)));
        let words = interaction.option("on").zip(interaction.option("off")).map(|(word, other)| {
            let (on, off) = (&word.value, &other.value);
            quote_spanned!(word.name.span()=> .words(#on, #off))
        });
        let group = interaction.option("group").map(|Choice { value, .. }| quote!(.in_group(#value)));
        let kept = interaction.option(KEPT).map(|kept| quote_spanned!(kept.name.span()=> .kept()));
        quote!(#new #arguments #words #group #kept)
    });
    // The compiler notes where a constant is used that cannot be evaluated: all of these places are the name of the handle, so that
    // it does so once. With the spans of the caller's tokens, `$crate` cannot be named.
    let all = Ident::new("INTERACTIONS", name.span());
    let list = quote_spanned!(name.span()=> &[#(#interactions),*]);
    let alias = Ident::new("__Interaction", name.span());
    quote! {{
        use #root::thing::Interaction as #alias;
        const #all: &[#root::thing::Interaction] = #list;
        #root::thing::Thing::new(#title, #all)
    }}
}

fn kind(root: &Ident, interaction: &Interaction) -> TokenStream {
    let kind = interaction.kind;
    let fields = kind.options().filter(|option| !OF_INTERACTION.contains(option)).map(|option| {
        let value = interaction.value(option);
        let value = match (option, interaction.option(option)) {
            ("min" | "max" | "step", _) if kind.value == Value::Number => quote!((#value) as f64),
            ("options", _) => quote!(&#value),
            ("history", Some(Choice { every, .. })) => {
                quote!(::core::option::Option::Some(#root::thing::History { points: #value, every: #every }))
            }
            ("history", None) => quote!(::core::option::Option::None),
            _ => value,
        };
        let field = Ident::new(option, Span::call_site());
        quote!(#field: #value)
    });
    let variant = Ident::new(kind.variant, Span::call_site());
    quote!(#root::thing::Kind::#variant { #(#fields),* })
}

/// Returns from the handle's `recv` if this interaction was asked for.
fn arm(declaration: &Declaration, interaction: &Interaction) -> Option<TokenStream> {
    let Declaration { root, commands, .. } = declaration;
    let (label, command) = (interaction.label(), interaction.command.as_ref()?);
    let [_, input, value] = command_value(root, interaction.kind.value);
    let has_command = interaction.kind.has_command();
    has_command.then(|| {
        quote! {
            if let (#label, #input) = (asked.name, asked.input) {
                return (#commands::#command #value, responder);
            }
        }
    })
}

/// The method of the handle that publishes or emits the interaction.
fn method(root: &Ident, constant: &TokenStream, interaction: &Interaction) -> TokenStream {
    let Interaction { attributes, name, .. } = interaction;
    let label = interaction.label();
    // Of the macro, but at the caller's name: an argument that does not fit is explained there.
    let mut root = root.clone();
    root.set_span(root.span().located_at(name.span()));
    let (about, parameters, call) = match (interaction.kind.role, interaction.kind.value) {
        (Role::Invoke, _) => return TokenStream::new(),
        (Role::Receive, Value::Line) => (
            format!("Adds a line to `{label}`."),
            quote!(severity: #root::Severity, line: impl ::core::fmt::Display),
            quote!(log(self.device, #label, severity, line)),
        ),
        (Role::Receive, _) => (
            format!("Tells every client of `{label}`."),
            quote!(text: impl ::core::fmt::Display),
            quote!(emit_event(self.device, #label, text)),
        ),
        (_, Value::Bool) => (
            format!("Publishes the value of `{label}`; `None`: it is unavailable."),
            quote!(on: impl #root::IntoSwitch),
            quote!(publish(self.device, #label, on.into_switch())),
        ),
        (_, Value::Number) => (
            format!("Publishes the value of `{label}`; `None` or NaN: it is unavailable."),
            quote!(number: impl #root::IntoNumber),
            quote!(publish(self.device, #label, number.into_number())),
        ),
        _ => (
            format!("Publishes the value of `{label}`."),
            quote!(text: impl ::core::fmt::Display),
            quote!(publish(self.device, #label, #root::Reading::Text(&text))),
        ),
    };
    quote!(#attributes #[doc = #about] pub fn #name(&self, #parameters) { #constant.#call; })
}

/// Returns the interactions that have methods of different names.
fn distinct(interactions: &[Interaction]) -> impl Iterator<Item = &Interaction> {
    interactions.iter().enumerate().filter_map(|(i, interaction)| {
        let is_first = interactions[..i].iter().all(|before| before.name != interaction.name);
        let is_taken = OF_HANDLE.iter().any(|name| interaction.name == name);
        (is_first && !is_taken).then_some(interaction)
    })
}
