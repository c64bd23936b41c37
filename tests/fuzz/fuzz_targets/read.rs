//! Bytes of unknown kind, without a password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie::pki::read::{Limits, read};

fuzz_target!(|bytes: &[u8]| {
    let reading = read(bytes, None, &Limits { max_kdf_iterations: 10_000, max_items: 100 });
    assert!(!reading.items.is_empty() || !reading.problems.is_empty(), "nothing is left without a word");
});
