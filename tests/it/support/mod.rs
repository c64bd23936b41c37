//! What several test modules need.

pub mod clock;
pub mod crl_server;
pub mod daemon;
pub mod die_at;
pub mod faketime;
pub mod made_certificate;
pub mod made_pki;
pub mod pcscd;
pub mod postgres;
pub mod sinks;
pub mod tls_server;
pub mod virtual_card;
