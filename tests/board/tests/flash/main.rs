//! The flash of the machine in QEMU, and the boot stub, which chooses a slot as a chip's boot loader does.

#[path = "../machine/mod.rs"]
mod machine;
mod resets;

use machine::{Machine, path};
use qemu_flash::{FlashFile, OTADATA, SECTOR, SETTINGS, SLOTS, State, entry, image, seal};
use std::fs;
use test_support::{Folder, SOON, Server, free_addr, http, wait_until};

/// Position of the chip's id in an image.
const CHIP: usize = 12;

/// Returns the image of the firmware that tests the machine, with that mark.
fn test_image(mark: u8) -> Vec<u8> {
    let elf = fs::read(path("INSTEP_MACHINE_TEST")).expect("cannot read the firmware");
    let mut image = image(&elf).expect("no image");
    let position = image.windows(8).position(|bytes| bytes == b"MARK = A").expect("the image has no mark");
    image[position + 7] = mark;
    seal(&mut image);
    image
}

/// Returns a flash with image A in slot 0, and in slot 1 that image.
fn flash(folder: &Folder, second: &[u8]) -> FlashFile {
    let flash = FlashFile::create(&folder.join("ram"), &test_image(b'A')).expect("cannot make the flash");
    put(&flash, SLOTS[1].start, second);
    flash
}

fn put(flash: &FlashFile, offset: u32, bytes: &[u8]) {
    flash.put(offset, bytes).expect("cannot write the flash");
}

/// Writes the entries of `otadata`.
fn put_entries(flash: &FlashFile, entries: [[u8; 32]; 2]) {
    put(flash, OTADATA.start, &entries[0]);
    put(flash, OTADATA.start + SECTOR, &entries[1]);
}

fn entries(flash: &FlashFile) -> [Vec<u8>; 2] {
    [0, 1].map(|number| flash.read(OTADATA.start + number * SECTOR, 32).expect("cannot read the flash"))
}

#[test]
fn erased_otadata_starts_slot_0_and_is_written() {
    let folder = Folder::new("erased-otadata");
    let flash = flash(&folder, &test_image(b'B'));
    let machine = Machine::start(&flash, "");
    machine.expect(&["boot: slot 0 starts", "Image A runs in slot 0 after power-on"]);
    assert_eq!(entries(&flash), [entry(1, State::Valid).to_vec(), vec![0xff; 32]]);
}

#[test]
fn highest_valid_entry_selects_slot() {
    let folder = Folder::new("highest-entry");
    let flash = flash(&folder, &test_image(b'B'));
    let mut damaged = entry(4, State::Valid);
    damaged[31] ^= 1;
    for (entries, slot) in [
        ([entry(1, State::Valid), entry(2, State::New)], "Image B runs in slot 1"),
        ([entry(3, State::Valid), entry(2, State::Valid)], "Image A runs in slot 0"),
        ([entry(1, State::Valid), damaged], "Image A runs in slot 0"),
        ([damaged, entry(2, State::Undefined)], "Image B runs in slot 1"),
        ([entry(1, State::Valid), entry(4, State::Aborted)], "Image A runs in slot 0"),
        ([entry(1, State::Invalid), entry(2, State::PendingVerify)], "Image B runs in slot 1"),
        ([damaged, damaged], "Image A runs in slot 0"),
        ([entry(u32::MAX - 1, State::Valid), entry(u32::MAX - 2, State::Valid)], "Image B runs in slot 1"),
    ] {
        put_entries(&flash, entries);
        Machine::start(&flash, "").expect(&[slot]);
        assert_eq!(self::entries(&flash), entries.map(Vec::from), "the rollback is off");
    }
}

#[test]
fn damaged_slot_is_passed_over() {
    let whole = test_image(b'B');
    let mut other_chip = whole.clone();
    other_chip[CHIP..CHIP + 2].copy_from_slice(&5_u16.to_le_bytes());
    seal(&mut other_chip);
    let flipped = |position: usize| {
        let mut image = whole.clone();
        image[position] ^= 1;
        image
    };
    let folder = Folder::new("damaged-slot");
    let flash = flash(&folder, &[]);
    let entries = [entry(1, State::Valid), entry(2, State::New)];
    put_entries(&flash, entries);
    for (image, problem) in [
        (vec![0xff; 4096], "it has no whole image"),
        (other_chip, "the image is for the chip 0x5"),
        (flipped(27), "the address 0x81"),
        (flipped(500), "the checksum is wrong"),
        (flipped(whole.len() - 1), "the hash is wrong"),
        (whole[..whole.len() / 2].to_vec(), "it has no whole image"),
    ] {
        put(&flash, SLOTS[1].start, &vec![0xff; whole.len()]);
        put(&flash, SLOTS[1].start, &image);
        let machine = Machine::start(&flash, "");
        machine.expect(&[&format!("boot: slot 1 does not load: {problem}"), "Image A runs in slot 0"]);
        assert_eq!(self::entries(&flash), entries.map(Vec::from), "otadata changed");
    }
    // Slot 1 is tried where slot 0 is damaged, and QEMU ends where both are.
    put(&flash, SLOTS[0].start + 500, b"damage");
    let mut machine = Machine::start(&flash, "");
    machine.expect(&["boot: slot 0 does not load", "boot: no slot has an image"]);
    assert_eq!(machine.wait().code(), Some(1));
    put(&flash, SLOTS[1].start, &whole);
    put_entries(&flash, [entry(1, State::Valid), [0xff; 32]]);
    Machine::start(&flash, "").expect(&["boot: slot 0 does not load", "Image B runs in slot 1"]);
}

