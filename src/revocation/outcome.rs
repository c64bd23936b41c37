//! What is wanted of the keeper, and what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::accept::Expected;
use super::kept::{Kept, ListName};
use crate::config::RevocationConfig;
use crate::domain::crl::{Held, Validators};
use crate::domain::time::Timestamp;
use crate::pki::crl::Crl;

use super::trust::Trust;

/// What was configured, and whom to believe.
#[derive(Debug)]
pub struct Setup {
    /// `[revocation]`.
    pub config: RevocationConfig,
    /// Whose lists are believed.
    pub trust: Trust,
}

/// A list that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The name it is kept under.
    pub name: ListName,
    /// Where to ask, in this order.
    pub addresses: Vec<Arc<str>>,
    /// What is known of it.
    pub expected: Expected,
    /// Which address gave the one that is held, and what it said of it.
    pub last: Option<(Arc<str>, Validators)>,
    /// The successor of the one that is held is due, and what is unchanged does not help.
    pub late: bool,
}

/// Lists that are to be taken from files.
#[derive(Debug, Clone)]
pub struct Import {
    /// Files, and folders of files.
    pub paths: Vec<PathBuf>,
    /// The lists that are followed: a file is kept as the one it can only be, or under a name of its own.
    pub known: Vec<(ListName, Expected)>,
    /// The number of the import, where somebody waits for it.
    pub ticket: Option<u64>,
}

/// By which way a list came, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// This one of the configured files and folders was read: its failure is that of its files, its success that there was none.
    Place(Arc<str>),
    /// An address was asked.
    Address,
    /// It had come from a file before anything named it. It is kept as the list that is named now, and no more as this one.
    Superseded,
    /// A file was read, and somebody waits for the import it is part of.
    File(Option<Ticket>),
}

/// An import somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub number: u64,
    /// Nothing more comes of it.
    pub last: bool,
}

/// What came of a list that was wanted.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which.
    pub name: ListName,
    /// How.
    pub way: Way,
    /// When it was over.
    pub at: Timestamp,
    /// What came of it.
    pub result: Result<Had, Vec<Failed>>,
}

/// A list that was had.
#[derive(Debug, Clone)]
pub struct Had {
    /// Which address, or file, gave it.
    pub from: Arc<str>,
    /// What it said of it.
    pub validators: Validators,
    /// The list that is held now, when it is another than before.
    pub new: Option<NewList>,
    /// Addresses that did not give it.
    pub failed: Vec<Failed>,
}

/// A list that replaced another, or came for the first time.
#[derive(Debug, Clone)]
pub struct NewList {
    /// What it says of itself.
    pub held: Held,
    /// Who issued it, RFC 4514.
    pub issuer: Arc<str>,
    /// It is a delta CRL.
    pub delta: bool,
}

impl NewList {
    pub(super) fn of(kept: &Kept, now: Timestamp) -> Self {
        let crl: &Crl = &kept.crl;
        let held = Held {
            number: crl.number.as_ref().map(|number| number.to_string().into()),
            this_update: crl.this_update,
            next_update: crl.next_update,
            entries: u64::from(crl.entries),
            bytes: crl.layout.bytes,
            identity: crl.identity,
            taken_at: now,
        };
        Self { held, issuer: crl.issuer.text(), delta: crl.is_delta() }
    }
}

/// An address, or a file, that did not give a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The address, without user or password, or the file.
    pub from: String,
    /// Stable code.
    pub reason: &'static str,
    /// One line.
    pub message: String,
}
