//! What things are: identifiers, structures, persons, certificates, findings. No I/O, no clock, no runtime.

pub mod audit_event;
pub mod card;
pub mod certificate;
pub mod crl;
pub mod declaration;
pub mod endpoint;
pub mod finding;
pub mod fingerprint;
pub mod identifier;
pub mod inventory;
pub mod key;
pub mod lang;
pub mod notice;
pub mod observation;
pub mod offer;
pub mod person;
pub mod profile;
pub mod reading;
pub mod reconcile;
pub mod revocation;
pub mod structure;
pub mod threshold;
pub mod time;
