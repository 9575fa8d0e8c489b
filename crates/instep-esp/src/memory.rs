//! Memory of the server for one application, which [`start!`](crate::start!) declares in the firmware.

use embassy_net::Stack;
use esp_radio::wifi::Interface;
use instep::{Access, App, Inbox};
use instep_embassy::{Driver, Server, SynFilter};

#[cfg(feature = "update")]
use crate::update::UpdateBuild;

/// Facts about the image, of which there are none without the feature `update`.
#[cfg(not(feature = "update"))]
pub trait UpdateBuild {}

/// All memory of the server.
///
/// The joined network and the device's own network are two shards of one device.
pub trait ServerMemory: UpdateBuild {
    /// Size of the memory, in bytes.
    const SIZE: usize;
    /// Memory for one more client, in bytes.
    ///
    /// It includes the connection and the slot, with a message and the outbox. It does not include the client's TCP
    /// socket and the two buffers of the socket.
    const BYTES_PER_CLIENT: usize;
    /// Whether the application has persistent properties. If it has none, their code is not linked.
    const KEEPS_PROPERTIES: bool;

    /// Returns the application.
    fn app() -> &'static App;
    /// Sets up the server.
    fn start(access: &'static Access) -> (Server, Inbox<'static>);
    /// Returns the interfaces of the joined network and of the device's own network, with the filters of their drivers.
    fn filter(station: Interface, access_point: Interface) -> [SynFilter<Interface>; 2];
    /// Returns the drivers of the joined network and of the device's own network.
    fn drivers(servers: [Server; 2], stacks: [Stack<'static>; 2]) -> [&'static mut Driver; 2];
}

/// Starts the device, and returns the device, its inbox and the stored states of its switches.
///
/// Call it once, with the application, the name of the board, the spawner of `main`, and the [`Parts`](crate::Parts) of
/// the chip:
///
/// ```ignore
/// let mut board = instep_esp::start!(APP, "my-board", spawner, Parts { … }).await;
/// ```
///
/// The networks start when the application waits for the first time, so that its outputs are set before.
///
/// Lines that are logged before this call are lost.
///
/// # Panics
/// If it is called twice.
#[macro_export]
macro_rules! start {
    ($app:expr, $board:expr, $spawner:expr, $parts:expr $(,)?) => {{
        use $crate::expansion as instep_esp_parts;
        // The macros below name these crates.
        use instep_esp_parts::{esp_bootloader_esp_idf, instep_embassy};

        // Not `APP`, which the argument may be.
        const INSTEP_APP: &instep_esp_parts::App = &$app;

        instep_embassy::resources! {
            struct Resources {
                limits: instep_esp_parts::LIMITS, app: *INSTEP_APP,
                buffers: (instep_esp_parts::RECEIVE, instep_esp_parts::SEND),
                station: instep_esp_parts::STATION_CLIENTS, access_point: instep_esp_parts::AP_CLIENTS
            }
        }
        instep_embassy::resources! {
            struct One { limits: instep_esp_parts::LIMITS, app: *INSTEP_APP, buffers: (0, 0), station: 1 }
        }
        instep_embassy::resources! {
            struct Nine { limits: instep_esp_parts::LIMITS, app: *INSTEP_APP, buffers: (0, 0), station: 9 }
        }

        static RESOURCES: Resources = Resources::new();

        impl instep_esp_parts::ServerMemory for Resources {
            const SIZE: usize = Resources::SIZE;
            const BYTES_PER_CLIENT: usize = (Nine::SIZE - One::SIZE).div_ceil(8);
            const KEEPS_PROPERTIES: bool = match INSTEP_APP.as_thing() {
                Some(thing) => thing.persistent_count() > 0,
                None => false,
            };

            fn app() -> &'static instep_esp_parts::App {
                INSTEP_APP
            }

            fn start(
                access: &'static instep_esp_parts::Access,
            ) -> (instep_embassy::Server, instep_esp_parts::Inbox<'static>) {
                RESOURCES.start(INSTEP_APP, access)
            }

            fn filter(
                station: instep_esp_parts::Interface,
                access_point: instep_esp_parts::Interface,
            ) -> [instep_embassy::SynFilter<instep_esp_parts::Interface>; 2] {
                [
                    RESOURCES.station.filter(station, instep_esp_parts::PORT),
                    RESOURCES.access_point.filter(access_point, instep_esp_parts::PORT),
                ]
            }

            fn drivers(
                [station, access_point]: [instep_embassy::Server; 2],
                [station_stack, access_point_stack]: [instep_esp_parts::Stack<'static>; 2],
            ) -> [&'static mut instep_embassy::Driver; 2] {
                [
                    RESOURCES.station.driver(station, station_stack, instep_esp_parts::PORT),
                    RESOURCES.access_point.driver(access_point, access_point_stack, instep_esp_parts::PORT),
                ]
            }
        }

        instep_esp_parts::describe_update!(Resources, $board, INSTEP_APP);

        const _: () = assert!(
            <Resources as instep_esp_parts::ServerMemory>::BYTES_PER_CLIENT <= 1024
                || instep_esp_parts::HAS_OWN_MESSAGE_SIZE,
            "each client takes more than 1 KiB"
        );

        // The memory of a client for tools that measure firmware, in a section that is not loaded.
        // SAFETY: nothing else has this name, by which the tools find the value.
        #[allow(unsafe_code)]
        #[used]
        #[unsafe(export_name = "instep.BYTES_PER_CLIENT")]
        #[unsafe(link_section = ".espressif.metadata")]
        static REPORTED: u32 = <Resources as instep_esp_parts::ServerMemory>::BYTES_PER_CLIENT as u32;

        // The descriptor that the boot loader and tools read.
        #[allow(unsafe_code)]
        const _: () = {
            esp_bootloader_esp_idf::esp_app_desc!();
        };

        instep_esp_parts::start::<Resources>($spawner, $board, $parts)
    }};
}
