//! Times and places of writes, and the defaults of a build.

mod mock_flash;
mod used_flash;

use embassy_futures::{block_on, poll_once};
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use instep_settings::{
    Build, FlashError, FlashStorage, KEPT_MAX, KEPT_VALUE_MAX, KeepError, Kept, KeptName, KeptSwitch, Key,
    LoadOutcome, Loaded, Network, NetworkName, PasswordHash, PowerUp, Record, SAVE_EVERY, Saver, Settings,
    Storage, WifiPassword,
};
use mock_flash::{MockError, MockFlash, PAGE};
use std::cell::Cell;
use used_flash::{LED, name, opened, used};

#[test]
fn changes_are_written_together_after_a_delay() {
    let mut flash = MockFlash::new(2);
    let settings = Settings::new();
    let kept = Kept::by(&settings);
    let saves = {
        let (mut saver, _) = opened(&settings, &mut flash);
        block_on(async {
            saver.turn(1_000).await.unwrap();
            assert_eq!(saver.due(), None, "a save is due without a change");
            assert!(poll_once(settings.changed()).is_pending());
            let mut due = Vec::new();
            // A button that is pressed ten times a second, for 20 s.
            for now in (2_000..22_000).step_by(100) {
                kept.keep(LED, if now % 200 == 0 { b"on" } else { b"off" }).unwrap();
                assert!(poll_once(settings.changed()).is_ready());
                let before = saver.due();
                saver.turn(now).await.unwrap();
                if before != saver.due() {
                    due.extend(saver.due());
                }
            }
            due
        })
    };
    assert_eq!(saves, [7_000, 12_100, 17_200, 22_300], "{SAVE_EVERY}");
    assert!(flash.written < 4 * 64, "{} bytes for 200 changes", flash.written);
}

#[test]
fn unchanged_value_is_not_written() {
    let mut flash = used();
    let written = flash.written;
    let settings = Settings::new();
    let (mut saver, found) = opened(&settings, &mut flash);
    assert_eq!(found, LoadOutcome::Loaded);
    settings.set_device_name(name("lamp"));
    Kept::by(&settings).keep(LED, b"on").unwrap();
    Kept::by(&settings).remove(KeptName::new("none"));
    block_on(saver.save()).unwrap();
    assert_eq!(flash.written, written);
}

#[test]
fn failed_save_is_retried_later() {
    let mut flash = used();
    flash.power = Some(0);
    let settings = Settings::new();
    let (mut saver, _) = opened(&settings, &mut flash);
    settings.set_device_name(name("other"));
    block_on(async {
        saver.turn(0).await.unwrap();
        assert_eq!(saver.turn(SAVE_EVERY).await, Err(FlashError::Flash(MockError::PowerCut)));
        assert_eq!(saver.due(), Some(2 * SAVE_EVERY));
        assert_eq!(saver.turn(SAVE_EVERY + 1).await, Ok(()), "retried too early");
        assert!(saver.turn(2 * SAVE_EVERY).await.is_err(), "not retried");
    });
}

#[test]
fn cancelled_save_is_completed_by_next_one() {
    /// Never ends, the first time.
    struct Slow<'c>(bool, &'c Cell<usize>);
    impl Storage for Slow<'_> {
        type Error = &'static str;
        async fn load(&mut self, _: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, &'static str> {
            Ok(Loaded::Nothing)
        }
        async fn append(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<bool, &'static str> {
            self.1.set(records.count());
            if !std::mem::replace(&mut self.0, true) {
                std::future::pending::<()>().await;
            }
            Ok(true)
        }
        async fn replace(&mut self, _: &mut dyn Iterator<Item = Record>) -> Result<(), &'static str> {
            Err("it is not asked for")
        }
        async fn clear(&mut self) -> Result<(), &'static str> {
            Ok(())
        }
    }
    let settings = Settings::new();
    let count = Cell::new(0);
    {
        let (mut saver, _) = block_on(Saver::open(&settings, Slow(false, &count)));
        settings.set_device_name(name("lamp"));
        assert!(poll_once(saver.save()).is_pending());
        block_on(saver.save()).unwrap();
    }
    assert_eq!(count.get(), 2, "not two records, the version and the name");
}

