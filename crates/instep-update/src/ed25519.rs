//! Verification of Ed25519 signatures (RFC 8032, section 5.1.7), with the arithmetic of salty.
//!
//! salty's own verification reduces a hash by code that is made for signing: fast, and in constant time. A signature is
//! public, and is checked once in an update, so a loop over the bits of the hash is enough. It saves 6 KB of flash.

use core::fmt::{self, Write};
use salty::{CompressedY, EdwardsPoint, Scalar, Sha512};

/// Verification of a signature, to which its text is written.
pub(crate) struct Verification {
    hash: Sha512,
    key: EdwardsPoint,
    /// The first half of the signature.
    commitment: CompressedY,
    /// The second half of the signature.
    response: Scalar,
}

impl Verification {
    /// Begins a verification. Returns `None` if the key is no point of the curve, or if the second half of the signature is
    /// not below the order of the group.
    pub(crate) fn new(key: &[u8; 32], signature: &[u8; 64]) -> Option<Self> {
        let (commitment, response) = signature.split_first_chunk::<32>()?;
        let response = *response.first_chunk::<32>()?;
        if !is_below_order(&response) {
            return None;
        }
        let mut hash = Sha512::new();
        hash.update(commitment);
        hash.update(key);
        Some(Self {
            hash,
            key: CompressedY(*key).decompressed().ok()?,
            commitment: CompressedY(*commitment),
            response: Scalar(response),
        })
    }

    /// Ends the verification, and returns whether the signature is right.
    pub(crate) fn finish(self) -> bool {
        let challenge = Scalar(reduced(&self.hash.finalize()));
        let expected = &(&self.response * &EdwardsPoint::basepoint()) + &(&challenge * &-&self.key);
        expected.compressed() == self.commitment
    }
}

impl Write for Verification {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.hash.update(text.as_bytes());
        Ok(())
    }
}

/// Returns a number modulo the order of the group, both with the lowest byte first.
fn reduced(number: &[u8; 64]) -> [u8; 32] {
    let order = Scalar::ell();
    let mut rest = [0_u8; 32];
    for byte in number.iter().rev() {
        for bit in (0..8).rev() {
            // Twice the order is below 2^254, so no bit is lost.
            let mut carry = byte >> bit & 1;
            for byte in &mut rest {
                (*byte, carry) = (*byte << 1 | carry, *byte >> 7);
            }
            let (mut less, mut borrows) = (rest, false);
            for (byte, order) in less.iter_mut().zip(order) {
                (*byte, borrows) = borrowing_sub(*byte, order, borrows);
            }
            if !borrows {
                rest = less;
            }
        }
    }
    rest
}

/// Returns whether a number, with the lowest byte first, is below the order of the group.
fn is_below_order(number: &[u8; 32]) -> bool {
    number
        .iter()
        .zip(Scalar::ell())
        .fold(false, |borrows, (byte, order)| borrowing_sub(*byte, order, borrows).1)
}

/// Subtracts, and returns whether the next byte is one less.
fn borrowing_sub(from: u8, byte: u8, borrows: bool) -> (u8, bool) {
    let (difference, first) = from.overflowing_sub(byte);
    let (difference, second) = difference.overflowing_sub(u8::from(borrows));
    (difference, first || second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use salty::{Keypair, Signature};
    use std::vec::Vec;

    /// Returns numbers that look random.
    fn random() -> impl FnMut() -> [u8; 64] {
        let mut state = 1_u64;
        move || {
            core::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_le_bytes()[7]
            })
        }
    }

    fn verify(key: &[u8; 32], text: &str, signature: &[u8; 64]) -> bool {
        let Some(mut verification) = Verification::new(key, signature) else { return false };
        verification.write_str(text).is_ok() && verification.finish()
    }

    #[test]
    fn reduction_is_that_of_salty() {
        let mut random = random();
        let mut numbers: Vec<_> = (0..200).map(|_| random()).collect();
        let mut order = [0; 64];
        order[..32].copy_from_slice(&Scalar::ell());
        numbers.extend([order, [0; 64], [0xff; 64]]);
        order[0] -= 1;
        numbers.push(order);
        for number in numbers {
            assert_eq!(reduced(&number), Scalar::from_u512_le(&number).0, "{number:?}");
        }
    }

    #[test]
    fn verdict_is_that_of_salty() {
        let mut random = random();
        for round in 0..12 {
            let seed = *random().first_chunk().unwrap();
            let pair = Keypair::from(&seed);
            let text = std::format!("firmware {round}");
            let right = pair.sign(text.as_bytes()).to_bytes();
            let key = pair.public.compressed.0;
            assert!(verify(&key, &text, &right));
            assert!(!verify(&key, "firmware", &right));
            for bit in [round, 255, 256 + 7 * round, 511] {
                let mut other = right;
                other[bit / 8] ^= 1 << (bit % 8);
                let expected = pair.public.verify(text.as_bytes(), &Signature::from(&other)).is_ok();
                assert_eq!((verify(&key, &text, &other), expected), (false, false), "bit {bit}");
            }
            let other_key = Keypair::from(random().first_chunk().unwrap()).public.compressed.0;
            assert!(!verify(&other_key, &text, &right));
        }
    }

    /// RFC 8032, section 5.1.7: otherwise each signature would have a second form.
    #[test]
    fn second_half_is_below_order() {
        let pair = Keypair::from(random()().first_chunk().unwrap());
        let mut signature = pair.sign(b"firmware").to_bytes();
        assert!(verify(&pair.public.compressed.0, "firmware", &signature));
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(Scalar::ell()) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        assert!(!verify(&pair.public.compressed.0, "firmware", &signature));
        let order = Scalar::ell();
        assert!(!is_below_order(&order) && !is_below_order(&[0xff; 32]) && is_below_order(&[0; 32]));
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn signature_of_the_standard_is_right() {
        let bytes = |text: &str| -> Vec<u8> {
            text.as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect()
        };
        let key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let (key, signature) = (key.try_into().unwrap(), signature.try_into().unwrap());
        assert!(verify(&key, "\u{72}", &signature));
        assert!(!verify(&key, "s", &signature));
    }
}
