//! Revocation lists of the daemon: what is kept of them on disk.
//!
//! What a list says and whether it is believed is [`crate::pki::crl`]'s and [`crate::pki::revocation`]'s to say; here are the files. OCSP, should it be
//! asked for, belongs beside them.

mod index;
mod kept;

pub use index::{FileAt, fresh_key};
pub use kept::{Folder, KeepError, Kept, ListName, Rejection, Taken};
