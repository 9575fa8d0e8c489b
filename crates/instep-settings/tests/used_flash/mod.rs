//! A flash that a device has used.

use crate::mock_flash::{MockError, MockFlash};
use embassy_futures::block_on;
use instep_settings::{DeviceName, FlashError, FlashStorage, Kept, KeptName, LoadOutcome, Saver, Settings};

pub const LED: KeptName = KeptName::new("led");

/// Opens the settings in a flash.
pub fn opened<'a>(
    settings: &'a Settings,
    flash: &'a mut MockFlash,
) -> (Saver<'a, FlashStorage<&'a mut MockFlash>>, LoadOutcome<FlashError<MockError>>) {
    let end = flash.end();
    block_on(Saver::open(settings, FlashStorage::new(flash, 0..end).unwrap()))
}

pub fn name(text: &str) -> Option<DeviceName> {
    Some(DeviceName::new(text).unwrap())
}

/// Returns a flash with a device's name and a persisted value.
pub fn used() -> MockFlash {
    let mut flash = MockFlash::new(3);
    let settings = Settings::new();
    let (mut saver, opened) = opened(&settings, &mut flash);
    assert_eq!(opened, LoadOutcome::Empty);
    settings.set_device_name(name("lamp"));
    Kept::by(&settings).keep(LED, b"on").unwrap();
    block_on(saver.save()).unwrap();
    flash
}
