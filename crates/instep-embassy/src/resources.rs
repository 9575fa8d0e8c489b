//! How a board declares the memory of its server.

/// Declares all memory of a server on a microcontroller: its limits, its application (`app: APP`; or `apps: &[&A, &B]`, of which
/// it serves one; or, where that is no Thing, `topics: 2`), and for each of its network interfaces a name and how many
/// clients it serves.
///
/// The structure has `const fn new()`, for a `static`; `SIZE`, in bytes; `start(app, access)`, which gives the server
/// and the application's inbox; and for each interface a field with `driver(server, stack, port)`. Each may be called
/// once, `start` first.
///
/// `buffers: (RECEIVE, SEND)` behind the application or its topics says how long the buffers of each TCP socket are, in bytes. Without it
/// each is [`SOCKET_BUFFER`](crate::SOCKET_BUFFER).
#[macro_export]
macro_rules! resources {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            limits: $limits:expr, app: $app:expr, $($rest:tt)+
        }
    ) => {
        $crate::resources! {
            $(#[$meta])*
            $visibility struct $name { limits: $limits, apps: &[&$app], $($rest)+ }
        }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            limits: $limits:expr, apps: $apps:expr, buffers: ($receive:expr, $send:expr),
            $($interface:ident: $clients:expr),+ $(,)?
        }
    ) => {
        $crate::resources! {
            $(#[$meta])*
            $visibility struct $name {
                limits: $limits, topics: { $crate::sizes::topics($apps) },
                requests: { $crate::sizes::requests($apps) },
                history: { $crate::sizes::history_points($apps) },
                recorders: { $crate::sizes::history_count($apps) },
                buffers: ($receive, $send), $($interface: $clients),+
            }
        }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            limits: $limits:expr, apps: $apps:expr, $($interface:ident: $clients:expr),+ $(,)?
        }
    ) => {
        $crate::resources! {
            $(#[$meta])*
            $visibility struct $name {
                limits: $limits, apps: $apps,
                buffers: ($crate::SOCKET_BUFFER, $crate::SOCKET_BUFFER),
                $($interface: $clients),+
            }
        }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            limits: $limits:expr, topics: $topics:expr,
            requests: $requests:expr, history: $history:expr, recorders: $recorders:expr,
            buffers: ($receive:expr, $send:expr),
            $($interface:ident: $clients:expr),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        $visibility struct $name {
            device: $crate::DeviceMemory<
                { 0 $(+ $clients)+ + $crate::sizes::SPARE_SLOTS + $requests },
                { $topics },
                { $crate::sizes::blocks(&$limits, $topics) },
                { $limits.events },
                { $crate::sizes::blocks(&$limits, $limits.events) },
                { $limits.message },
                { $limits.outbox },
                { [$($clients),+].len() },
                { $requests },
                { $history },
                { $recorders },
            >,
            $(
                /// One network interface.
                pub $interface: $crate::InterfaceMemory<
                    { $clients + $crate::ACCEPTING },
                    { $topics },
                    { $crate::sizes::blocks(&$limits, $topics) },
                    { $limits.events },
                    { $crate::sizes::blocks(&$limits, $limits.events) },
                    { $crate::sizes::unsent(&$limits) },
                    { $crate::sizes::scratch(&$limits) },
                    { $crate::sizes::head(&$limits) },
                    { $crate::sizes::input(&$limits) },
                    { $receive },
                    { $send },
                    { $crate::sizes::send_min(&$limits) },
                >,
            )+
        }

        impl $name {
            /// Bytes of all memory of the server, its drivers included.
            pub const SIZE: usize = ::core::mem::size_of::<Self>();

            /// The memory, unused.
            pub const fn new() -> Self {
                Self {
                    device: $crate::DeviceMemory::new(),
                    $($interface: $crate::InterfaceMemory::new(),)+
                }
            }

            /// Sets the server up, once.
            pub fn start(
                &'static self,
                app: &'static $crate::instep::App,
                access: &'static $crate::instep::Access,
            ) -> ($crate::Server, $crate::instep::Inbox<'static>) {
                let limits = const { $limits.with_clients(0 $(+ $clients)+) };
                for (number, interface) in [$(self.$interface.number()),+].into_iter().enumerate() {
                    interface.store(number, ::core::sync::atomic::Ordering::Relaxed);
                }
                self.device.start(app, access, limits, [$($clients),+])
            }
        }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            limits: $limits:expr, topics: $topics:expr, buffers: ($receive:expr, $send:expr),
            $($interface:ident: $clients:expr),+ $(,)?
        }
    ) => {
        $crate::resources! {
            $(#[$meta])*
            $visibility struct $name {
                limits: $limits, topics: $topics, requests: 0, history: 0, recorders: 0,
                buffers: ($receive, $send), $($interface: $clients),+
            }
        }
    };
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            limits: $limits:expr, topics: $topics:expr, $($interface:ident: $clients:expr),+ $(,)?
        }
    ) => {
        $crate::resources! {
            $(#[$meta])*
            $visibility struct $name {
                limits: $limits, topics: $topics,
                buffers: ($crate::SOCKET_BUFFER, $crate::SOCKET_BUFFER),
                $($interface: $clients),+
            }
        }
    };
    ($($other:tt)*) => {
        compile_error!(
            "resources are declared as `struct Resources { limits: LIMITS, app: APP, station: 8 }`, in this order\n\
            in place of `app: APP` there may be `apps: &[&APP, &OTHER]`, or `topics: 2` for applications without a Thing\n\
            `buffers: (RECEIVE, SEND)` may follow; then come one or more interfaces, each with its number of clients"
        );
    };
}
