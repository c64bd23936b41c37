//! Bytes to domain and back. The only module that names x509-parser, rcgen or the crypto provider.

pub mod digest;
pub mod read;
