//! libFuzzer against the target `captive_dns` of `tests/any-input`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| any_input::check("captive_dns", input));
