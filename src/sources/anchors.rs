//! Trust anchors: the CA certificates under `trust.anchors`, read when the configuration is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::ScanConfig;
use crate::domain::certificate::Certificate;
use crate::domain::inventory::ItemError;
use crate::domain::observation::{FilePath, Problem};
use crate::domain::reading::{Item, ReadReason};
use crate::pki::read::{Limits, read};

use super::file::walk::read_paths;

/// One anchor.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// What it says.
    pub facts: Arc<Certificate>,
    /// Its bytes.
    pub der: Arc<[u8]>,
}

/// What the configured files and folders gave.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// CA certificates, once each, by fingerprint.
    pub anchors: Vec<Anchor>,
    /// What could not be read, or is no CA certificate.
    pub errors: Vec<ItemError>,
}

/// Reads every CA certificate under `paths`. What cannot be read is an error beside the rest.
pub fn load(paths: &[PathBuf]) -> Anchors {
    let paths: Vec<FilePath> =
        paths.iter().map(|path| FilePath(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into())).collect();
    let mut loaded = Anchors::default();
    let mut each = |path: FilePath, _, bytes: Result<Vec<u8>, Problem>| {
        let place: Arc<str> = path.to_string().into();
        let named = paths.contains(&path);
        match bytes {
            Err(problem) => loaded.errors.push(ItemError { place, problem }),
            Ok(bytes) => take(&mut loaded, &place, named, &bytes),
        }
    };
    read_paths(&paths, &ScanConfig::default(), &mut each);
    loaded.anchors.sort_by_key(|anchor| anchor.facts.fingerprint);
    loaded.anchors.dedup_by_key(|anchor| anchor.facts.fingerprint);
    loaded
}

/// A file that gives an anchor may hold other certificates; in a folder there may be files of another kind.
fn take(loaded: &mut Anchors, place: &Arc<str>, named: bool, bytes: &[u8]) {
    let reading = read(bytes, None, &Limits::default());
    let (mut given, mut others) = (0, 0);
    for item in reading.items {
        match item.item {
            Item::Certificate { facts, der } if facts.is_ca || facts.is_self_issued() => {
                given += 1;
                loaded.anchors.push(Anchor { facts, der });
            }
            Item::Certificate { .. } => others += 1,
            _ => {}
        }
    }
    let mut tell = |reason: &str, message: String| {
        let problem = Problem { reason: reason.into(), message: message.into() };
        loaded.errors.push(ItemError { place: Arc::clone(place), problem });
    };
    if given > 0 && !reading.problems.is_empty() {
        let why: Vec<String> = reading.problems.into_iter().map(|problem| problem.message).collect();
        tell("read_in_part", format!("the rest of the file is taken: {}", why.join("; ")));
    } else if given == 0 && others > 0 {
        tell("not_a_ca", "an anchor must be a CA certificate".to_owned());
    } else {
        for problem in reading.problems {
            if named || problem.reason != ReadReason::NotPki {
                tell(problem.reason.as_str(), problem.message);
            }
        }
    }
}
