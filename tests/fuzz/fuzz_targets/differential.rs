//! The certificate walk says what x509-parser says, wherever both accept the bytes: those given, and a made certificate with
//! the octets changed that they name.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vigie::domain::offer::{Offer, Usage};
use vigie::domain::reading::Item;
use vigie::domain::time::Timestamp;
use vigie::pki::differential::{Opinion, compare};
use vigie::pki::issue::{AltName, Attribute, Authority, KeyPair, Leaf, Validity};
use vigie::pki::read::{Limits, read};

/// A certificate to damage.
static MADE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let not_before = Timestamp::from_unix(1_700_000_000);
    let validity = Validity { not_before, not_after: not_before.plus_days(1096) };
    let key = || KeyPair::rsa_2048().expect("a key");
    let authority = Authority::root("TEST AC", validity, key()).expect("a root");
    let leaf = Leaf {
        offer: Offer::Serv,
        usage: Usage::SslServ,
        subject: vec![(Attribute::Unit, "1990000010".to_owned()), (Attribute::CommonName, "x.test".to_owned())],
        alt_names: vec![AltName::Dns("x.test".to_owned()), AltName::Mail("x@x.test".to_owned())],
        validity,
        private_key_usage_not_after: Some(not_before.plus_days(30)),
        card: None,
    };
    let pem = authority.issue(&leaf, &key()).expect("a leaf").pem;
    match read(pem.as_bytes(), None, &Limits::default()).items.remove(0).item {
        Item::Certificate { der, .. } => der.to_vec(),
        other => panic!("{other:?}"),
    }
});

fuzz_target!(|bytes: &[u8]| {
    agree(bytes);
    let mut der = MADE.clone();
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % der.len();
        der[place] = change[2];
    }
    agree(&der);
});

fn agree(der: &[u8]) {
    if let Opinion::Different(how) = compare(der) {
        panic!("{how:#?}");
    }
}
