//! Signatures of images.

mod device;
mod mock_flash;
mod sample_image;

use device::{Device, NEW, OLD, identity, layout, upload};
use instep_update::{PublicKey, Refusal, ResetReason, Slot, Updater, inspect, signed_text};
use sample_image::{Sample, load};
use std::cell::RefCell;

const SEED: [u8; 32] = *b"the seed of a key for tests only";

fn key() -> PublicKey {
    PublicKey::new(salty::Keypair::from(&SEED).public.compressed.0)
}

/// Returns the image with a signature behind it.
fn signed(sample: &Sample, seed: [u8; 32]) -> Vec<u8> {
    let mut image = sample.make();
    let hash = image[image.len() - 32..].try_into().unwrap();
    let text = signed_text(&inspect(&image[..4096]).unwrap(), &hash);
    let signature = salty::Keypair::from(&seed).sign(text.as_bytes());
    image.extend(signature.to_bytes());
    image
}

/// Uploads to a device that accepts signed images only, and returns it.
fn uploaded(image: &[u8]) -> (Device, Result<(), Refusal>) {
    let (mut device, running, key) = (Device::new(Slot::Ota1, false), identity(OLD), key());
    let flash = RefCell::new(&mut device.flash);
    let (mut updater, _) =
        Updater::open(&flash, layout(), Slot::Ota1, &running, ResetReason::PowerOn).unwrap();
    updater.require_signature(&key);
    let result = upload(&mut updater, image);
    device.reset = ResetReason::OwnReset;
    (device, result)
}

#[test]
fn signed_text_is_six_lines() {
    let image = inspect(&Sample::new(NEW).make()).unwrap();
    let text = signed_text(&image, &[0xa5; 32]);
    let hash = "a5".repeat(32);
    assert_eq!(text, format!("instep firmware 1\n5\nesp32c3-devkit\nlamp\n0.2.0\n{hash}\n").as_str());
}

#[test]
fn longest_signed_text_is_not_cut() {
    let long = "x".repeat(32);
    let leaked: &'static str = Box::leak(long.clone().into_boxed_str());
    let sample = Sample {
        chip: instep_update::Chip(u16::MAX),
        board: leaked,
        application: leaked,
        ..Sample::new(&long)
    };
    let text = signed_text(&inspect(&sample.make()).unwrap(), &[0xff; 32]);
    assert!(text.ends_with(&format!("{long}\n{}\n", "ff".repeat(32))), "{text}");
    assert_eq!(text.len(), 188);
}

#[test]
fn signed_image_is_accepted() {
    let (mut device, result) = uploaded(&signed(&Sample::new(NEW), SEED));
    assert_eq!(result, Ok(()));
    assert_eq!(device.live().unwrap().version, NEW);
}

#[test]
fn image_without_the_right_signature_is_never_loadable() {
    let good = signed(&Sample::new(NEW), SEED);
    let mut cases = vec![
        (Sample::new(NEW).make(), Refusal::NotSigned),
        (signed(&Sample::new(NEW), [7; 32]), Refusal::WrongSignature),
    ];
    // The signature of another image.
    let mut exchanged = signed(&Sample::new("0.2.1"), SEED);
    let start = exchanged.len() - 64;
    exchanged[start..].copy_from_slice(&good[good.len() - 64..]);
    cases.push((exchanged, Refusal::WrongSignature));
    for bit in (0..512).step_by(37) {
        let mut flipped = good.clone();
        flipped[good.len() - 64 + bit / 8] ^= 1 << (bit % 8);
        cases.push((flipped, Refusal::WrongSignature));
    }
    cases.push((good[..good.len() - 1].to_vec(), Refusal::CutShort));
    cases.push((good[..good.len() - 4].to_vec(), Refusal::TooMuch));
    for (image, refusal) in cases {
        let (mut device, result) = uploaded(&image);
        assert_eq!(result, Err(refusal));
        assert_eq!(load(device.slot(Slot::Ota0)), None);
        // Without entries, the boot loader tries that slot first.
        device.entry_mut(0).fill(0x3c);
        device.entry_mut(1).fill(0x3c);
        assert_eq!(device.live().unwrap().version, OLD);
    }
}

#[test]
fn public_key_is_64_hexadecimal_digits() {
    let hex: String =
        salty::Keypair::from(&SEED).public.compressed.0.map(|byte| format!("{byte:02X}")).concat();
    assert_eq!(PublicKey::from_hex(&hex), Some(key()));
    assert_eq!(PublicKey::from_hex(&hex.to_lowercase()), Some(key()));
    for wrong in [&hex[..63], &format!("{hex}0"), &hex.replace(|digit: char| digit.is_ascii_digit(), "g"), ""]
    {
        assert_eq!(PublicKey::from_hex(wrong), None, "{wrong}");
    }
}

/// The first, second and third test of RFC 8032, section 7.1, by way of the crate.
#[test]
fn salty_agrees_with_rfc_8032() {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let cases = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (public, message, signature) in cases {
        let public: [u8; 32] = bytes(public).try_into().unwrap();
        let signature: [u8; 64] = bytes(signature).try_into().unwrap();
        let key = salty::PublicKey::try_from(&public).unwrap();
        assert!(key.verify(&bytes(message), &salty::Signature::from(&signature)).is_ok(), "{message}");
    }
}
