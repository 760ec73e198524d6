#![no_main]
// SPDX-License-Identifier: MIT OR Apache-2.0

libfuzzer_sys::fuzz_target!(|input: &[u8]| kpn_things_fuzz::run("uplink", input));
