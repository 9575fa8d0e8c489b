//! Settings that this version cannot read: newer,
//! broken and random ones, and an interrupted reset.

mod mock_flash;
mod used_flash;

use embassy_futures::block_on;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use instep_settings::{
    Build, DeviceName, FlashError, FlashStorage, Kept, Key, LoadOutcome, Loaded, Record, SAVE_EVERY, Saver,
    Settings, Storage, VERSION,
};
use mock_flash::{MockError, MockFlash, PAGE};
use proptest::prelude::*;
use std::cell::Cell;
use used_flash::{LED, name, opened, used};

/// Returns a flash written by a version of this number.
fn of_version(version: u16) -> MockFlash {
    struct Newer<S>(S, u16);
    impl<S: Storage> Storage for Newer<S> {
        type Error = S::Error;
        async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, S::Error> {
            self.0.load(each).await
        }
        async fn append(&mut self, _: &mut dyn Iterator<Item = Record>) -> Result<bool, S::Error> {
            Ok(false)
        }
        async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), S::Error> {
            let version = Record::new(Key::version(), &self.1.to_le_bytes()).unwrap();
            let others = records.filter(|record| *record.key() != Key::version());
            self.0.replace(&mut [version].into_iter().chain(others)).await
        }
        async fn clear(&mut self) -> Result<(), S::Error> {
            self.0.clear().await
        }
    }
    let mut flash = MockFlash::new(2);
    let settings = Settings::new();
    let end = flash.end();
    let storage = Newer(FlashStorage::new(&mut flash, 0..end).unwrap(), version);
    let (mut saver, _) = block_on(Saver::open(&settings, storage));
    settings.set_device_name(name("lamp"));
    Kept::by(&settings).keep(LED, b"on").unwrap();
    block_on(saver.save()).unwrap();
    flash
}

#[test]
fn newer_settings_are_left_alone_until_a_change() {
    let mut flash = of_version(VERSION + 1);
    let before = flash.bytes.clone();
    {
        let settings = Settings::new();
        let (mut saver, found) = opened(&settings, &mut flash);
        assert_eq!(found, LoadOutcome::Newer(VERSION + 1));
        assert!(found.is_warning() && found.to_string().contains("version 2"), "{found}");
        assert_eq!((settings.device_name(), Kept::by(&settings).value(LED)), (None, None), "defaults");
        // The device works with its build-time defaults.
        settings.take_build(Build { device_name: name("built"), ..Build::default() });
        Kept::by(&settings).keep(LED, b"off").unwrap();
        block_on(async {
            saver.turn(0).await.unwrap();
            saver.turn(SAVE_EVERY).await.unwrap();
            saver.save().await.unwrap();
        });
        assert_eq!(settings.device_name(), name("built"));
    }
    assert_eq!(flash.bytes, before, "settings of a newer version were overwritten");
    {
        let settings = Settings::new();
        let (mut saver, _) = opened(&settings, &mut flash);
        settings.set_device_name(name("set"));
        block_on(saver.save()).unwrap();
    }
    let settings = Settings::new();
    assert_eq!(opened(&settings, &mut flash).1, LoadOutcome::Loaded);
    assert_eq!((settings.device_name(), Kept::by(&settings).value(LED)), (name("set"), None));
}

#[test]
fn unreadable_flash_is_left_alone_until_a_change() {
    let mut flash = MockFlash { broken: true, ..used() };
    let before = flash.bytes.clone();
    {
        let settings = Settings::new();
        let (mut saver, found) = opened(&settings, &mut flash);
        assert_eq!(found, LoadOutcome::Unreadable(FlashError::Flash(MockError::Broken)));
        Kept::by(&settings).keep(LED, b"off").unwrap();
        block_on(saver.save()).unwrap();
        settings.set_device_name(name("set"));
        assert_eq!(block_on(saver.save()), Err(FlashError::Flash(MockError::Broken)));
    }
    assert_eq!(flash.bytes, before);
    // The flash recovers while the device runs.
    let broken = Cell::new(true);
    {
        let settings = Settings::new();
        let end = flash.end();
        flash.broken = false;
        let storage = FlashStorage::new(Flaky(&mut flash, &broken), 0..end).unwrap();
        let (mut saver, found) = block_on(Saver::open(&settings, storage));
        assert!(matches!(found, LoadOutcome::Unreadable(_)));
        broken.set(false);
        settings.set_device_name(name("set"));
        block_on(saver.save()).unwrap();
    }
    let settings = Settings::new();
    assert_eq!(opened(&settings, &mut flash).1, LoadOutcome::Loaded);
    assert_eq!(settings.device_name(), name("set"), "an older value replaced a newer one");
}

/// Flash that can neither be read nor erased for a while.
struct Flaky<'a>(&'a mut MockFlash, &'a Cell<bool>);

