//! libFuzzer against the target `firmware_image` of `tests/fuzz-targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::check("firmware_image", input));
