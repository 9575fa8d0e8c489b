//! Expansion of [`start!`](crate::start!) for updates.

/// Declares the identity of the image.
#[cfg(feature = "update")]
#[doc(hidden)]
#[macro_export]
macro_rules! describe_update {
    ($memory:ident, $board:expr, $app:ident) => {
        const DESCRIPTOR: instep_esp_parts::instep_embassy::update::Descriptor =
            instep_esp_parts::descriptor($board, $app.name());

        // SAFETY: the section has only descriptors, which are read-only data.
        #[allow(unsafe_code)]
        #[used]
        #[unsafe(link_section = ".flash.appdesc.instep")]
        static DESCRIPTOR_IN_IMAGE: instep_esp_parts::instep_embassy::update::Descriptor = DESCRIPTOR;

        impl instep_esp_parts::UpdateBuild for $memory {
            fn identity() -> &'static instep_esp_parts::instep_embassy::update::Identity {
                static IDENTITY: instep_esp_parts::instep_embassy::update::Identity =
                    instep_esp_parts::identity(env!("CARGO_PKG_VERSION"), &DESCRIPTOR);
                &IDENTITY
            }
        }
    };
}

/// Declares that there are no updates.
#[cfg(not(feature = "update"))]
#[doc(hidden)]
#[macro_export]
macro_rules! describe_update {
    ($memory:ident, $board:expr, $app:ident) => {
        impl instep_esp_parts::UpdateBuild for $memory {}
    };
}
