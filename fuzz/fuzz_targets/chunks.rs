//! libFuzzer against the target `chunks` of `tests/any-input`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| any_input::check("chunks", input));
