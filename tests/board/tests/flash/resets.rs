//! Resets of the machine, and their reasons.

use crate::machine::{Machine, path};
use crate::{flash, test_image};
use qemu_flash::FlashFile;
use std::time::Duration;
use test_support::Folder;

#[test]
fn reset_tells_its_reason() {
    let folder = Folder::new("reset-reason");
    let flash = flash(&folder, &[]);
    for (action, said, reason) in [
        ("panic", "as the test wants", "panic"),
        ("exception", "exception 5 of the processor", "panic"),
        ("reset", "boot: reset reason software", "software"),
        ("hang", "The watchdog was not fed", "watchdog"),
    ] {
        let machine = Machine::start(&flash, &format!("test.first={action}"));
        let after = format!("Image A runs in slot 0 after {reason}");
        machine.expect(&["Image A runs in slot 0 after power-on", said, &after, "Still runs after 1 s"]);
    }
}

#[test]
fn fed_watchdog_does_not_reset() {
    let folder = Folder::new("watchdog");
    let machine = Machine::start(&flash(&folder, &[]), "");
    machine.expect(&["Still runs after 5 s"]);
    let starts = machine.log().iter().filter(|line| line.contains("starts")).count();
    assert_eq!(starts, 1, "the watchdog reset the machine");
}

#[test]
fn program_without_stub_ends_qemu_when_it_fails() {
    let folder = Folder::new("without-stub");
    // A file that the stub used before.
    let flash = flash(&folder, &[]);
    Machine::start(&flash, "").expect(&["in slot 0"]);
    for action in ["panic", "hang"] {
        let mut machine = start_elf(&flash, &format!("test.first={action}"));
        assert_eq!(machine.wait().code(), Some(1));
        machine.expect(&["Image A runs in slot - after power-on"]);
    }
    let machine = start_elf(&flash, "test.first=reset");
    machine.expect(&["slot - after power-on", "slot - after software", "Still runs"]);
}

#[test]
fn flash_behaves_as_that_of_a_chip() {
    let folder = Folder::new("flash-as-chip");
    let flash = flash(&folder, &[]);
    let machine = Machine::start(&flash, "test.first=flash");
    machine.expect(&["Erased in ", "The flash is as a chip's"]);
    let log = machine.log();
    let line = log.iter().find(|line| line.starts_with("Erased in ")).expect("no times");
    let times: Vec<u32> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    // A part of a page takes as long as a page: 256 bytes at half of one are two.
    assert!(times[0] >= 45_000 && times[1] >= 1_400, "{line}");
    drop(machine);
    // What was written is in the file.
    assert_eq!(
        flash.read(0xF000 + 124, 8).expect("cannot read the flash"),
        [0xff, 0xff, 0xff, 0xff, 0x30, 0x30, 0x30, 0x30]
    );

    let machine = Machine::start(&flash, "test.first=flash instep.flash=instant");
    machine.expect(&["The flash is as a chip's"]);
}

#[test]
fn power_cut_leaves_half_erased_sector() {
    const SECTOR: usize = 4096;
    let folder = Folder::new("power-cut");
    let flash = flash(&folder, &[]);
    // The first start writes `otadata`.
    Machine::start(&flash, "").expect(&["in slot 0"]);
    let rest = |flash: &FlashFile| {
        let mut bytes = flash.read(0, 4 << 20).expect("cannot read the flash");
        bytes.splice(0xF000..0xF000 + SECTOR, []);
        bytes
    };
    let before = rest(&flash);
    let is_mixed = || {
        let machine = Machine::start(&flash, "test.first=wear");
        machine.expect(&["Wears the flash"]);
        std::thread::sleep(Duration::from_millis(60));
        drop(machine);
        let sector = flash.read(0xF000, SECTOR).expect("cannot read the flash");
        let first = sector.iter().take_while(|byte| **byte == sector[0]).count();
        let (start, end) = (sector[0], !sector[0]);
        assert!((start == 0 || start == 0xff) && sector[first..].iter().all(|byte| *byte == end));
        assert!(rest(&flash) == before, "a byte outside of the sector changed");
        first < SECTOR
    };
    assert!((0..20).any(|_| is_mixed()), "no power cut hit an erase or a write");
}

#[test]
fn image_is_of_its_own_chip() {
    assert_eq!(test_image(b'A')[12..14], [0x51, 0x7F]);
}

/// Starts the firmware as `instep qemu` does: without a boot stub.
fn start_elf(flash: &FlashFile, arguments: &str) -> Machine {
    Machine::start_with(flash, path("INSTEP_MACHINE_TEST"), arguments, "user,id=n0")
}
