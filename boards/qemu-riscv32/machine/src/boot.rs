//! What QEMU was told to tell the firmware: `-append "instep.NAME=VALUE …"`, and a page in memory.

/// Where QEMU puts a page: `-device loader,file=FILE,addr=0x80800000,force-raw=on`.
const PAGE_AT: usize = 0x8080_0000;
/// No page is longer.
const PAGE_MAX: usize = 1 << 20;

/// What the machine was told when it was started.
#[derive(Clone, Copy)]
pub struct Boot {
    description: &'static [u8],
}

impl Boot {
    pub(crate) fn new(description: &'static [u8]) -> Self {
        Self { description }
    }

    /// The value of `name`, which ends in `=`.
    pub fn told(self, name: &str) -> Option<&'static str> {
        self.all(name).next()
    }

    /// All values of a name that may come more than once.
    pub fn all(self, name: &str) -> impl Iterator<Item = &'static str> {
        let description = self.description;
        let starts = description.windows(name.len()).enumerate();
        let starts = starts.filter(move |(_, window)| *window == name.as_bytes()).map(|(at, _)| at);
        starts.filter_map(move |at| {
            let word = description[at + name.len()..].split(|byte| matches!(byte, 0 | b' ')).next()?;
            core::str::from_utf8(word).ok()
        })
    }

    /// The page that QEMU put into memory, of which `instep.page=` tells the length.
    pub fn page(self) -> Option<&'static str> {
        let length = self.told("instep.page=")?.parse().ok().filter(|length| *length <= PAGE_MAX)?;
        // SAFETY: it lies above all memory that this program uses, in what the machine has, and nobody writes to it.
        let bytes = unsafe { core::slice::from_raw_parts(PAGE_AT as *const u8, length) };
        core::str::from_utf8(bytes).ok()
    }
}