#[test]
fn new_build_value_wins_once() {
    let mut flash = MockFlash::new(2);
    let boot = |flash: &mut MockFlash, build: Option<&str>, set: Option<&str>| {
        let settings = Settings::new();
        let (mut saver, _) = opened(&settings, flash);
        settings
            .take_build(Build { device_name: build.map(|build| name(build).unwrap()), ..Build::default() });
        if set.is_some() {
            settings.set_device_name(set.and_then(name));
        }
        block_on(saver.save()).unwrap();
        settings.device_name().map(|name| name.as_str().to_owned())
    };
    let mut boot = |build, set| boot(&mut flash, build, set);
    assert_eq!(boot(None, None), None);
    assert_eq!(boot(Some("first"), None).unwrap(), "first");
    assert_eq!(boot(Some("first"), Some("set")).unwrap(), "set");
    assert_eq!(boot(Some("first"), None).unwrap(), "set", "the same build replaced a set value");
    assert_eq!(boot(None, None).unwrap(), "set", "a build without a name replaced a set value");
    assert_eq!(boot(Some("second"), None).unwrap(), "second");
    assert_eq!(boot(Some("second"), Some("third")).unwrap(), "third");
    assert_eq!(boot(Some("second"), None).unwrap(), "third");
}

#[test]
fn each_build_value_is_compared_by_itself() {
    let settings = Settings::new();
    let network = |name: &str, password: &[u8]| {
        let password = Some(WifiPassword::new(password).unwrap());
        Some(Network::new(NetworkName::new(name.as_bytes()).unwrap(), password))
    };
    let hash = |byte| Some(PasswordHash::new(&[byte; 52]).unwrap());
    let build = Build { network: network("workshop", b"12345678"), log_in: hash(1), ..Build::default() };
    settings.take_build(build.clone());
    settings.set_network(network("home", b"abcdefgh"));
    settings.set_log_in(hash(2));
    settings.take_build(Build { log_in: hash(3), ..build.clone() });
    assert_eq!((settings.network(), settings.log_in()), (network("home", b"abcdefgh"), hash(3)));
    settings.take_build(Build { network: network("workshop", b"87654321"), ..build });
    assert_eq!(
        settings.network(),
        network("workshop", b"87654321"),
        "a new password in the build had no effect"
    );
    assert!(!format!("{settings:?}").contains("87654321"), "{settings:?}");
}

#[test]
fn all_pages_wear_equally() {
    let mut flash = MockFlash::new(5);
    {
        let settings = Settings::new();
        let (mut saver, _) = opened(&settings, &mut flash);
        for number in 0_u32..5_000 {
            Kept::by(&settings).keep(LED, &number.to_le_bytes()).unwrap();
            block_on(saver.save()).unwrap();
        }
    }
    let (min, max) = (flash.erased.iter().min().unwrap(), flash.erased.iter().max().unwrap());
    assert!(max - min <= 1 && *min > 0, "{:?}", flash.erased);
    let erased: usize = flash.erased.iter().sum();
    assert!(erased < 50, "{erased} erasures for 5,000 saves, of which a page holds more than a hundred");
}

#[test]
fn values_are_stored_up_to_their_limits() {
    let mut flash = MockFlash::new(2);
    const NAMES: [&str; KEPT_MAX + 1] =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
    {
        let settings = Settings::new();
        let kept = Kept::by(&settings);
        let (mut saver, _) = opened(&settings, &mut flash);
        for name in &NAMES[..KEPT_MAX] {
            kept.keep(KeptName::new(name), &[7; KEPT_VALUE_MAX]).unwrap();
            block_on(saver.save()).unwrap();
        }
        let [first, last] = [NAMES[0], NAMES[KEPT_MAX]].map(KeptName::new);
        assert_eq!(kept.keep(last, b""), Err(KeepError::Full));
        assert_eq!(kept.keep(first, &[7; KEPT_VALUE_MAX + 1]), Err(KeepError::TooLong));
        assert_eq!(kept.value(first).unwrap(), [7; KEPT_VALUE_MAX], "a value was lost");
        // There is room again once the removal is stored.
        kept.remove(first);
        assert_eq!(kept.keep(last, b""), Err(KeepError::Full));
        block_on(saver.save()).unwrap();
        kept.keep(last, b"").unwrap();
        block_on(saver.save()).unwrap();
    }
    let settings = Settings::new();
    assert_eq!(opened(&settings, &mut flash).1, LoadOutcome::Loaded);
    let kept = Kept::by(&settings);
    let there = NAMES.map(|name| kept.value(KeptName::new(name)).map(|value| value.len()));
    let mut wanted = [Some(KEPT_VALUE_MAX); KEPT_MAX + 1];
    (wanted[0], wanted[KEPT_MAX]) = (None, Some(0));
    assert_eq!(there, wanted);
}

