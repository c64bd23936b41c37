//! What a server says in clear before TLS: each dialogue ends, at once, and asks for no more than it was told.
#![no_main]

use std::pin::pin;
use std::task::{Context, Waker};

use libfuzzer_sys::fuzz_target;
use vigie::domain::endpoint::EndpointScheme;
use vigie::sources::tls_endpoint::heard;

const SCHEMES: [EndpointScheme; 5] = [
    EndpointScheme::Tls,
    EndpointScheme::SmtpStarttls,
    EndpointScheme::ImapStarttls,
    EndpointScheme::LdapStarttls,
    EndpointScheme::PostgresStarttls,
];

fuzz_target!(|said: &[u8]| {
    for scheme in SCHEMES {
        let ended = pin!(heard(scheme, said)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(ended.is_ready(), "{scheme:?} waits for more than there is");
    }
});
