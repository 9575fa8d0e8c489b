//! libFuzzer against the target `dhcp` of `tests/any-input`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| any_input::check("dhcp", input));
