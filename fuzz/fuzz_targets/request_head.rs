//! libFuzzer against the target `request_head` of `tests/any-input`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| any_input::check("request_head", input));
