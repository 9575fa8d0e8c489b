//! libFuzzer against the target `captive_dns` of `tests/fuzz-targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::check("captive_dns", input));