#[test]
fn unconfirmed_image_is_aborted_at_second_start() {
    let folder = Folder::new("rollback");
    let flash = flash(&folder, &test_image(b'B'));
    let valid = entry(1, State::Valid);
    let mut new = entry(2, State::New);
    // The boot loader keeps the label.
    new[4..24].copy_from_slice(b"a label of 20 bytes.");
    put_entries(&flash, [valid, new]);
    let with_state = |state: State| {
        let mut entry = new;
        entry[24..28].copy_from_slice(&(state as u32).to_le_bytes());
        [valid.to_vec(), entry.to_vec()]
    };
    for (slot, state) in [
        ("Image B runs in slot 1", State::PendingVerify),
        ("Image A runs in slot 0", State::Aborted),
        ("Image A runs in slot 0", State::Aborted),
    ] {
        Machine::start(&flash, "instep.rollback=on").expect(&["rollback on", slot]);
        assert_eq!(entries(&flash), with_state(state));
    }
    put_entries(&flash, [valid, entry(2, State::Valid)]);
    Machine::start(&flash, "instep.rollback=on").expect(&["Image B runs in slot 1"]);
    assert_eq!(entries(&flash), [valid, entry(2, State::Valid)].map(Vec::from));
}

#[test]
fn application_is_served_from_slot_until_power_cut() {
    let folder = Folder::new("served-from-slot");
    let file = folder.file("ram");
    let serve = || Server::with(&["--app", "led-plain"]).variable("INSTEP_FLASH", &file).start();
    let server = serve();
    server.expect_line("Slot 0 was started, after the reset reason power-on");
    let page = http(server.addr(), "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(page.status, 200);
    drop(server);
    // The same firmware in slot 1.
    let flash = FlashFile::open(folder.join("ram").as_path()).expect("cannot open the flash");
    let image = flash.read(SLOTS[0].start, (SLOTS[0].end - SLOTS[0].start) as usize).expect("cannot read it");
    put(&flash, SLOTS[1].start, &image);
    put_entries(&flash, [entry(1, State::Valid), entry(2, State::New)]);
    serve().expect_line("Slot 1 was started, after the reset reason power-on");
}

#[test]
fn settings_survive_end_of_qemu() {
    let folder = Folder::new("kept-settings");
    let elf = fs::read(path("INSTEP_OWN_NETWORK_IMAGE")).expect("cannot read the firmware");
    let image = image(&elf).expect("no image");
    let flash = FlashFile::create(&folder.join("ram"), &image).expect("cannot make the flash");
    let boot = || {
        let addr = free_addr();
        let network =
            format!("user,id=n0,net=192.168.4.0/24,host=192.168.4.254,hostfwd=tcp:{addr}-192.168.4.1:80");
        let stub = path("INSTEP_BOOT_STUB");
        (Machine::start_with(&flash, stub, "instep.name=lamp instep.dhcp=off", &network), addr)
    };
    let (machine, addr) = boot();
    machine
        .expect(&["Slot 0 was started, after the reset reason power-on", "Open http://192.168.4.1/network"]);
    let form = "name=desk&password=";
    let request = format!(
        "POST /network/device HTTP/1.1\r\nHost: 192.168.4.1\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    assert_eq!(http(addr, request).status, 303);
    let settings = (SETTINGS.end - SETTINGS.start) as usize;
    // A page's header is written after its first records, and the header's checksum last.
    let is_whole = |page: &[u8]| page[12..20] != [0xff; 8] && page.windows(4).any(|bytes| bytes == b"desk");
    let is_kept = || {
        let bytes = flash.read(SETTINGS.start, settings).expect("cannot read the flash");
        bytes.chunks(SECTOR as usize).any(is_whole)
    };
    wait_until(SOON, is_kept, || "the name is not in the flash");
    drop(machine);
    boot().0.expect(&["S:desk;"]);
}
