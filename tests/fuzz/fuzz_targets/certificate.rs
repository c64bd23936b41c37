//! One certificate: every text of it is one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigie::pki::certificate;

fuzz_target!(|der: &[u8]| {
    if let Ok(facts) = certificate::parse(der) {
        let texts = facts.san.iter().chain([&facts.subject, &facts.issuer, &facts.signature_algorithm]);
        assert!(texts.into_iter().all(|text| !text.chars().any(char::is_control)));
    }
});
