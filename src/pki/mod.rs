//! Bytes to domain and back. The only module that names x509-parser, rcgen or the crypto provider.
//!
//! [`read`] is the one entrance for bytes of unknown kind. x509-parser reads requests, revocation lists and PSS parameters.
//! Certificates are read by a tolerant walk of our own: a fleet holds certificates that break the letter of DER or RFC 5280 and
//! are in service all the same, and a swept folder of a hundred thousand of them has a time budget. Parsing never depends on
//! validation. Wherever x509-parser accepts a certificate the two must agree: `differential` compares them, in the tests on
//! damaged certificates and in a fuzz target without end.

pub mod certificate;
pub mod crl;
#[cfg(any(test, fuzzing))]
pub mod differential;
pub mod digest;
pub mod distinguished_name;
pub mod intern;
pub mod issue;
pub mod issuer_links;
pub mod mac;
pub mod path;
pub mod profile;
pub mod read;
pub mod revocation;
pub mod signature;

mod ber;
mod csr;
mod date;
mod der;
mod extension;
mod hex;
mod name;
mod oid;
mod password;
mod pem;
mod pem_cipher;
mod pkcs12;
mod pkcs7;
mod private_key;
mod public_key;
