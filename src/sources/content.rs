//! From what `pki` read to what a source says of a location.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use secrecy::SecretString;

use crate::config::ScanConfig;
use crate::domain::certificate::Certificate;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::ItemError;
use crate::domain::observation::{Content, ContentKind, Location, Problem};
use crate::domain::reading::{Item, ReadReason, Reading};
use crate::pki::intern::Interner;
use crate::pki::read::{Limits, read_with};

/// Problems of one location that are kept with their text.
const KEPT_PROBLEMS: usize = 32;

/// A reader of bytes; one place in tests puts another in.
pub(super) type Reader = fn(&[u8], Option<&SecretString>, &Limits, &mut Interner) -> Reading;

/// The one reader.
pub(super) const READER: Reader = read_with;

/// What a location holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) contents: Vec<Content>,
    pub(super) problems: Vec<Problem>,
    pub(super) certificates: Vec<(Arc<Certificate>, Arc<[u8]>)>,
    /// Nothing in it is PKI: normal for most files of a folder.
    pub(super) not_pki: bool,
}

/// The bounds of the configuration for one run of bytes.
pub(super) fn limits(scan: &ScanConfig) -> Limits {
    Limits { max_kdf_iterations: scan.max_kdf_iterations, ..Limits::default() }
}

/// Reads bytes from outside. A parser that panics costs this location, never the scan.
pub(super) fn contents(
    reader: Reader,
    bytes: &[u8],
    password: Option<&SecretString>,
    limits: &Limits,
    interner: &mut Interner,
) -> Contents {
    match catch_unwind(AssertUnwindSafe(|| reader(bytes, password, limits, interner))) {
        Ok(reading) => from_reading(reading),
        Err(_) => Contents { problems: vec![internal_error()], ..Contents::default() },
    }
}

/// The problem of a defect of this program.
pub(super) fn internal_error() -> Problem {
    Problem { reason: "internal_error".into(), message: "the reader failed on this input: a defect to report".into() }
}

/// One error a problem, for the list of the source.
pub(super) fn item_errors<'a>(location: &Location, problems: &'a [Problem]) -> impl Iterator<Item = ItemError> + 'a {
    let place: Arc<str> = if problems.is_empty() { "".into() } else { location.to_string().into() };
    problems.iter().map(move |problem| ItemError { place: Arc::clone(&place), problem: problem.clone() })
}

/// Keeps each certificate once.
pub(super) fn keep_new(
    kept: &mut Vec<(Arc<Certificate>, Arc<[u8]>)>,
    met: &mut HashSet<Fingerprint>,
    found: Vec<(Arc<Certificate>, Arc<[u8]>)>,
) {
    kept.extend(found.into_iter().filter(|(facts, _)| met.insert(facts.fingerprint)));
}

fn from_reading(reading: Reading) -> Contents {
    let not_pki =
        reading.items.is_empty() && reading.problems.iter().all(|problem| problem.reason == ReadReason::NotPki);
    let mut gathered = Contents { not_pki, ..Contents::default() };
    for read in reading.items {
        let kind = match read.item {
            Item::Certificate { facts, der } => {
                let fingerprint = facts.fingerprint;
                gathered.certificates.push((facts, der));
                ContentKind::Certificate(fingerprint)
            }
            Item::Csr(facts) => ContentKind::Csr(Box::new(facts)),
            Item::Crl(facts) => ContentKind::Crl(Box::new(facts)),
            Item::PrivateKey(facts) => ContentKind::PrivateKey(Box::new(facts)),
            Item::PublicKey(facts) => ContentKind::PublicKey(Box::new(facts)),
        };
        let index = u32::try_from(read.index).unwrap_or(u32::MAX);
        gathered.contents.push(Content { index, format: read.format, kind });
    }
    let count = reading.problems.len();
    let problems = reading.problems.into_iter().take(KEPT_PROBLEMS);
    gathered.problems = problems
        .map(|problem| Problem { reason: problem.reason.as_str().into(), message: problem.message.into() })
        .collect();
    if count > KEPT_PROBLEMS {
        let message = format!("and {} more problems in the same place", count - KEPT_PROBLEMS);
        gathered.problems.push(Problem { reason: ReadReason::LimitExceeded.as_str().into(), message: message.into() });
    }
    gathered
}
