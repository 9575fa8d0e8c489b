//! Macro by which a board declares the memory of its server.

/// Declares all memory of a server on a microcontroller.
///
/// Each entry has a key, and the entries may be in any order:
///
/// | Entry | Meaning |
/// |---|---|
/// | `limits: LIMITS` | the [`Limits`](instep::Limits) of the server |
/// | `app: APP` | the [`App`](instep::App) that is served |
/// | `apps: &[&ONE, &OTHER]` | instead of `app`: the applications that may be served; `start` chooses one |
/// | `topics: 2` | instead of `app`: the number of topics of an application without a Thing |
/// | `buffers: (RECEIVE, SEND)` | bytes of each TCP socket's buffers; [`SOCKET_BUFFER`](crate::SOCKET_BUFFER) each if left out |
/// | `station: 8` | a network interface of any other name, and its maximum number of clients; one entry or more |
///
/// The structure has `const fn new()`, for a `static`; `SIZE`, in bytes; `start(app, access)`, which returns the server
/// and the application's inbox; and for each interface a field with `driver(server, stack, port)`. Call `start` once,
/// then each `driver` once.
///
/// ```
/// use embassy_net::Stack;
/// use instep::{Access, App, Limits};
///
/// static APP: App = App::new("lamp", "A lamp").endpoint("/ws");
/// static ACCESS: Access = Access::new("lamp");
///
/// instep_embassy::resources! {
///     /// All memory of the server.
///     struct Resources { limits: Limits::DEVICE, buffers: (640, 1040), app: APP, station: 8 }
/// }
/// static RESOURCES: Resources = Resources::new();
/// const _: () = assert!(Resources::SIZE < 128 * 1024);
///
/// async fn serve(stack: Stack<'static>) -> ! {
///     let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
///     // The application runs in its own task, with `inbox` and `server.device`.
///     RESOURCES.station.driver(server, stack, 80).run().await
/// }
/// ```
#[macro_export]
macro_rules! resources {
    // Each entry goes to the place of its key: [limits] [app] [buffers] [interfaces].
    (@read $head:tt [] $app:tt $buffers:tt $interfaces:tt limits: $limits:expr $(, $($rest:tt)*)?) => {
        $crate::resources! { @read $head [$limits] $app $buffers $interfaces $($($rest)*)? }
    };
    (@read $head:tt $limits:tt [] $buffers:tt $interfaces:tt app: $app:expr $(, $($rest:tt)*)?) => {
        $crate::resources! {
            @read $head $limits [$crate::sizes::Needs::of(&[&$app])] $buffers $interfaces $($($rest)*)?
        }
    };
    (@read $head:tt $limits:tt [] $buffers:tt $interfaces:tt apps: $apps:expr $(, $($rest:tt)*)?) => {
        $crate::resources! {
            @read $head $limits [$crate::sizes::Needs::of($apps)] $buffers $interfaces $($($rest)*)?
        }
    };
    (@read $head:tt $limits:tt [] $buffers:tt $interfaces:tt topics: $topics:expr $(, $($rest:tt)*)?) => {
        $crate::resources! {
            @read $head $limits [$crate::sizes::Needs::topics($topics)] $buffers $interfaces $($($rest)*)?
        }
    };
    (
        @read $head:tt $limits:tt $app:tt [] $interfaces:tt
        buffers: ($receive:expr, $send:expr $(,)?) $(, $($rest:tt)*)?
    ) => {
        $crate::resources! { @read $head $limits $app [$receive, $send] $interfaces $($($rest)*)? }
    };
    // A key that was given before.
    (@read $head:tt $limits:tt $app:tt $buffers:tt $interfaces:tt limits: $($rest:tt)*) => {
        compile_error!("`limits` is given twice; write `limits: LIMITS` once");
    };
    (@read $head:tt $limits:tt $app:tt $buffers:tt $interfaces:tt app: $($rest:tt)*) => {
        compile_error!("only one of `app`, `apps` and `topics` may be given; write `app: APP`, `apps: &[&ONE, &OTHER]` or `topics: 2`");
    };
    (@read $head:tt $limits:tt $app:tt $buffers:tt $interfaces:tt apps: $($rest:tt)*) => {
        compile_error!("only one of `app`, `apps` and `topics` may be given; write `app: APP`, `apps: &[&ONE, &OTHER]` or `topics: 2`");
    };
    (@read $head:tt $limits:tt $app:tt $buffers:tt $interfaces:tt topics: $($rest:tt)*) => {
        compile_error!("only one of `app`, `apps` and `topics` may be given; write `app: APP`, `apps: &[&ONE, &OTHER]` or `topics: 2`");
    };
    (@read $head:tt $limits:tt $app:tt $buffers:tt $interfaces:tt buffers: $($rest:tt)*) => {
        compile_error!("`buffers` is given twice, or is not a pair; write `buffers: (RECEIVE, SEND)` once, in bytes");
    };
    (
        @read $head:tt $limits:tt $app:tt $buffers:tt [$($interfaces:tt)*]
        $name:ident: $clients:expr $(, $($rest:tt)*)?
    ) => {
        $crate::resources! { @read $head $limits $app $buffers [$($interfaces)* $name: $clients,] $($($rest)*)? }
    };
    // All entries are read.
    (@read $head:tt [] $app:tt $buffers:tt $interfaces:tt) => {
        compile_error!("`limits` is missing; add `limits: LIMITS`, such as `Limits::DEVICE`");
    };
    (@read $head:tt $limits:tt [] $buffers:tt $interfaces:tt) => {
        compile_error!("`app` is missing; add one of `app: APP`, `apps: &[&ONE, &OTHER]` and `topics: 2`");
    };
    (@read $head:tt $limits:tt $app:tt $buffers:tt []) => {
        compile_error!("a network interface is missing; add its name and its number of clients, such as `station: 8`");
    };
    (@read $head:tt $limits:tt $app:tt [] $interfaces:tt) => {
        $crate::resources! {
            @read $head $limits $app [$crate::SOCKET_BUFFER, $crate::SOCKET_BUFFER] $interfaces
        }
    };
    (
        @read [$(#[$meta:meta])* $visibility:vis struct $name:ident]
        [$limits:expr] [$needs:expr] [$receive:expr, $send:expr] [$($interface:ident: $clients:expr,)+]
    ) => {
        $(#[$meta])*
        $visibility struct $name {
            device: $crate::DeviceMemory<
                Self,
                { 0 $(+ $clients)+ + $crate::sizes::SPARE_SLOTS + $needs.requests },
                { [$($clients),+].len() + $crate::sizes::BROKERS },
            >,
            $(
                /// One network interface.
                pub $interface: $crate::InterfaceMemory<Self, { $clients + $crate::ACCEPTING }>,
            )+
        }

        impl $crate::Arrays for $name {
            const LIMITS: $crate::instep::Limits =
                $limits.with_clients(0 $(+ $clients)+);
            const REQUESTS: usize = $needs.requests;
            type Topics = [$crate::instep::driver::TableEntry; $needs.topics];
            type TopicBytes = [u8; $crate::sizes::blocks(&$limits, $needs.topics)];
            type Events = [$crate::instep::driver::RingEntry; $limits.events];
            type EventBytes = [u8; $crate::sizes::blocks(&$limits, $limits.events)];
            type History = [$crate::instep::thing::HistoryPoint; $needs.history];
            type Recorders = [$crate::instep::driver::Recorder; $needs.recorders];
            type Message = [u8; $limits.message];
            type Outbox = [u8; $limits.outbox];
            type Head = [u8; $crate::sizes::head(&$limits)];
            type Unsent = [u8; $crate::sizes::unsent(&$limits)];
            type Input = [u8; $crate::sizes::input(&$limits)];
            type Scratch = [u8; $crate::sizes::scratch(&$limits)];
            type Receive = [u8; $receive];
            type Send = [u8; $send];
        }

        impl $name {
            /// Size of all memory of the server, with its drivers, in bytes.
            pub const SIZE: usize = ::core::mem::size_of::<Self>();

            /// Creates unused memory.
            pub const fn new() -> Self {
                Self {
                    device: $crate::DeviceMemory::new(),
                    $($interface: $crate::InterfaceMemory::new(),)+
                }
            }

            /// Sets up the server. Call this once.
            pub fn start(
                &'static self,
                app: &'static $crate::instep::App,
                access: &'static $crate::instep::Access,
            ) -> ($crate::Server, $crate::instep::Inbox<'static>) {
                for (number, interface) in [$(self.$interface.number()),+].into_iter().enumerate() {
                    interface.store(number, ::core::sync::atomic::Ordering::Relaxed);
                }
                self.device.start(app, access, &[$($clients),+])
            }
        }
    };
    (@read $head:tt $limits:tt $app:tt $buffers:tt $interfaces:tt $($rest:tt)+) => {
        compile_error!(concat!(
            "each entry is `key: value`, with a comma between two entries; found `", stringify!($($rest)+), "`"
        ));
    };
    ($(#[$meta:meta])* $visibility:vis struct $name:ident { $($entries:tt)* }) => {
        $crate::resources! { @read [$(#[$meta])* $visibility struct $name] [] [] [] [] $($entries)* }
    };
    ($($other:tt)*) => {
        compile_error!("resources are declared as `struct Resources { limits: LIMITS, app: APP, station: 8 }`");
    };
}
