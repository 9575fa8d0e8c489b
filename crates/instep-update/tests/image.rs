//! Checks of images, and what their first bytes tell.

mod sample_image;

use instep_update::{
    Allowed, Chip, Descriptor, Identity, ImageCheck, Name, Refusal, SIGNATURE_LENGTH, inspect,
};
use proptest::prelude::*;
use sample_image::{APPLICATION, BOARD, ENTRY, Sample, load, seal};
use sha2::{Digest, Sha256};

const SLOT: u32 = 0x4000;

/// Checks content that comes in pieces of a length.
fn check_in(content: &[u8], piece: usize) -> Result<([u8; 32], Option<[u8; 64]>), Refusal> {
    let mut check = ImageCheck::new(SLOT);
    for piece in content.chunks(piece) {
        check.take(piece)?;
    }
    check.finish().map(|whole| (whole.hash, whole.signature))
}

fn refusal_of(content: &[u8]) -> Option<Refusal> {
    check_in(content, 256).err()
}

fn running() -> Identity {
    Identity::new(Chip::ESP32C3, "0.2.0", &Descriptor::new(BOARD, APPLICATION, "0.2.0"))
}

/// Changes a whole image and makes its hash right again.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut image = Sample::new("0.2.0").make();
    image.truncate(image.len() - 32);
    change(&mut image);
    seal(&mut image);
    image
}

#[test]
fn whole_image_passes_in_pieces_of_any_length() {
    let image = Sample::new("0.2.0").make();
    let hash: [u8; 32] = Sha256::digest(&image[..image.len() - 32]).into();
    for piece in (1..40).chain([64, 255, 256, 4096, image.len()]) {
        assert_eq!(check_in(&image, piece), Ok((hash, None)), "{piece}");
        let mut signed = image.clone();
        signed.extend([7; SIGNATURE_LENGTH]);
        assert_eq!(check_in(&signed, piece), Ok((hash, Some([7; 64]))), "{piece}");
    }
}

