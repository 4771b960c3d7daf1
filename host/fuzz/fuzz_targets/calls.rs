//! Hands what libFuzzer makes up to the function of that name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_fuzz::calls(bytes));