impl ErrorType for Flaky<'_> {
    type Error = MockError;
}

impl ReadNorFlash for Flaky<'_> {
    const READ_SIZE: usize = MockFlash::READ_SIZE;
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), MockError> {
        if self.1.get() { Err(MockError::Broken) } else { self.0.read(offset, bytes).await }
    }
    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Flaky<'_> {
    const WRITE_SIZE: usize = MockFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = MockFlash::ERASE_SIZE;
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), MockError> {
        if self.1.get() { Err(MockError::Broken) } else { self.0.erase(from, to).await }
    }
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), MockError> {
        self.0.write(offset, bytes).await
    }
}

#[test]
fn interrupted_reset_can_be_repeated_and_erases_all() {
    for steps in 0..25 {
        let mut flash = used();
        for _ in 0..2 {
            // Older pages with older values.
            let settings = Settings::new();
            let (mut saver, _) = opened(&settings, &mut flash);
            for number in 0..200 {
                settings.set_device_name(name(&format!("lamp-{number}")));
                block_on(saver.save()).unwrap();
            }
        }
        let reset = |flash: &mut MockFlash| {
            let settings = Settings::new();
            let (mut saver, _) = opened(&settings, flash);
            let result = block_on(saver.reset());
            assert_eq!((settings.device_name(), Kept::by(&settings).value(LED)), (None, None));
            result
        };
        flash.power = Some(steps);
        let cut = reset(&mut flash).is_err();
        assert_eq!(cut, steps < 24, "a reset does not take 24 steps");
        flash.power = None;
        let settings = Settings::new();
        let _ = opened(&settings, &mut flash);
        let found = settings.device_name();
        assert!(
            found.is_none() || found == name("lamp-199"),
            "after {steps}: {found:?} was restored by a reset"
        );
        reset(&mut flash).unwrap();
        assert_eq!(opened(&settings, &mut flash).1, LoadOutcome::Empty);
    }
}

#[test]
fn value_set_after_failed_reset_replaces_older_values() {
    let mut flash = used();
    {
        let settings = Settings::new();
        let (mut saver, _) = opened(&settings, &mut flash);
        // Enough changes to reach the second page.
        for number in 0..200 {
            settings.set_device_name(name(&format!("lamp-{number}")));
            block_on(saver.save()).unwrap();
        }
    }
    assert_eq!(flash.erased, [1, 1, 0]);
    let broken = Cell::new(false);
    {
        let settings = Settings::new();
        let end = flash.end();
        let storage = FlashStorage::new(Flaky(&mut flash, &broken), 0..end).unwrap();
        let (mut saver, _) = block_on(Saver::open(&settings, storage));
        broken.set(true);
        assert_eq!(block_on(saver.reset()), Err(FlashError::Flash(MockError::Broken)));
        broken.set(false);
        settings.set_device_name(name("set"));
        block_on(saver.save()).unwrap();
    }
    let settings = Settings::new();
    assert_eq!(opened(&settings, &mut flash).1, LoadOutcome::Loaded);
    assert_eq!((settings.device_name(), Kept::by(&settings).value(LED)), (name("set"), None));
}

/// Opens a flash with any content, and checks that the
/// device starts, reports once, and can be set up lastingly.
fn is_usable(flash: &mut MockFlash) -> (Option<DeviceName>, LoadOutcome<FlashError<MockError>>) {
    let settings = Settings::new();
    let found = {
        let (mut saver, found) = opened(&settings, flash);
        let before = settings.device_name();
        settings.set_device_name(name("again"));
        block_on(saver.save()).unwrap();
        (before, found)
    };
    let settings = Settings::new();
    assert_eq!(opened(&settings, flash).1, LoadOutcome::Loaded, "a second report");
    assert_eq!(settings.device_name(), name("again"));
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_give_defaults_and_one_report(seed in prop::collection::vec(any::<u8>(), 64..PAGE)) {
        let mut flash = MockFlash::new(3);
        flash.bytes.iter_mut().zip(seed.iter().cycle()).for_each(|(byte, random)| *byte = *random);
        prop_assert_eq!(is_usable(&mut flash), (None, LoadOutcome::Corrupt));
    }

    #[test]
    fn page_of_random_bytes_changes_no_value(
        page in 0_usize..3,
        from in 0..PAGE,
        seed in prop::collection::vec(any::<u8>(), 1..PAGE),
    ) {
        let mut flash = used();
        flash.bytes[page * PAGE..][..PAGE].iter_mut().skip(from).zip(&seed).for_each(|(byte, random)| *byte = *random);
        let (found, opened) = is_usable(&mut flash);
        match opened {
            LoadOutcome::Loaded => prop_assert_eq!(found, name("lamp")),
            _ => prop_assert_eq!((found, opened), (None, LoadOutcome::Corrupt)),
        }
    }
}
