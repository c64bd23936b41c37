//! What a second run does: nothing to what did not change, and never a deletion it cannot be sure of.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use vigie::config::ScanConfig;
use vigie::domain::inventory::Inventory;
use vigie::domain::time::Timestamp;
use vigie::sources::file::FileSource;

use super::{NOW, clock, found, location, reasons, source, taken};
use crate::support::clock::HeldClock;
use crate::support::made_certificate::Made;

/// Puts a file in place in one step: another inode, so that two states within one tick of the disk's clock differ.
fn put(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn what_did_not_change_is_not_opened() {
    let root = tempfile::tempdir().unwrap();
    let made = Made::self_signed("a.example");
    fs::write(root.path().join("a.pem"), made.certificate.pem()).unwrap();
    fs::write(root.path().join("notes.txt"), "nothing of ours").unwrap();
    fs::write(root.path().join("empty"), "").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    fs::write(root.path().join("broken.pem"), broken).unwrap();
    let source = source(root.path());

    let (first, stats) = source.sweep(&Inventory::default(), &clock());
    assert_eq!((stats.files, stats.opened), (4, 4));
    let errors = reasons(&first);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let (inventory, _) = taken(&Inventory::default(), first);
    assert_eq!(inventory.observations.len(), 2, "what is not PKI makes no observation");

    let (second, stats) = source.sweep(&inventory, &clock());
    assert_eq!((stats.files, stats.opened), (4, 0));
    assert_eq!(second.seen, 4);
    assert_eq!(reasons(&second), errors, "an error that stands is told at every run");
    assert!(taken(&inventory, second).1.is_quiet());

    put(&root.path().join("notes.txt"), &made.certificate.pem());
    let (third, stats) = source.sweep(&inventory, &clock());
    assert_eq!(stats.opened, 1);
    let (inventory, changes) = taken(&inventory, third);
    assert_eq!(changes.appeared.len(), 1);

    put(&root.path().join("a.pem"), "no longer PKI");
    let (_, changes) = taken(&inventory, source.gather(&inventory, &clock()));
    assert_eq!(changes.gone, [location(&root.path().join("a.pem"))]);
}

#[test]
fn opening_a_folder_to_others_shows_without_reading() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("keys");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let key = folder.join("key.pem");
    fs::write(&key, Made::self_signed("a.example").key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let source = source(root.path());
    let (inventory, _) = taken(&Inventory::default(), source.gather(&Inventory::default(), &clock()));
    let access = inventory.observations[&location(&key)].access.unwrap();
    assert_eq!((access.mode, access.folder_mode), (0o640, 0o700));

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let (gathered, stats) = source.sweep(&inventory, &clock());
    assert_eq!(stats.opened, 0);
    let (inventory, changes) = taken(&inventory, gathered);
    assert_eq!(changes.changed.len(), 1);
    let observation = &inventory.observations[&location(&key)];
    assert_eq!(observation.access.unwrap().folder_mode, 0o755);
    assert_eq!(observation.private_keys().count(), 1);
}

#[test]
fn only_what_was_looked_for_and_not_there_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::create_dir_all(root.join("c")).unwrap();
    let made = Made::self_signed("a.example");
    let paths = [root.join("top.pem"), root.join("a/b/low.pem"), root.join("c/side.pem")];
    for path in &paths {
        fs::write(path, made.certificate.pem()).unwrap();
    }
    let source = source(&root);
    let (inventory, _) = taken(&Inventory::default(), source.gather(&Inventory::default(), &clock()));
    assert_eq!(inventory.observations.len(), 3);

    // The root is not there: an unmounted disk.
    fs::rename(&root, place.path().join("away")).unwrap();
    let gathered = source.gather(&inventory, &clock());
    assert_eq!(gathered.failure.as_ref().map(|failure| &*failure.reason), Some("root_missing"));
    assert!(taken(&inventory, gathered).1.is_quiet());
    fs::rename(place.path().join("away"), &root).unwrap();

    // A folder that could not be looked into says nothing of what was in it.
    let shallow = ScanConfig { max_depth: 1, ..ScanConfig::default() };
    let shallow = FileSource::new("folders", std::slice::from_ref(&root), HashSet::new(), shallow);
    fs::remove_dir_all(root.join("a/b")).unwrap();
    fs::create_dir(root.join("a/b")).unwrap();
    assert_eq!(shallow.gather(&inventory, &clock()).gone, []);
    assert_eq!(source.gather(&inventory, &clock()).gone, [location(&paths[1])]);

    // A whole folder that went, under one that could be read.
    fs::remove_dir_all(root.join("a")).unwrap();
    fs::remove_file(&paths[0]).unwrap();
    let gathered = source.gather(&inventory, &clock());
    let gone: HashSet<_> = gathered.gone.iter().cloned().collect();
    assert_eq!(gone, [location(&paths[0]), location(&paths[1])].into());
    let (inventory, _) = taken(&inventory, gathered);
    assert_eq!(found(&inventory), [(location(&paths[2]), vec![made.fingerprint()])].into());

    // Another thing in its place keeps what was read, with the problem.
    fs::remove_file(&paths[2]).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &paths[2], rustix::fs::Mode::RUSR).unwrap();
    let (inventory, _) = taken(&inventory, source.gather(&inventory, &clock()));
    assert_eq!(found(&inventory), [(location(&paths[2]), vec![made.fingerprint()])].into());
    let problems = &inventory.observations[&location(&paths[2])].problems;
    assert_eq!(problems.iter().map(|problem| &*problem.reason).collect::<Vec<_>>(), ["fifo"]);
}

