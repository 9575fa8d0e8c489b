//! Writes the handle and the enum of its commands.

use crate::declaration::{Choice, Declaration, Interaction};
use crate::kind::{KEPT, Kind};
use crate::problems::Problems;
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

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
    let Declaration { visibility, commands, interactions, .. } = declaration;
    let mut before = Vec::new();
    let variants = interactions.iter().filter_map(|interaction| {
        let Interaction { attributes, command, kind, .. } = interaction;
        let command = command.as_ref().filter(|command| !before.contains(command))?;
        before.push(command);
        let label = interaction.label();
        let (about, value) = match kind {
            Kind::Switch => (format!("To switch `{label}`."), quote!((bool))),
            Kind::Number => (format!("To set `{label}`."), quote!((f64))),
            Kind::Select => (format!("To set `{label}` to one of its options."), quote!((&'static str))),
            Kind::Text => (format!("To set `{label}`."), quote!((&'c str))),
            Kind::Button => (format!("To do `{label}`."), quote!()),
            Kind::Message => (format!("To do `{label}` with this text."), quote!((&'c str))),
            Kind::Sensor | Kind::BinarySensor | Kind::Event | Kind::Log => return None,
        };
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

/// Returns from the handle's `recv` if this interaction was asked for.
fn arm(declaration: &Declaration, interaction: &Interaction) -> Option<TokenStream> {
    let Declaration { root, commands, .. } = declaration;
    let (label, command) = (interaction.label(), interaction.command.as_ref()?);
    let with_input = |input: TokenStream| {
        quote! {
            if let (#label, #root::Input::#input(value)) = (asked.name, asked.input) {
                return (#commands::#command(value), responder);
            }
        }
    };
    Some(match interaction.kind {
        Kind::Switch => with_input(quote!(Bool)),
        Kind::Number => with_input(quote!(Number)),
        Kind::Select => with_input(quote!(Choice)),
        Kind::Text | Kind::Message => quote! {
            if asked.name == #label {
                return (#commands::#command(inbox.text()), responder);
            }
        },
        Kind::Button => quote! {
            if asked.name == #label {
                return (#commands::#command, responder);
            }
        },
        Kind::Sensor | Kind::BinarySensor | Kind::Event | Kind::Log => return None,
    })
}

/// Returns the name of the constant, at the name of the handle: the compiler says where a constant is used that does not evaluate.
fn constant(name: &Ident) -> TokenStream {
    quote_spanned!(name.span()=> Self::THING)
}

/// The method of the handle that publishes or emits the interaction.
fn method(root: &Ident, constant: &TokenStream, interaction: &Interaction) -> TokenStream {
    let Interaction { attributes, name, .. } = interaction;
    let label = interaction.label();
    // Of the macro, but at the caller's name: an argument that does not fit is explained there.
    let mut root = root.clone();
    root.set_span(root.span().located_at(name.span()));
    let (about, body) = match interaction.kind {
        Kind::Switch | Kind::BinarySensor => (
            format!("Publishes the value of `{label}`; `None`: it is unavailable."),
            quote! {
                (&self, on: impl #root::IntoSwitch) {
                    #constant.publish(self.device, #label, on.into_switch());
                }
            },
        ),
        Kind::Number | Kind::Sensor => (
            format!("Publishes the value of `{label}`; `None` or NaN: it is unavailable."),
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
            format!("Tells every client of `{label}`."),
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

/// Returns the interactions that have methods of different names.
fn distinct(interactions: &[Interaction]) -> impl Iterator<Item = &Interaction> {
    interactions.iter().enumerate().filter_map(|(i, interaction)| {
        let is_first = interactions[..i].iter().all(|before| before.name != interaction.name);
        let is_taken = ["new", "recv", "THING"].iter().any(|name| interaction.name == name);
        (is_first && !is_taken).then_some(interaction)
    })
}