#[test]
fn checksum_is_found_at_each_length_of_image() {
    for length in (4..80).step_by(4) {
        let segments = vec![(ENTRY, length)];
        let image = Sample { segments, ..Sample::new("0.2.0") }.make();
        assert!(load(&image).is_some());
        assert_eq!(refusal_of(&image), None, "{length}");
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let image = Sample::new("0.2.0").make();
    for bit in 0..image.len() * 8 {
        let mut image = image.clone();
        image[bit / 8] ^= 1 << (bit % 8);
        assert!(refusal_of(&image).is_some(), "bit {bit}");
    }
}

#[test]
fn every_shorter_or_longer_content_is_refused() {
    let image = Sample::new("0.2.0").make();
    for length in 0..image.len() {
        assert_eq!(refusal_of(&image[..length]), Some(Refusal::CutShort), "{length}");
    }
    for more in (1..64).chain([65, 128, 256]) {
        let mut image = image.clone();
        image.resize(image.len() + more, 0xff);
        assert_eq!(refusal_of(&image), Some(Refusal::TooMuch), "{more}");
    }
}

#[test]
fn image_with_a_right_hash_but_wrong_structure_is_refused() {
    assert_eq!(refusal_of(&changed(|image| image[0] = 0xea)), Some(Refusal::NotAnImage));
    assert_eq!(refusal_of(&changed(|image| image[1] = 0)), Some(Refusal::WrongSegments));
    assert_eq!(refusal_of(&changed(|image| image[1] = 17)), Some(Refusal::WrongSegments));
    assert_eq!(refusal_of(&changed(|image| image[23] = 0)), Some(Refusal::NoHash));
    assert_eq!(refusal_of(&changed(|image| image[28] ^= 1)), Some(Refusal::WrongSegments));
    assert_eq!(refusal_of(&changed(|image| image[31] = 1)), Some(Refusal::WrongSegments));
    assert_eq!(refusal_of(&changed(|image| image[30] = 1)), Some(Refusal::TooLong));
    assert_eq!(refusal_of(&changed(|image| image[24..28].fill(0xff))), Some(Refusal::WrongSegments));
    assert_eq!(refusal_of(&changed(|image| image[7] = 0x41)), Some(Refusal::WrongEntry));
    assert_eq!(refusal_of(&changed(|image| *image.last_mut().unwrap() ^= 1)), Some(Refusal::WrongChecksum));
    assert_eq!(refusal_of(&changed(|image| image[600] ^= 1)), Some(Refusal::WrongChecksum));
    for entry in [ENTRY - 0x121, ENTRY - 0x120 + 1200, 0] {
        let image = Sample { entry, ..Sample::new("0.2.0") }.make();
        assert_eq!(refusal_of(&image), Some(Refusal::WrongEntry), "{entry:#x}");
    }
}

#[test]
fn content_longer_than_a_slot_is_refused_as_it_comes() {
    let length = SLOT as usize;
    let image = Sample { segments: vec![(ENTRY, length)], ..Sample::new("0.2.0") }.make();
    assert_eq!(check_in(&image, 256), Err(Refusal::TooLong));
    let mut check = ImageCheck::new(SLOT);
    assert_eq!(check.take(&vec![0xe9; length + 1]), Err(Refusal::TooLong));
}

#[test]
fn first_bytes_tell_what_an_image_is() {
    let image = Sample::new("1.2.3-beta").make();
    let identity = inspect(&image[..4096]).unwrap();
    assert_eq!(identity.chip, Chip::ESP32C3);
    assert_eq!(identity.version.as_str(), "1.2.3-beta");
    assert_eq!((identity.board.as_str(), identity.application.as_str()), (BOARD, APPLICATION));
    assert_eq!(identity.instep.as_str(), "0.2.0");
    assert_eq!(inspect(&image[..512]), Ok(identity));
    assert_eq!(inspect(&image[..400]), Err(Refusal::NoDescriptor));
    for length in 0..288 {
        assert_eq!(inspect(&image[..length]), Err(Refusal::NotAnImage), "{length}");
    }
    let with = |change: fn(&mut Vec<u8>)| {
        let mut image = image.clone();
        change(&mut image);
        inspect(&image[..4096])
    };
    assert_eq!(with(|image| image[0] = 0x7f), Err(Refusal::NotAnImage));
    assert_eq!(with(|image| image[32] ^= 1), Err(Refusal::NotAnImage));
    assert_eq!(with(|image| image[48] = 0), Err(Refusal::NotAnImage));
    assert_eq!(with(|image| image[23] = 0), Err(Refusal::NoHash));
    assert_eq!(with(|image| image[288] ^= 1), Err(Refusal::NoDescriptor));
    // A line break in a name would forge a line of a log, or of a signed text.
    assert_eq!(with(|image| image[297] = b'\n'), Err(Refusal::NoDescriptor));
    assert_eq!(with(|image| image[296] = 0), Err(Refusal::NoDescriptor));
}

#[test]
fn descriptor_behind_other_data_is_found() {
    let mut image = Sample::new("0.2.0").make();
    let descriptor = Descriptor::new("other", "app", "9.9.9").to_bytes();
    image[288..416].fill(0);
    image[4096 - 128..4096].copy_from_slice(&descriptor);
    assert_eq!(inspect(&image[..4096]).unwrap().board.as_str(), "other");
    // Not in the first sector.
    image.copy_within(4096 - 128..4096, 4096 - 124);
    image[4096 - 128..4096 - 124].fill(0);
    assert_eq!(inspect(&image[..4096]), Err(Refusal::NoDescriptor));
}

#[test]
fn image_of_another_device_is_refused() {
    let new = Sample::new("0.2.1");
    let asked = |sample: &Sample, allowed| running().accepts(&inspect(&sample.make()).unwrap(), allowed);
    let nothing = Allowed::default();
    let all = Allowed { downgrade: true, other_application: true };
    assert_eq!(asked(&new, nothing), Ok(()));
    let other = Sample { chip: Chip::ESP32C6, ..new.clone() };
    assert_eq!(asked(&other, all), Err(Refusal::OtherChip));
    let other = Sample { board: "esp32c3-devki", ..new.clone() };
    assert_eq!(asked(&other, all), Err(Refusal::OtherBoard));
    let other = Sample { application: "motor", version: "0.1.0".to_owned(), ..new.clone() };
    assert_eq!(asked(&other, nothing), Err(Refusal::OtherApplication));
    assert_eq!(asked(&other, Allowed { other_application: true, ..nothing }), Ok(()));
    assert_eq!(asked(&Sample::new("0.2.0"), nothing), Ok(()));
    for lower in ["0.1.9", "0.2.0-beta", "deadbeef"] {
        assert_eq!(asked(&Sample::new(lower), nothing), Err(Refusal::LowerVersion), "{lower}");
        assert_eq!(asked(&Sample::new(lower), Allowed { downgrade: true, ..nothing }), Ok(()), "{lower}");
    }
}

#[test]
fn names_are_printable_ascii() {
    let padded = |text: &[u8]| {
        let mut field = [0; 32];
        field[..text.len()].copy_from_slice(text);
        Name::from_padded(&field).map(|name| name.as_str().to_owned())
    };
    assert_eq!(padded(b"a lamp").as_deref(), Some("a lamp"));
    assert_eq!(padded(&[b'x'; 32]), Some("x".repeat(32)));
    for wrong in [&b""[..], b"a\tb", b"a\x7f", "ü".as_bytes(), b"\xff"] {
        assert_eq!(padded(wrong), None, "{wrong:?}");
    }
}

#[test]
fn every_refusal_has_a_sentence_a_code_and_a_status() {
    let all = [
        Refusal::NoSecondSlot,
        Refusal::OnTrial,
        Refusal::NotAnImage,
        Refusal::NoDescriptor,
        Refusal::OtherChip,
        Refusal::OtherBoard,
        Refusal::OtherApplication,
        Refusal::LowerVersion,
        Refusal::TooLong,
        Refusal::CutShort,
        Refusal::TooMuch,
        Refusal::WrongSegments,
        Refusal::WrongEntry,
        Refusal::WrongChecksum,
        Refusal::NoHash,
        Refusal::WrongHash,
        Refusal::NotSigned,
        Refusal::WrongSignature,
        Refusal::WrongReadBack,
        Refusal::FlashFailed,
    ];
    for (index, refusal) in all.iter().enumerate() {
        let text = refusal.to_string();
        assert!(!text.is_empty() && !all[..index].iter().any(|other| other.to_string() == text), "{text}");
        let code = refusal.code();
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code}");
        assert!(!all[..index].iter().any(|other| other.code() == code), "{code}");
        assert!((400..=503).contains(&refusal.status()), "{text}");
    }
}

proptest! {
    /// Bytes of any content neither panic nor pass.
    #[test]
    fn any_content_is_refused(content in prop::collection::vec(any::<u8>(), 0..600), magic in any::<bool>()) {
        let mut content = content;
        if let Some(first) = content.first_mut() && magic {
            *first = 0xe9;
        }
        prop_assert!(refusal_of(&content).is_some());
        prop_assert!(inspect(&content).is_err());
    }

    /// Changes of a whole image never panic, and pass only as the same image.
    #[test]
    fn any_changed_image_is_refused(
        changes in prop::collection::vec((0..3000_usize, any::<u8>()), 1..6),
        piece in 1..700_usize,
    ) {
        let image = Sample::new("0.2.0").make();
        let mut other = image.clone();
        for (at, byte) in changes {
            other[at] = byte;
        }
        prop_assert_eq!(check_in(&other, piece).is_ok(), other == image);
        let _ = inspect(&other);
    }
}
