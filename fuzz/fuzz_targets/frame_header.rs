//! libFuzzer against the target `frame_header` of `tests/any-input`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| any_input::check("frame_header", input));
