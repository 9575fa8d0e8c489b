//! The macro that declares a Thing, its handle and its commands.

/// Declares what a device is and can do: a handle with a method for all that the device says, and an enum of all that
/// its clients may ask for.
///
/// ```
/// instep::thing! {
///     /// One lamp.
///     pub Lamp: "A lamp", commands LampCommand {
///         led => Led: switch { title: "Lamp" },
///         brightness => Brightness: number { title: "Brightness", min: 0, max: 100, step: 1, unit: "%", kept },
///         mode => Mode: select { title: "Mode", options: ["day", "night"] },
///         name => Name: text { title: "Name", max: 32 },
///         blink => Blink: button { title: "Blink" },
///         say => Say: message { title: "Say", max: 120 },
///         temperature: sensor { title: "Temperature", unit: "°C", precision: 1, history: 120 every 1_000, group: "Air" },
///         door: binary_sensor { title: "Door", on: "open", off: "closed" },
///         said: event { title: "Said" },
///         lines: log { title: "Log" },
///     }
/// }
///
/// use instep::{App, Device, Inbox, Severity};
///
/// pub const APP: App = App::new("lamp", "A lamp").thing(&Lamp::THING);
///
/// pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
///     let lamp = Lamp::new(device);
///     lamp.led(false);
///     lamp.temperature(None); // unavailable until it is measured
///     loop {
///         match lamp.next(inbox).await {
///             LampCommand::Led(on) => lamp.led(on), // the hardware first, then this
///             LampCommand::Brightness(percent) => lamp.brightness(percent),
///             LampCommand::Mode(mode) => lamp.mode(mode),
///             LampCommand::Name("") => inbox.refuse("a lamp has a name"),
///             LampCommand::Name(name) => lamp.name(name),
///             LampCommand::Blink => lamp.lines(Severity::Info, "blinking"),
///             LampCommand::Say(text) => lamp.said(text),
///         }
///     }
/// }
/// ```
///
/// An interaction with `=>` can be asked for, by a command of the name that follows; one that only the device
/// changes or tells has none. Each has a `title`, first. After what its kind has of its own, in the order shown (a
/// `unit`, a `history`, and what a binary sensor is called when it is `on` and `off` may be left out), may stand `group: "Heading"`, and for a property that is written `kept`: its
/// value outlives a restart, where the device has a place for it (see [`Inbox::keep_in`](crate::Inbox::keep_in)).
///
/// | Kind | Is | Command | Method of the handle |
/// |---|---|---|---|
/// | `switch` | a property that is written | `Led(bool)` | `led(on)`: `bool`, or `None` if it is unavailable |
/// | `number` | a property that is written | `Brightness(f64)` | `brightness(number)`: `f64`, or `None`; NaN is unavailable, too |
/// | `select` | a property that is written | `Mode(&'static str)` | `mode(option)` |
/// | `text` | a property that is written | `Name(&str)` | `name(text)`: whatever displays |
/// | `button` | an action | `Blink` | |
/// | `message` | an action with text | `Say(&str)` | |
/// | `sensor` | a property that is read | | `temperature(number)`, as `number` |
/// | `binary_sensor` | a property that is read | | `door(on)`, as `switch` |
/// | `event` | an event | | `said(text)`: whatever displays |
/// | `log` | an event | | `lines(severity, text)` |
///
/// The handle has `new(&device)` and `next(&mut inbox)` besides: nothing can be called so. What `next` returns is as
/// declared, and within its range; see [`Inbox::next_request`](crate::Inbox::next_request) for what becomes of the rest.
///
/// A mistake in the declaration is an error of the compiler: a name that is reserved or stands twice, a range without
/// values, a command for what is only read, none for what is written.
///
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { ok => Ok: switch { title: "Reserved" } } }
/// const THING: instep::Thing = Lamp::THING;
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { led => Led: number { title: "Led", min: 1, max: 1, step: 1 } } }
/// const THING: instep::Thing = Lamp::THING;
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { door => Door: binary_sensor { title: "Door" } } }
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { led: switch { title: "Led" } } }
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { door: binary_sensor { title: "Door", on: "open", off: "open" } } }
/// const THING: instep::Thing = Lamp::THING;
/// ```
///
/// # Written out
///
/// Nothing of it needs the macro:
///
/// ```
/// use instep::{App, Device, Inbox, Input, Interaction, Kind, Reading, Request, Thing};
///
/// const LAMP: Thing = Thing::new(
///     "A lamp",
///     &[
///         Interaction::new("led", "Lamp", Kind::Switch),
///         Interaction::new("brightness", "Brightness", Kind::Number { min: 0.0, max: 100.0, step: 1.0, unit: "%" }).kept(),
///         Interaction::new("temperature", "Temperature", Kind::Sensor { unit: "°C", precision: 1, history: None }),
///     ],
/// );
///
/// pub const APP: App = App::new("lamp", "A lamp").thing(&LAMP);
///
/// pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
///     LAMP.publish(device, "led", false);
///     LAMP.publish(device, "temperature", Reading::Unavailable);
///     loop {
///         match inbox.next_request(&LAMP).await {
///             Request { name: "led", input: Input::Bool(on) } => LAMP.publish(device, "led", on),
///             Request { name, input: Input::Number(number) } => LAMP.publish(device, name, number),
///             _ => {}
///         }
///     }
/// }
/// ```
#[macro_export]
macro_rules! thing {
    (
        $(#[$about:meta])*
        $vis:vis $Thing:ident: $title:literal, commands $Command:ident {
            $( $(#[$doc:meta])* $name:ident $(=> $Variant:ident)?: $kind:ident { $($options:tt)* } ),* $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $Thing<'d> {
            device: &'d $crate::Device,
        }

        #[allow(dead_code, reason = "nobody has to publish all that is declared")]
        impl<'d> $Thing<'d> {
            /// What it is and can do.
            pub const THING: $crate::Thing = $crate::Thing::new(
                $title,
                &[$( $crate::__thing_interaction!($name $kind { $($options)* }) ),*],
            );

            /// A handle, to publish through.
            pub const fn new(device: &'d $crate::Device) -> Self {
                Self { device }
            }

            /// Waits for the next command: a write or an action that fits what is declared.
            #[doc = concat!("See [`Inbox::next_request`](", stringify!($crate), "::Inbox::next_request).")]
            pub async fn next<'i>(self, inbox: &'i mut $crate::Inbox<'_>) -> $Command<'i> {
                loop {
                    let asked = inbox.next_invoked(&Self::THING).await;
                    $( $crate::__thing_command!(asked inbox $Command $name $($Variant)? : $kind); )*
                    // Nothing else is declared as written.
                    let _ = asked;
                }
            }

            $( $crate::__thing_method!([$(#[$doc])*] $name $kind); )*
        }

        $crate::__thing_commands! {
            $vis $Command [] $( ([$(#[$doc])*] $($Variant)?: $kind $name) )*
        }
    };
}

/// The declaration of one interaction.
#[doc(hidden)]
#[macro_export]
macro_rules! __thing_interaction {
    ($name:ident switch { title: $title:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Switch; $($($rest)*)?)
    };
    ($name:ident number { title: $title:expr, min: $min:expr, max: $max:expr, step: $step:expr, unit: $unit:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Number {
            min: $min as f64, max: $max as f64, step: $step as f64, unit: $unit
        }; $($($rest)*)?)
    };
    ($name:ident number { title: $title:expr, min: $min:expr, max: $max:expr, step: $step:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Number {
            min: $min as f64, max: $max as f64, step: $step as f64, unit: ""
        }; $($($rest)*)?)
    };
    ($name:ident select { title: $title:expr, options: $options:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Select { options: &$options }; $($($rest)*)?)
    };
    ($name:ident text { title: $title:expr, max: $max:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Text { max: $max }; $($($rest)*)?)
    };
    ($name:ident button { title: $title:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Button; $($($rest)*)?)
    };
    ($name:ident message { title: $title:expr, max: $max:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::TextAction { max: $max }; $($($rest)*)?)
    };
    ($name:ident sensor { title: $title:expr, unit: $unit:expr, precision: $precision:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@sensor $name $title, $unit, $precision; $($($rest)*)?)
    };
    ($name:ident sensor { title: $title:expr, precision: $precision:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@sensor $name $title, "", $precision; $($($rest)*)?)
    };
    ($name:ident binary_sensor { title: $title:expr, on: $on:expr, off: $off:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@more
            $crate::Interaction::new(stringify!($name), $title, $crate::Kind::BinarySensor).words($on, $off);
            $($($rest)*)?
        )
    };
    ($name:ident binary_sensor { title: $title:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::BinarySensor; $($($rest)*)?)
    };
    ($name:ident event { title: $title:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Event; $($($rest)*)?)
    };
    ($name:ident log { title: $title:expr $(, $($rest:tt)*)? }) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Log; $($($rest)*)?)
    };
    (@sensor $name:ident $title:expr, $unit:expr, $precision:expr; history: $points:literal every $every:literal $(, $($rest:tt)*)?) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Sensor {
            unit: $unit, precision: $precision, history: Some($crate::History { points: $points, every: $every })
        }; $($($rest)*)?)
    };
    (@sensor $name:ident $title:expr, $unit:expr, $precision:expr; $($rest:tt)*) => {
        $crate::__thing_interaction!(@with $name $title, $crate::Kind::Sensor {
            unit: $unit, precision: $precision, history: None
        }; $($rest)*)
    };
    (@with $name:ident $title:expr, $kind:expr; $($rest:tt)*) => {
        $crate::__thing_interaction!(@more $crate::Interaction::new(stringify!($name), $title, $kind); $($rest)*)
    };
    (@more $interaction:expr;) => { $interaction };
    (@more $interaction:expr; group: $group:expr $(, $($rest:tt)*)?) => {
        $crate::__thing_interaction!(@more $interaction.in_group($group); $($($rest)*)?)
    };
    (@more $interaction:expr; kept $(, $($rest:tt)*)?) => {
        $crate::__thing_interaction!(@more $interaction.kept(); $($($rest)*)?)
    };
    ($name:ident $kind:ident { $($options:tt)* }) => {
        compile_error!(concat!(
            stringify!($name), ": ", stringify!($kind), " { ", stringify!($($options)*),
            " } is no interaction: see the kinds of instep::thing! and the order of their parts"
        ))
    };
}

/// The method of the handle that publishes or tells it.
#[doc(hidden)]
#[macro_export]
macro_rules! __thing_method {
    ([$($doc:tt)*] $name:ident switch) => { $crate::__thing_method!(@on [$($doc)*] $name); };
    ([$($doc:tt)*] $name:ident binary_sensor) => { $crate::__thing_method!(@on [$($doc)*] $name); };
    ([$($doc:tt)*] $name:ident number) => { $crate::__thing_method!(@number [$($doc)*] $name); };
    ([$($doc:tt)*] $name:ident sensor) => { $crate::__thing_method!(@number [$($doc)*] $name); };
    ([$($doc:tt)*] $name:ident select) => { $crate::__thing_method!(@text [$($doc)*] $name); };
    ([$($doc:tt)*] $name:ident text) => { $crate::__thing_method!(@text [$($doc)*] $name); };
    ([$($doc:tt)*] $name:ident button) => {};
    ([$($doc:tt)*] $name:ident message) => {};
    ([$($doc:tt)*] $name:ident event) => {
        $($doc)*
        #[doc = concat!("Tells every client of `", stringify!($name), "`.")]
        pub fn $name(&self, text: impl ::core::fmt::Display) {
            Self::THING.tell(self.device, stringify!($name), text);
        }
    };
    ([$($doc:tt)*] $name:ident log) => {
        $($doc)*
        #[doc = concat!("Adds a line to `", stringify!($name), "`.")]
        pub fn $name(&self, severity: $crate::Severity, line: impl ::core::fmt::Display) {
            Self::THING.log(self.device, stringify!($name), severity, line);
        }
    };
    (@on [$($doc:tt)*] $name:ident) => {
        $($doc)*
        #[doc = concat!("Publishes the value of `", stringify!($name), "`; `None`: it is unavailable.")]
        pub fn $name(&self, on: impl Into<Option<bool>>) {
            let on: Option<bool> = on.into();
            Self::THING.publish(self.device, stringify!($name), on);
        }
    };
    (@number [$($doc:tt)*] $name:ident) => {
        $($doc)*
        #[doc = concat!("Publishes the value of `", stringify!($name), "`; `None` or NaN: it is unavailable.")]
        pub fn $name(&self, number: impl Into<Option<f64>>) {
            let number: Option<f64> = number.into();
            Self::THING.publish(self.device, stringify!($name), number);
        }
    };
    (@text [$($doc:tt)*] $name:ident) => {
        $($doc)*
        #[doc = concat!("Publishes the value of `", stringify!($name), "`.")]
        pub fn $name(&self, text: impl ::core::fmt::Display) {
            Self::THING.publish(self.device, stringify!($name), $crate::Reading::Text(&text));
        }
    };
    // The declaration says what is wrong.
    ([$($doc:tt)*] $name:ident $kind:ident) => {};
}

/// Returns the command if it is this interaction that was asked for.
#[doc(hidden)]
#[macro_export]
macro_rules! __thing_command {
    ($asked:ident $inbox:ident $Command:ident $name:ident $Variant:ident: switch) => {
        if let (stringify!($name), $crate::Input::Bool(on)) = ($asked.name, $asked.input) {
            return $Command::$Variant(on);
        }
    };
    ($asked:ident $inbox:ident $Command:ident $name:ident $Variant:ident: number) => {
        if let (stringify!($name), $crate::Input::Number(number)) = ($asked.name, $asked.input) {
            return $Command::$Variant(number);
        }
    };
    ($asked:ident $inbox:ident $Command:ident $name:ident $Variant:ident: select) => {
        if let (stringify!($name), $crate::Input::Choice(option)) = ($asked.name, $asked.input) {
            return $Command::$Variant(option);
        }
    };
    ($asked:ident $inbox:ident $Command:ident $name:ident $Variant:ident: text) => {
        if $asked.name == stringify!($name) {
            return $Command::$Variant($inbox.text());
        }
    };
    ($asked:ident $inbox:ident $Command:ident $name:ident $Variant:ident: message) => {
        if $asked.name == stringify!($name) {
            return $Command::$Variant($inbox.text());
        }
    };
    ($asked:ident $inbox:ident $Command:ident $name:ident $Variant:ident: button) => {
        if $asked.name == stringify!($name) {
            return $Command::$Variant;
        }
    };
    // It cannot be asked for, or the enum says what is wrong.
    ($($other:tt)*) => {};
}

/// The enum of commands: takes one interaction after the other, because a macro cannot stand for a variant.
#[doc(hidden)]
#[macro_export]
macro_rules! __thing_commands {
    ($vis:vis $Command:ident [$($variants:tt)*]) => {
        /// What a client asks for.
        #[derive(Clone, Copy, Debug, PartialEq)]
        $vis enum $Command<'c> {
            $($variants)*
            /// Cannot be: it only makes use of the lifetime, whatever else is declared.
            #[doc(hidden)]
            _Never(::core::convert::Infallible, ::core::marker::PhantomData<&'c ()>),
        }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: switch $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)* $($doc)* #[doc = concat!("To switch `", stringify!($name), "`.")] $Variant(bool),] $($rest)* }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: number $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)* $($doc)* #[doc = concat!("To set `", stringify!($name), "`.")] $Variant(f64),] $($rest)* }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: select $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)* $($doc)* #[doc = concat!("To set `", stringify!($name), "` to one of its options.")] $Variant(&'static str),] $($rest)* }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: text $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)* $($doc)* #[doc = concat!("To set `", stringify!($name), "`.")] $Variant(&'c str),] $($rest)* }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: button $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)* $($doc)* #[doc = concat!("To do `", stringify!($name), "`.")] $Variant,] $($rest)* }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: message $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)* $($doc)* #[doc = concat!("To do `", stringify!($name), "` with this text.")] $Variant(&'c str),] $($rest)* }
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] $Variant:ident: $kind:ident $name:ident) $($rest:tt)*) => {
        compile_error!(concat!(stringify!($name), " is a ", stringify!($kind), ", which nobody can ask for: leave out `=> ", stringify!($Variant), "`"));
    };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : switch $name:ident) $($rest:tt)*) => { $crate::__thing_commands! { @none $name switch } };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : number $name:ident) $($rest:tt)*) => { $crate::__thing_commands! { @none $name number } };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : select $name:ident) $($rest:tt)*) => { $crate::__thing_commands! { @none $name select } };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : text $name:ident) $($rest:tt)*) => { $crate::__thing_commands! { @none $name text } };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : button $name:ident) $($rest:tt)*) => { $crate::__thing_commands! { @none $name button } };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : message $name:ident) $($rest:tt)*) => { $crate::__thing_commands! { @none $name message } };
    ($vis:vis $Command:ident [$($v:tt)*] ([$($doc:tt)*] : $kind:ident $name:ident) $($rest:tt)*) => {
        $crate::__thing_commands! { $vis $Command [$($v)*] $($rest)* }
    };
    (@none $name:ident $kind:ident) => {
        compile_error!(concat!(stringify!($name), " is a ", stringify!($kind), ", which is asked for: name its command, `", stringify!($name), " => Command`"));
    };
}
