//! The certificate walk says what x509-parser says, wherever both accept the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie::pki::differential::{Opinion, compare};

fuzz_target!(|der: &[u8]| {
    if let Opinion::Different(how) = compare(der) {
        panic!("{how:#?}");
    }
});
