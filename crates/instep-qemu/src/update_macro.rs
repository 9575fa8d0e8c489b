//! What the expansion of [`main!`](crate::main) says of updates.

/// Declares what the image is, and the memory of updates.
#[cfg(feature = "update")]
#[doc(hidden)]
#[macro_export]
macro_rules! describe_update {
    ($memory:ident, $application:expr) => {
        const INSTEP_DESCRIPTOR: instep_qemu_parts::instep_embassy::update::Descriptor =
            instep_qemu_parts::descriptor($application);

        // SAFETY: the section has only descriptors, which are read-only data.
        #[used]
        #[unsafe(link_section = ".flash.appdesc.instep")]
        static INSTEP_DESCRIPTOR_IN_IMAGE: instep_qemu_parts::instep_embassy::update::Descriptor =
            INSTEP_DESCRIPTOR;

        static INSTEP_IDENTITY: instep_qemu_parts::instep_embassy::update::Identity =
            instep_qemu_parts::identity(env!("CARGO_PKG_VERSION"), &INSTEP_DESCRIPTOR);

        static INSTEP_UPDATES: instep_qemu_parts::instep_embassy::update::UpdateMemory =
            instep_qemu_parts::instep_embassy::update::UpdateMemory::new();

        impl instep_qemu_parts::UpdateBuild for $memory {
            const IDENTITY: &'static instep_qemu_parts::instep_embassy::update::Identity = &INSTEP_IDENTITY;
            const PERMISSION: instep_qemu_parts::instep::update::Permission =
                instep_qemu_parts::instep_embassy::update::permission(option_env!("INSTEP_UPDATE"));
            const KEY: ::core::option::Option<instep_qemu_parts::instep_embassy::update::PublicKey> =
                instep_qemu_parts::instep_embassy::update::public_key(option_env!("INSTEP_UPDATE_KEY"));

            fn updates() -> &'static instep_qemu_parts::instep_embassy::update::UpdateMemory {
                &INSTEP_UPDATES
            }
        }
    };
}

/// Declares that there are no updates.
#[cfg(not(feature = "update"))]
#[doc(hidden)]
#[macro_export]
macro_rules! describe_update {
    ($memory:ident, $application:expr) => {
        impl instep_qemu_parts::UpdateBuild for $memory {}
    };
}
