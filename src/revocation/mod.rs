//! Revocation lists of the daemon: where they come from, and what is kept of them on disk.
//!
//! What a list says and whether it is believed is [`crate::pki::crl`]'s and [`crate::pki::revocation`]'s to say. Here are the ways to a list, the gate
//! before them, and the files. OCSP, should it be asked for, belongs beside them.

mod accept;
mod error;
mod fetch;
mod gate;
mod http;
mod import;
mod index;
mod keeper;
mod kept;
mod ldap;
mod outcome;
mod points;
mod resolve;
mod room;
mod shelf;
mod spool;
mod trust;

pub use accept::Expected;
pub use error::FetchError;
pub use gate::{Address, Denied, Gate, Scheme, shown};
pub use index::{FileAt, fresh_key};
pub use keeper::{FetchTimes, Keeper};
pub use kept::{Folder, KeepError, Kept, ListName, Rejection, Taken};
pub use outcome::{Failed, Had, Import, NewList, Outcome, Setup, Ticket, Wanted, Way};
pub use points::{Point, Points, name_deltas};
pub use resolve::{Answer as LookUp, Resolve, SharedResolver, SystemResolver};
pub use shelf::Shelf;
pub use trust::{Answer, Question, Trust, judge, point_name};
