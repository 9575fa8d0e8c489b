//! libFuzzer against the target `at_once` of `tests/fuzz-targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::check("at_once", input));
