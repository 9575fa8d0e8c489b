//! The flash of the chip, and the places in it.

use core::ops::Range;
use embassy_embedded_hal::adapter::BlockingAsync;
use esp_bootloader_esp_idf::partitions::{PARTITION_TABLE_MAX_LEN, read_partition_table};
use esp_hal::peripherals::FLASH;
use esp_storage::FlashStorage;

/// Name of the partition of the settings.
pub(crate) const SETTINGS: &str = "instep";
/// Names of the partitions that are used.
#[cfg(not(feature = "update"))]
const NAMES: [&str; 1] = [SETTINGS];
/// Names of the partitions that are used.
#[cfg(feature = "update")]
const NAMES: [&str; 4] = [SETTINGS, "otadata", "ota_0", "ota_1"];

/// The whole flash.
#[cfg(not(feature = "update"))]
pub(crate) type Flash = BlockingAsync<FlashStorage<'static>>;
/// The whole flash, which the settings and the updates share.
#[cfg(feature = "update")]
pub(crate) type Flash = BlockingAsync<slots::Shared>;

/// The flash, and the places in it.
pub(crate) struct Opened {
    /// For the settings.
    pub(crate) flash: Flash,
    /// Place of the settings.
    pub(crate) settings: Option<Range<u32>>,
    /// Places of the images, and the slot from which this one runs.
    #[cfg(feature = "update")]
    pub(crate) slots: Option<Slots>,
    /// For the images.
    #[cfg(feature = "update")]
    pub(crate) images: &'static dyn instep_embassy::update::Flash,
}

/// Reads the partition table.
// Not inlined, because a start that is a part of `main` is not optimised for size.
#[inline(never)]
pub(crate) fn open(flash: FLASH<'static>) -> Opened {
    let mut flash = FlashStorage::new(flash);
    let mut bytes = [0; PARTITION_TABLE_MAX_LEN];
    let table = read_partition_table(&mut flash, &mut bytes).ok();
    let mut places = [const { None }; NAMES.len()];
    for partition in table.iter().flat_map(|table| table.iter()) {
        let used = NAMES.iter().zip(&mut places).find(|(name, _)| **name == partition.label_as_str());
        if let Some((_, place)) = used {
            *place = Some(partition.offset()..partition.offset() + partition.len());
        }
    }
    #[cfg(feature = "update")]
    let [settings, places @ ..] = places;
    #[cfg(not(feature = "update"))]
    let [settings] = places;
    #[cfg(feature = "update")]
    let slots = table.as_ref().and_then(|table| slots::find(table, places));
    #[cfg(feature = "update")]
    let (flash, images) = slots::share(flash);
    Opened {
        flash: BlockingAsync::new(flash),
        settings,
        #[cfg(feature = "update")]
        slots,
        #[cfg(feature = "update")]
        images,
    }
}

#[cfg(feature = "update")]
pub(crate) use slots::Slots;

#[cfg(feature = "update")]
mod slots {
    use core::cell::RefCell;
    use core::ops::Range;
    use embassy_embedded_hal::flash::partition::BlockingPartition;
    use embassy_sync::blocking_mutex::raw::NoopRawMutex;
    use embassy_sync::blocking_mutex::{Mutex, NoopMutex};
    use esp_bootloader_esp_idf::partitions::PartitionTable;
    use esp_storage::FlashStorage;
    use instep_embassy::update::{Flash, Layout, Partition, Slot};
    use static_cell::StaticCell;

    /// The whole flash, for the settings. It is borrowed for one operation at a time, in one executor.
    pub(crate) type Shared = BlockingPartition<'static, NoopRawMutex, FlashStorage<'static>>;

    /// Places of the images.
    pub(crate) struct Slots {
        pub(crate) layout: Layout,
        /// The slot from which this image runs.
        pub(crate) running: Slot,
    }

    /// Finds both slots. The MMU's mapping shows the running slot, because `otadata` may name the other one.
    pub(super) fn find(table: &PartitionTable<'_>, places: [Option<Range<u32>>; 3]) -> Option<Slots> {
        let [otadata, first, second] = places
            .map(|place| place.map(|Range { start, end }| Partition { offset: start, size: end - start }));
        let slots = [first?, second?];
        let layout = Layout::new(otadata?, slots).ok()?;
        let booted = table.booted_partition().ok()??.offset();
        let running = match slots.map(|slot| slot.offset == booted) {
            [true, _] => Slot::Ota0,
            [_, true] => Slot::Ota1,
            _ => return None,
        };
        Some(Slots { layout, running })
    }

    /// Returns the whole flash, for the settings and for the images.
    pub(super) fn share(flash: FlashStorage<'static>) -> (Shared, &'static dyn Flash) {
        static FLASH: StaticCell<NoopMutex<RefCell<FlashStorage<'static>>>> = StaticCell::new();
        let size = u32::try_from(embedded_storage::ReadStorage::capacity(&flash)).unwrap_or(u32::MAX);
        let flash = FLASH.init(Mutex::new(RefCell::new(flash)));
        (Shared::new(flash, 0, size), flash.borrow())
    }
}
