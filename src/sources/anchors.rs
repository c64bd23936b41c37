//! Trust anchors: the CA certificates under `trust.anchors`, read when the configuration is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::ScanConfig;
use crate::domain::certificate::Certificate;
use crate::domain::inventory::ItemError;
use crate::domain::observation::{FilePath, Problem};
use crate::domain::reading::Item;
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
        match bytes {
            Err(problem) => loaded.errors.push(ItemError { place, problem }),
            Ok(bytes) => take(&mut loaded, &place, &bytes),
        }
    };
    read_paths(&paths, &ScanConfig::default(), &mut each);
    loaded.anchors.sort_by_key(|anchor| anchor.facts.fingerprint);
    loaded.anchors.dedup_by_key(|anchor| anchor.facts.fingerprint);
    loaded
}

fn take(loaded: &mut Anchors, place: &Arc<str>, bytes: &[u8]) {
    let reading = read(bytes, None, &Limits::default());
    for problem in reading.problems {
        let problem = Problem { reason: problem.reason.as_str().into(), message: problem.message.into() };
        loaded.errors.push(ItemError { place: Arc::clone(place), problem });
    }
    for item in reading.items {
        if let Item::Certificate { facts, der } = item.item {
            if facts.is_ca || facts.is_self_issued() {
                loaded.anchors.push(Anchor { facts, der });
            } else {
                let problem =
                    Problem { reason: "not_a_ca".into(), message: "an anchor must be a CA certificate".into() };
                loaded.errors.push(ItemError { place: Arc::clone(place), problem });
            }
        }
    }
}