#[test]
fn out_of_time_keeps_what_was_read_and_deletes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let made = Made::self_signed("a.example");
    for number in 0..500 {
        fs::write(root.path().join(format!("{number}.pem")), made.certificate.pem()).unwrap();
    }
    let whole = source(root.path());
    let (inventory, _) = taken(&Inventory::default(), whole.gather(&Inventory::default(), &clock()));
    assert_eq!(inventory.observations.len(), 500);
    for number in 0..500 {
        put(&root.path().join(format!("{number}.pem")), &made.certificate.pem());
    }
    fs::remove_file(root.path().join("7.pem")).unwrap();

    let hurried = ScanConfig { source_timeout: Duration::from_secs(100), ..ScanConfig::default() };
    let hurried = FileSource::new("folders", &[root.path().to_owned()], HashSet::new(), hurried);
    let (gathered, stats) = hurried.sweep(&inventory, &HeldClock::ticking(NOW, Duration::from_secs(1)));
    assert_eq!(gathered.failure.as_ref().map(|failure| &*failure.reason), Some("timeout"));
    assert!(gathered.gone.is_empty());
    assert!(!gathered.observations.is_empty() && stats.opened < 200, "{stats:?}");
    let (inventory, _) = taken(&inventory, gathered);
    assert_eq!(inventory.sources["folders"].last_success, Some(Timestamp::from_unix(NOW)));
    assert_eq!(inventory.observations.len(), 500);
}

#[derive(Debug, Clone)]
enum Act {
    Put(u8, u8),
    Remove(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![(0..8_u8, 0..3_u8).prop_map(|(name, text)| Act::Put(name, text)), (0..8_u8).prop_map(Act::Remove)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Run after run, the inventory is the one a first run over the same disk would give, and nothing is read twice.
    #[test]
    fn rescanning_is_scanning(rounds in prop::collection::vec(prop::collection::vec(act(), 0..6), 1..6)) {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (Made::self_signed("a.example"), Made::self_signed("b.example"));
        let texts = [a.certificate.pem(), b.certificate.pem() + &b.key.serialize_pem(), "text".to_owned()];
        let kept = source(root.path());
        let mut inventory = Inventory::default();
        for acts in rounds {
            for act in acts {
                let path = |name: u8| root.path().join(["x", "y"][usize::from(name % 2)]).join(name.to_string());
                match act {
                    Act::Put(name, text) => {
                        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
                        put(&path(name), &texts[usize::from(text)]);
                    }
                    Act::Remove(name) => drop(fs::remove_file(path(name))),
                }
            }
            inventory = taken(&inventory, kept.gather(&inventory, &clock())).0;
            let (again, stats) = kept.sweep(&inventory, &clock());
            prop_assert_eq!(stats.opened, 0);
            prop_assert!(taken(&inventory, again).1.is_quiet());
            let (fresh, _) = taken(&Inventory::default(), source(root.path()).gather(&Inventory::default(), &clock()));
            prop_assert_eq!(&inventory.observations, &fresh.observations);
        }
    }
}
