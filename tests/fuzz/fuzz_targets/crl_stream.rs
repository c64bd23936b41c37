//! The stream takes no list x509-parser refuses, and says the same of those both take: of the bytes given, and of a made list with the
//! octets changed that they name; in pieces of every size. PEM around them must not panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vigie::pki::crl::differential::{compare, sample};
use vigie::pki::crl::{Limits, read_from};
use vigie::pki::differential::Opinion;

/// A list to damage.
static MADE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let entries: Vec<(Vec<u8>, Option<u8>)> =
        (0..40_u8).map(|entry| (vec![entry; usize::from(entry % 19)], (entry % 3 == 0).then_some(entry % 7))).collect();
    sample(&entries)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let piece = usize::from(*first) + 1;
    agree(bytes, piece);
    let _ = read_from(&mut &bytes[..], Limits::default(), &mut |_| Ok(()), &mut |_| {});
    let mut der = MADE.clone();
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % der.len();
        der[place] = change[2];
    }
    agree(&der, piece);
});

fn agree(der: &[u8], piece: usize) {
    if let Opinion::Different(how) = compare(der, piece) {
        panic!("{how:#?}");
    }
}
