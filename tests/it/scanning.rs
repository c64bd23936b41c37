//! The sources on real disks and real sockets.

mod declared;
mod endpoints;
mod hostile_disk;
mod rescan;
mod retired;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use vigie::config::ScanConfig;
use vigie::domain::fingerprint::Fingerprint;
use vigie::domain::inventory::Inventory;
use vigie::domain::observation::{FilePath, Location};
use vigie::domain::reconcile::{Changes, Gathered, reconcile};
use vigie::sources::file::FileSource;

use crate::support::clock::HeldClock;

const NOW: i64 = 1_800_000_000;

fn clock() -> HeldClock {
    HeldClock::at(NOW)
}

fn source(root: &Path) -> FileSource {
    FileSource::new("folders", &[root.to_owned()], HashSet::new(), ScanConfig::default())
}

fn location(path: &Path) -> Location {
    Location::File(FilePath(path.as_os_str().as_bytes().into()))
}

/// The inventory after a run, and what the run changed.
fn taken(before: &Inventory, gathered: Gathered) -> (Inventory, Changes) {
    let changes = reconcile(before, vec![gathered], &HashMap::new());
    (before.clone().after(&changes), changes)
}

/// Each location with its certificates.
fn found(inventory: &Inventory) -> BTreeMap<Location, Vec<Fingerprint>> {
    let each = inventory.observations.iter();
    each.map(|(location, observation)| (location.clone(), observation.certificates().collect())).collect()
}

/// Each error as place and reason, in order of place.
fn reasons(gathered: &Gathered) -> Vec<(String, String)> {
    let each = gathered.errors.iter();
    let mut reasons: Vec<_> = each.map(|error| (error.place.to_string(), error.problem.reason.to_string())).collect();
    reasons.sort();
    reasons
}
