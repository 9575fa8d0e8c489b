//! Writes the handle of a Thing and the enum of its commands.

use crate::check::OF_HANDLE;
use crate::declaration::{Choice, Declaration, Interaction};
use crate::kind::{KEPT, Role, Value};
use crate::problems::Problems;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// Options that are no field of `instep::thing::Kind`.
const OF_INTERACTION: [&str; 5] = ["title", "group", "on", "off", KEPT];

/// Returns the code for `declaration`, and the errors.
///
/// If there are errors, the code itself compiles nevertheless, so that the compiler reports no follow-up errors.
pub(crate) fn generate(declaration: Option<&Declaration>, problems: Problems) -> TokenStream {
    let is_valid = problems.is_empty();
    let errors = problems.into_tokens();
    let Some(declaration) = declaration else { return errors };
    let (handle, commands) = (handle(declaration, is_valid), commands(declaration));
    quote!(#errors #handle #commands)
}

fn handle(declaration: &Declaration, is_valid: bool) -> TokenStream {
    let Declaration { root, attributes, visibility, name, commands, interactions, .. } = declaration;
    let thing = if is_valid { thing(declaration) } else { quote!(#root::thing::Thing::new("wrong", &[])) };
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

        #[allow(dead_code, reason = "an application need not publish every interaction")]
        impl<'d> #name<'d> {
            /// The declaration of this Thing.
            pub const THING: #root::thing::Thing = #thing;

            /// Returns a handle that publishes through `device`.
            pub const fn new(device: &'d #root::Device) -> Self {
                Self { device }
            }

            /// Waits for the next command, and returns it with its responder.
            ///
            /// A command is a write or an action that matches the declaration.
            ///
            #[doc = #recv]
            pub async fn recv<'i, 'r>(
                self,
                inbox: &'i mut #root::Inbox<'r>,
            ) -> (#commands<'i>, #root::Responder<'r>) {
                loop {
                    let (invoked, responder) = inbox.recv_invoked(#thing_reference).await;
                    #(#arms)*
                    // No other interaction is writable, so this request is ignored.
                    let _ = (invoked, responder);
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
            (Role::Invoke, Value::Text) => format!("A client invokes `{label}` with this text."),
            (Role::Invoke, _) => format!("A client invokes `{label}`."),
            (_, Value::Bool) => format!("A client switches `{label}`."),
            (_, Value::Choice) => format!("A client sets `{label}` to one of its options."),
            _ => format!("A client sets `{label}`."),
        };
        let [value, ..] = command_value(root, kind.value);
        Some(quote!(#attributes #[doc = #about] #command #value,))
    });
    quote! {
        /// Command of a client.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #visibility enum #commands<'c> {
            #(#variants)*
            /// Never constructed. The variant uses the lifetime if no other variant does.
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

/// Returns an expression for the `Thing`, which is a constant.
fn thing(Declaration { root, name, title, interactions, .. }: &Declaration) -> TokenStream {
    let interactions = interactions.iter().map(|interaction| {
        let kind = kind(root, interaction);
        let (label, title) = (interaction.label(), interaction.value("title"));
        // If the evaluation panics, the compiler underlines the interaction or the option.
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
    // If a constant does not evaluate, the compiler adds a note for each use. All uses have the span of the handle's
    // name, so there is one note. The alias is needed, because `$crate` cannot be resolved with the spans of the
    // caller's tokens.
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

/// Returns the code that returns from `recv` if a client invoked this interaction.
fn arm(declaration: &Declaration, interaction: &Interaction) -> Option<TokenStream> {
    let Declaration { root, commands, .. } = declaration;
    let (label, command) = (interaction.label(), interaction.command.as_ref()?);
    let [_, input, value] = command_value(root, interaction.kind.value);
    let has_command = interaction.kind.has_command();
    has_command.then(|| {
        quote! {
            if let (#label, #input) = (invoked.name, invoked.input) {
                return (#commands::#command #value, responder);
            }
        }
    })
}

/// Returns the method of the handle that publishes or emits the interaction.
fn method(root: &Ident, constant: &TokenStream, interaction: &Interaction) -> TokenStream {
    let Interaction { attributes, name, .. } = interaction;
    let label = interaction.label();
    // The span resolves like the macro but points at the caller's name, so type errors are reported there.
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
            format!("Sends the event `{label}` to every client."),
            quote!(text: impl ::core::fmt::Display),
            quote!(emit_event(self.device, #label, text)),
        ),
        (_, Value::Bool) => (
            format!("Publishes the value of `{label}`. `None` marks it as unavailable."),
            quote!(on: impl #root::IntoSwitch),
            quote!(publish(self.device, #label, on.into_switch())),
        ),
        (_, Value::Number) => (
            format!("Publishes the value of `{label}`. `None` or NaN marks it as unavailable."),
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

/// Returns the interactions whose methods have different names.
fn distinct(interactions: &[Interaction]) -> impl Iterator<Item = &Interaction> {
    interactions.iter().enumerate().filter_map(|(i, interaction)| {
        let is_first = interactions[..i].iter().all(|before| before.name != interaction.name);
        let is_taken = OF_HANDLE.iter().any(|name| interaction.name == name);
        (is_first && !is_taken).then_some(interaction)
    })
}
