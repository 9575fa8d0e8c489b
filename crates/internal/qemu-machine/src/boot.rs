//! Boot arguments from QEMU, `-append "instep.NAME=VALUE …"`, how the machine was started, and a page in memory.

use crate::reset::Start;
use qemu_flash::ResetReason;

/// Address to which QEMU loads a page.
///
/// The option is `-device loader,file=FILE,addr=0x80800000,force-raw=on`.
const PAGE_ADDRESS: usize = 0x8080_0000;
/// Maximum length of a page, in bytes.
const MAX_PAGE_BYTES: usize = 1 << 20;

/// Boot arguments of the machine.
#[derive(Clone, Copy)]
pub struct Boot {
    description: &'static [u8],
    start: Start,
}

impl Boot {
    pub(crate) fn new(description: &'static [u8], start: Start) -> Self {
        Self { description, start }
    }

    /// Returns the number of the slot that the boot stub started; `None` if QEMU loaded an ELF file.
    ///
    /// It stands for the slot that a chip has mapped.
    pub fn slot(self) -> Option<u32> {
        self.start.slot
    }

    /// Returns the reason for this start of the machine.
    pub fn reset_reason(self) -> ResetReason {
        self.start.reason
    }

    /// Returns the value of `name`, which ends in `=`.
    pub fn value(self, name: &str) -> Option<&'static str> {
        self.values(name).next()
    }

    /// Returns the device's URL on the machine that runs QEMU, from `instep.url=`.
    pub fn url(self) -> &'static str {
        self.value("instep.url=").unwrap_or("http://10.0.2.15/")
    }

    /// Returns all values of a name that may be repeated.
    pub fn values(self, name: &str) -> impl Iterator<Item = &'static str> {
        let description = self.description;
        let starts = description.windows(name.len()).enumerate();
        let starts = starts.filter(move |(_, window)| *window == name.as_bytes()).map(|(at, _)| at);
        starts.filter_map(move |at| {
            let word = description[at + name.len()..].split(|byte| matches!(byte, 0 | b' ')).next()?;
            core::str::from_utf8(word).ok()
        })
    }

    /// Returns the page that QEMU loaded, with the length from `instep.page=`.
    pub fn page(self) -> Option<&'static str> {
        let length = self.value("instep.page=")?.parse().ok().filter(|length| *length <= MAX_PAGE_BYTES)?;
        // SAFETY: this memory exists, is above all memory of this program, and is never written.
        let bytes = unsafe { core::slice::from_raw_parts(PAGE_ADDRESS as *const u8, length) };
        core::str::from_utf8(bytes).ok()
    }
}
