//! Bytes of unknown kind, with the password of the corpus.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;
use vigie::pki::read::{Limits, read};

fuzz_target!(|bytes: &[u8]| {
    let reading =
        read(bytes, Some(&SecretString::from("secret")), &Limits { max_kdf_iterations: 10_000, max_items: 100 });
    for problem in &reading.problems {
        assert!(!problem.message.chars().any(char::is_control), "a message is one line");
    }
});
