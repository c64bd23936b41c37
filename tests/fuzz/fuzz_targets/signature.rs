//! Two certificates, the first octets saying where one ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie::pki::signature::is_signed_by;

fuzz_target!(|input: (&[u8], &[u8])| {
    is_signed_by(input.0, input.1);
});