#[test]
fn power_up_option_sets_output_off_on_or_restored() {
    let settings = Settings::new();
    let switch = |power_up| KeptSwitch::new(Kept::by(&settings), LED, power_up);
    assert!(
        !switch(PowerUp::Off).at_start()
            && switch(PowerUp::On).at_start()
            && !switch(PowerUp::Last).at_start()
    );
    switch(PowerUp::Off).switched(true).unwrap();
    assert_eq!(Kept::by(&settings).value(LED), None, "a value was persisted without need");
    switch(PowerUp::Last).switched(true).unwrap();
    assert!(switch(PowerUp::Last).at_start() && !switch(PowerUp::Off).at_start());
    switch(PowerUp::Last).switched(false).unwrap();
    assert!(!switch(PowerUp::Last).at_start() && switch(PowerUp::On).at_start());
    let nothing = KeptSwitch::new(Kept::nothing(), LED, PowerUp::Last);
    nothing.switched(true).unwrap();
    assert!(!nothing.at_start());
}

/// Flash with other sizes of words and pages.
struct Other<'a, const WORD: usize, const PAGE_BYTES: usize>(&'a mut MockFlash);

impl<const WORD: usize, const PAGE_BYTES: usize> ErrorType for Other<'_, WORD, PAGE_BYTES> {
    type Error = MockError;
}

impl<const WORD: usize, const PAGE_BYTES: usize> ReadNorFlash for Other<'_, WORD, PAGE_BYTES> {
    const READ_SIZE: usize = WORD;
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), MockError> {
        assert!((offset as usize).is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD));
        self.0.read(offset, bytes).await
    }
    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<const WORD: usize, const PAGE_BYTES: usize> NorFlash for Other<'_, WORD, PAGE_BYTES> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE_BYTES;
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), MockError> {
        assert!((from as usize).is_multiple_of(PAGE_BYTES) && (to as usize).is_multiple_of(PAGE_BYTES));
        self.0.erase(from, to).await
    }
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), MockError> {
        assert!((offset as usize).is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD));
        self.0.write(offset, bytes).await
    }
}

#[test]
fn other_word_and_page_sizes_work() {
    fn lives<const WORD: usize, const PAGE_BYTES: usize>() {
        let mut flash = MockFlash::new(8);
        for life in 0_u32..4 {
            let end = flash.end();
            let storage = FlashStorage::new(Other::<WORD, PAGE_BYTES>(&mut flash), 0..end).unwrap();
            let settings = Settings::new();
            let (mut saver, opened) = block_on(Saver::open(&settings, storage));
            let first = life * 1_000;
            if life == 0 {
                assert_eq!(opened, LoadOutcome::Empty);
            } else {
                assert_eq!(opened, LoadOutcome::Loaded);
                assert_eq!(
                    Kept::by(&settings).value(LED).unwrap(),
                    (first - 1).to_le_bytes(),
                    "{WORD} {PAGE_BYTES}"
                );
            }
            for number in first..first + 1_000 {
                Kept::by(&settings).keep(LED, &number.to_le_bytes()).unwrap();
                block_on(saver.save()).unwrap();
            }
        }
    }
    lives::<4, PAGE>();
    lives::<8, PAGE>();
    lives::<16, { 2 * PAGE }>();
    lives::<32, { 4 * PAGE }>();
}

#[test]
fn too_small_pages_or_too_large_words_are_refused() {
    let mut flash = MockFlash::new(4);
    let small = FlashStorage::new(Other::<4, 2048>(&mut flash), 0..8192).map(drop);
    assert_eq!(small, Err(FlashError::Geometry));
    let wide = FlashStorage::new(Other::<64, PAGE>(&mut flash), 0..8192).map(drop);
    assert_eq!(wide, Err(FlashError::Geometry));
}

#[test]
fn unsuitable_flash_is_refused() {
    let new = |from, to| FlashStorage::new(MockFlash::new(3), from..to).map(drop);
    let page = u32::try_from(PAGE).unwrap();
    assert_eq!(new(0, 2 * page), Ok(()));
    assert_eq!(new(page, 3 * page), Ok(()));
    for (from, to) in
        [(0, page), (0, 4 * page), (4, 2 * page), (0, 2 * page + 4), (2 * page, 0), (page, u32::MAX)]
    {
        assert_eq!(new(from, to), Err(FlashError::Range), "{from}..{to}");
    }
}
