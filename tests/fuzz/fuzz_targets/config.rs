#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kpn_things_fuzz::run("config", input));
