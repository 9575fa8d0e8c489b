//! Writes the handle of a Thing and the enum of its commands.

use crate::declaration::{Choice, Declaration, Interaction};
use crate::kind::{KEPT, Kind};
use crate::problems::Problems;
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

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
    let constant = constant(name);
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
    let Declaration { visibility, commands, interactions, .. } = declaration;
    let mut before = Vec::new();
    let variants = interactions.iter().filter_map(|interaction| {
        let Interaction { attributes, command, kind, .. } = interaction;
        let command = command.as_ref().filter(|command| !before.contains(command))?;
        before.push(command);
        let label = interaction.label();
        let (about, value) = match kind {
            Kind::Switch => (format!("A client switches `{label}`."), quote!((bool))),
            Kind::Number => (format!("A client sets `{label}`."), quote!((f64))),
            Kind::Select => {
                (format!("A client sets `{label}` to one of its options."), quote!((&'static str)))
            }
            Kind::Text => (format!("A client sets `{label}`."), quote!((&'c str))),
            Kind::Button => (format!("A client invokes `{label}`."), quote!()),
            Kind::Message => (format!("A client invokes `{label}` with this text."), quote!((&'c str))),
            Kind::Sensor | Kind::BinarySensor | Kind::Event | Kind::Log => return None,
        };
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
    let value = |option| interaction.value(option);
    match interaction.kind {
        Kind::Switch => quote!(#root::thing::Kind::Switch),
        Kind::Number => {
            let [min, max, step, unit] = ["min", "max", "step", "unit"].map(value);
            let number = quote!(#root::thing::Kind::Number);
            quote!(#number { min: (#min) as f64, max: (#max) as f64, step: (#step) as f64, unit: #unit })
        }
        Kind::Select => {
            let options = value("options");
            quote!(#root::thing::Kind::Select { options: &#options })
        }
        Kind::Text => {
            let max = value("max");
            quote!(#root::thing::Kind::Text { max: #max })
        }
        Kind::Button => quote!(#root::thing::Kind::Button),
        Kind::Message => {
            let max = value("max");
            quote!(#root::thing::Kind::TextAction { max: #max })
        }
        Kind::Sensor => {
            let [unit, precision] = ["unit", "precision"].map(value);
            let history = match interaction.option("history") {
                Some(Choice { value: points, every, .. }) => {
                    quote!(::core::option::Option::Some(#root::thing::History { points: #points, every: #every }))
                }
                None => quote!(::core::option::Option::None),
            };
            quote!(#root::thing::Kind::Sensor { unit: #unit, precision: #precision, history: #history })
        }
        Kind::BinarySensor => quote!(#root::thing::Kind::BinarySensor),
        Kind::Event => quote!(#root::thing::Kind::Event),
        Kind::Log => quote!(#root::thing::Kind::Log),
    }
}

/// Returns the code that returns from `recv` if a client invoked this interaction.
fn arm(declaration: &Declaration, interaction: &Interaction) -> Option<TokenStream> {
    let Declaration { root, commands, .. } = declaration;
    let (label, command) = (interaction.label(), interaction.command.as_ref()?);
    let with_input = |input: TokenStream| {
        quote! {
            if let (#label, #root::Input::#input(value)) = (invoked.name, invoked.input) {
                return (#commands::#command(value), responder);
            }
        }
    };
    Some(match interaction.kind {
        Kind::Switch => with_input(quote!(Bool)),
        Kind::Number => with_input(quote!(Number)),
        Kind::Select => with_input(quote!(Choice)),
        Kind::Text | Kind::Message => quote! {
            if invoked.name == #label {
                return (#commands::#command(inbox.text()), responder);
            }
        },
        Kind::Button => quote! {
            if invoked.name == #label {
                return (#commands::#command, responder);
            }
        },
        Kind::Sensor | Kind::BinarySensor | Kind::Event | Kind::Log => return None,
    })
}

/// Returns the path of the constant, with the span of the handle's name.
///
/// If the constant does not evaluate, the compiler adds a note for each span that uses it.
fn constant(name: &Ident) -> TokenStream {
    quote_spanned!(name.span()=> Self::THING)
}

/// Returns the method of the handle that publishes or emits the interaction.
fn method(root: &Ident, constant: &TokenStream, interaction: &Interaction) -> TokenStream {
    let Interaction { attributes, name, .. } = interaction;
    let label = interaction.label();
    // The span resolves like the macro but points at the caller's name, so type errors are reported there.
    let mut root = root.clone();
    root.set_span(root.span().located_at(name.span()));
    let (about, body) = match interaction.kind {
        Kind::Switch | Kind::BinarySensor => (
            format!("Publishes the value of `{label}`. `None` marks it as unavailable."),
            quote! {
                (&self, on: impl #root::IntoSwitch) {
                    #constant.publish(self.device, #label, on.into_switch());
                }
            },
        ),
        Kind::Number | Kind::Sensor => (
            format!("Publishes the value of `{label}`. `None` or NaN marks it as unavailable."),
            quote! {
                (&self, number: impl #root::IntoNumber) {
                    #constant.publish(self.device, #label, number.into_number());
                }
            },
        ),
        Kind::Select | Kind::Text => (
            format!("Publishes the value of `{label}`."),
            quote! {
                (&self, text: impl ::core::fmt::Display) {
                    #constant.publish(self.device, #label, #root::Reading::Text(&text));
                }
            },
        ),
        Kind::Event => (
            format!("Sends the event `{label}` to every client."),
            quote! {
                (&self, text: impl ::core::fmt::Display) {
                    #constant.emit_event(self.device, #label, text);
                }
            },
        ),
        Kind::Log => (
            format!("Adds a line to `{label}`."),
            quote! {
                (&self, severity: #root::Severity, line: impl ::core::fmt::Display) {
                    #constant.log(self.device, #label, severity, line);
                }
            },
        ),
        Kind::Button | Kind::Message => return TokenStream::new(),
    };
    quote!(#attributes #[doc = #about] pub fn #name #body)
}

/// Returns the interactions whose methods have different names.
fn distinct(interactions: &[Interaction]) -> impl Iterator<Item = &Interaction> {
    interactions.iter().enumerate().filter_map(|(i, interaction)| {
        let is_first = interactions[..i].iter().all(|before| before.name != interaction.name);
        let is_taken = ["new", "recv", "THING"].iter().any(|name| interaction.name == name);
        (is_first && !is_taken).then_some(interaction)
    })
}
