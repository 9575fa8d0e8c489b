//! The descriptor of an application, which its image begins with.

/// What a boot loader, an update or a tool reads about an application: `esp_app_desc_t` of ESP-IDF.
///
/// [`app_descriptor!`](crate::app_descriptor) places it.
#[repr(C)]
pub struct AppDescriptor {
    magic: u32,
    secure_version: u32,
    reserved_1: [u32; 2],
    version: [u8; 32],
    project: [u8; 32],
    time: [u8; 16],
    date: [u8; 16],
    idf_version: [u8; 32],
    elf_hash: [u8; 32],
    revisions_and_page: [u32; 2],
    reserved_2: [u32; 18],
}

const _: () = assert!(size_of::<AppDescriptor>() == 256, "the descriptor differs from that of ESP-IDF");

impl AppDescriptor {
    /// Returns the descriptor of an application. Of a text, 31 bytes are kept.
    pub const fn new(version: &str, project: &str) -> Self {
        Self {
            magic: 0xABCD_5432,
            secure_version: 0,
            reserved_1: [0; 2],
            version: text(version),
            project: text(project),
            time: [0; 16],
            date: [0; 16],
            idf_version: [0; 32],
            elf_hash: [0; 32],
            revisions_and_page: [0; 2],
            reserved_2: [0; 18],
        }
    }
}

const fn text(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let length = if text.len() < bytes.len() { text.len() } else { bytes.len() - 1 };
    bytes.split_at_mut(length).0.copy_from_slice(text.as_bytes().split_at(length).0);
    bytes
}

/// Places the descriptor of the calling crate, with its version and its name, so that its image can be in a slot.
#[macro_export]
macro_rules! app_descriptor {
    () => {
        const _: () = {
            // SAFETY: the section has only descriptors, which are read-only data.
            #[used]
            #[unsafe(link_section = ".flash.appdesc")]
            static DESCRIPTOR: $crate::AppDescriptor =
                $crate::AppDescriptor::new(env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_NAME"));
        };
    };
}
