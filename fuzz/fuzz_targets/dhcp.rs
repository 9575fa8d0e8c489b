//! libFuzzer against the target `dhcp` of `tests/fuzz-targets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::check("dhcp", input));
