//! The macro that declares a Thing, its handle and its commands.

/// Declares a Thing: its handle, and the enum of its commands.
///
/// The handle has a method for each value and each event that the device publishes. The enum has a variant for each command that
/// clients may send.
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
///         match lamp.recv(inbox).await {
///             (LampCommand::Led(on), _) => lamp.led(on), // switch the hardware first, then publish
///             (LampCommand::Brightness(percent), _) => lamp.brightness(percent),
///             (LampCommand::Mode(mode), _) => lamp.mode(mode),
///             (LampCommand::Name(name), responder) if name.len() < 3 => {
///                 responder.refuse(format_args!("{name} is too short for a name"));
///             }
///             (LampCommand::Name(name), _) => lamp.name(name),
///             (LampCommand::Blink, _) => lamp.lines(Severity::Info, "blinking"),
///             (LampCommand::Say(text), _) => lamp.said(text),
///         }
///     }
/// }
/// ```
///
/// A declaration names the handle, the title of the device, and the enum of its commands. In braces it lists the interactions.
/// An interaction has a name, which is its label on the wire; the name of its command behind `=>`, if clients write or invoke it; its
/// kind; and, in braces, the options of its kind, in any order.
///
/// | Kind | Needs | May have |
/// |---|---|---|
/// | `switch` | `title` | `group`, `kept` |
/// | `number` | `title`, `min`, `max`, `step` | `unit`, `group`, `kept` |
/// | `select` | `title`, `options` | `group`, `kept` |
/// | `text` | `title`, `max` (bytes) | `group`, `kept` |
/// | `button` | `title` | `group` |
/// | `message` | `title`, `max` (bytes) | `group` |
/// | `sensor` | `title`, `precision` (digits behind the decimal point) | `unit`, `history`, `group` |
/// | `binary_sensor` | `title` | `on` and `off`, `group` |
/// | `event` | `title` | `group` |
/// | `log` | `title` | `group` |
///
/// `group: "Heading"` puts interactions under one heading of the panel. `history: POINTS every MS` keeps the last `POINTS` values of a
/// sensor, one every `MS` milliseconds. `on` and `off` are words for the two values of a binary sensor. A value that is `kept` outlives
/// a restart, if the device can store it (see [`Inbox::keep_in`](crate::Inbox::keep_in)).
///
/// Each value is an expression that the compiler evaluates: a literal, a constant, or a call of a `const fn`.
///
/// ```
/// const EVERY: u32 = 2_000;
/// const MODES: [&str; 2] = ["eco", "boost"];
///
/// instep::thing! {
///     pub Pump: "A pump", commands PumpCommand {
///         mode => Mode: select { kept, options: MODES, title: "Mode" },
///         flow: sensor { history: 300 every EVERY, unit: "l/min", precision: 1, title: "Flow" },
///     }
/// }
/// ```
///
/// Each kind has these parts of the enum and of the handle:
///
/// | Kind | Is | Command | Method of the handle |
/// |---|---|---|---|
/// | `switch` | a property that is written | `Led(bool)` | `led(on)`: `bool`, or `None` if it is unavailable ([`IntoSwitch`](crate::IntoSwitch)) |
/// | `number` | a property that is written | `Brightness(f64)` | `brightness(number)`: an integer, a float or `None`; NaN is unavailable, too ([`IntoNumber`](crate::IntoNumber)) |
/// | `select` | a property that is written | `Mode(&'static str)` | `mode(option)` |
/// | `text` | a property that is written | `Name(&str)` | `name(text)`: any `Display` |
/// | `button` | an action | `Blink` | |
/// | `message` | an action with text | `Say(&str)` | |
/// | `sensor` | a property that is read | | `temperature(number)`, as `number` |
/// | `binary_sensor` | a property that is read | | `door(on)`, as `switch` |
/// | `event` | an event | | `said(text)`: any `Display` |
/// | `log` | an event | | `lines(severity, text)` |
///
/// The handle also has `new(&device)`, `recv(&mut inbox)` and `THING`, so no interaction with a method may have one of these names.
/// `recv` returns only declared commands, with values in their range, each with the [`Responder`](crate::Responder) that answers it.
/// [`Inbox::recv_request`](crate::Inbox::recv_request) describes what happens to other requests.
///
/// A mistake in the declaration is an error of the compiler, which underlines it and lists what is allowed:
///
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { ok => Ok: switch { title: "Reserved" } } }
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { led => Led: number { title: "Led", min: 1, max: 1, step: 1 } } }
/// ```
/// ```compile_fail
/// const MAX: i32 = 1;
/// instep::thing! { Lamp: "A lamp", commands Command { led => Led: number { title: "Led", min: 1, max: MAX, step: 1 } } }
/// const THING: instep::thing::Thing = Lamp::THING;
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { door => Door: binary_sensor { title: "Door" } } }
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { led: switch { title: "Led" } } }
/// ```
/// ```compile_fail
/// instep::thing! { Lamp: "A lamp", commands Command { door: binary_sensor { title: "Door", on: "open", off: "open" } } }
/// ```
///
/// # Written out
///
/// Nothing of it needs the macro:
///
/// ```
/// use instep::{App, Device, Inbox, Input, Reading, Request};
/// use instep::thing::{Interaction, Kind, Thing};
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
///         match inbox.recv_request(&LAMP).await.0 {
///             Request { name: "led", input: Input::Bool(on) } => LAMP.publish(device, "led", on),
///             Request { name, input: Input::Number(number) } => LAMP.publish(device, name, number),
///             _ => {}
///         }
///     }
/// }
/// ```
#[macro_export]
macro_rules! thing {
    ($($declaration:tt)*) => { $crate::__thing! { $crate $($declaration)* } };
}
