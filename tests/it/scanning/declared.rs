//! The files the declaration names.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use vigie::clock::SharedClock;
use vigie::config::ScanConfig;
use vigie::domain::declaration::{Declaration, DeclaredCertificate, Identity, Keystore};
use vigie::domain::inventory::Inventory;
use vigie::domain::observation::{DECLARED_SOURCE, FilePath};
use vigie::domain::offer::{Offer, Usage};
use vigie::domain::profile::Environment;
use vigie::domain::reconcile::reconcile;
use vigie::sources::declared::DeclaredSource;
use vigie::sources::{Source, retired};

use super::{clock, found, location, reasons, source, taken};
use crate::support::made_certificate::Made;

fn path(path: &Path) -> FilePath {
    FilePath(path.as_os_str().as_bytes().into())
}

fn declaration(keystore: Keystore) -> Declaration {
    let certificate = DeclaredCertificate {
        id: "dmp".parse().unwrap(),
        structure: "chex".parse().unwrap(),
        offer: Offer::Org,
        usage: Usage::AuthCli,
        environment: Environment::Production,
        identity: Identity::Unspecified,
        keystore,
        endpoints: vec![],
        impacts: vec![],
        administrators: vec![],
        thresholds: None,
    };
    Declaration { certificates: [(certificate.id.clone(), certificate)].into(), ..Declaration::default() }
}

#[test]
fn a_declared_pair_is_read_and_missed_only_when_its_folder_can_tell() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("tls");
    fs::create_dir(&folder).unwrap();
    let made = Made::self_signed("dmp.example");
    fs::write(folder.join("real.pem"), made.certificate.pem()).unwrap();
    symlink("real.pem", folder.join("cert.pem")).unwrap();
    fs::write(folder.join("key.pem"), made.key.serialize_pem()).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let keystore = Keystore::Files { cert: path(&cert), key: Some(path(&key)), chain: None };
    let source = DeclaredSource::new(&declaration(keystore), ScanConfig::default());
    assert_eq!(source.paths(), [path(&cert), path(&key)].into());

    let (inventory, _) = taken(&Inventory::default(), source.gather_files(&Inventory::default(), &clock()));
    let pair = [(location(&cert), vec![made.fingerprint()]), (location(&key), vec![])].into();
    assert_eq!(found(&inventory), pair);
    assert!(inventory.observations.values().all(|observation| &*observation.source == DECLARED_SOURCE));
    let again = source.gather_files(&inventory, &clock());
    assert_eq!((again.observations.len(), again.seen), (0, 2));

    // The link leads to nothing: told, and what was there is kept.
    fs::rename(folder.join("real.pem"), folder.join("moved.pem")).unwrap();
    let gathered = source.gather_files(&inventory, &clock());
    assert_eq!(reasons(&gathered), [(cert.to_str().unwrap().to_owned(), "dangling_link".to_owned())]);
    assert_eq!(found(&taken(&inventory, gathered).0), pair);

    // The file is not in its folder: gone.
    fs::remove_file(&cert).unwrap();
    let gathered = source.gather_files(&inventory, &clock());
    assert_eq!(gathered.gone, [location(&cert)]);
    assert_eq!(reasons(&gathered), []);

    // The folder is not there: who knows.
    fs::rename(&folder, place.path().join("away")).unwrap();
    let gathered = source.gather_files(&inventory, &clock());
    assert_eq!(gathered.gone, []);
    assert!(reasons(&gathered).iter().all(|(_, reason)| reason == "folder_missing"));
    assert_eq!(found(&taken(&inventory, gathered).0), pair);
}

#[test]
fn a_password_file_opens_a_pkcs12_and_is_itself_looked_at() {
    let place = tempfile::tempdir().unwrap();
    let made = Made::self_signed("dmp.example");
    let (pem, store, secret) =
        (place.path().join("pair.pem"), place.path().join("store.p12"), place.path().join("password"));
    fs::write(&pem, made.certificate.pem() + &made.key.serialize_pem()).unwrap();
    let status = std::process::Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", "pass:s3cret", "-in"])
        .arg(&pem)
        .arg("-out")
        .arg(&store)
        .status()
        .unwrap();
    assert!(status.success());
    let keystore = Keystore::Pkcs12 { path: path(&store), password_file: Some(path(&secret)) };
    let source = DeclaredSource::new(&declaration(keystore), ScanConfig::default());

    let gathered = source.gather_files(&Inventory::default(), &clock());
    let told = reasons(&gathered);
    assert!(told.contains(&(store.to_str().unwrap().to_owned(), "needs_password".to_owned())), "{told:?}");
    let (inventory, _) = taken(&Inventory::default(), gathered);

    // The store did not change since, and is tried again all the same.
    fs::write(&secret, "s3cret\r\nof 2026\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let gathered = source.gather_files(&inventory, &clock());
    assert_eq!(reasons(&gathered), []);
    let (inventory, _) = taken(&inventory, gathered);
    let held = &inventory.observations[&location(&secret)];
    assert_eq!((held.contents.len(), held.access.map(|access| access.mode)), (0, Some(0o644)));
    assert!(source.paths().contains(&path(&secret)), "a sweep leaves it to this source");
    assert!(taken(&inventory, source.gather_files(&inventory, &clock())).1.is_quiet());
    let observation = &inventory.observations[&location(&store)];
    assert_eq!(observation.certificates().collect::<Vec<_>>(), [made.fingerprint()]);
    let keys: Vec<_> = observation.private_keys().map(|key| key.spki.is_some()).collect();
    assert_eq!(keys, [true]);

    // A password that is none, and one that is gone.
    fs::write(&secret, b"\xff").unwrap();
    let (inventory, _) = taken(&inventory, source.gather_files(&inventory, &clock()));
    let reason = |inventory: &Inventory| inventory.observations[&location(&secret)].problems[0].reason.to_string();
    assert_eq!(reason(&inventory), "secret_not_text");
    fs::remove_file(&secret).unwrap();
    assert_eq!(source.gather_files(&inventory, &clock()).gone, [location(&secret)]);
}

#[tokio::test]
async fn what_is_no_longer_declared_is_gone_unless_another_source_has_it() {
    let place = tempfile::tempdir().unwrap();
    let made = Made::self_signed("dmp.example");
    let cert = place.path().join("cert.pem");
    fs::write(&cert, made.certificate.pem()).unwrap();
    let keystore = Keystore::Files { cert: path(&cert), key: None, chain: None };
    let declared = Arc::new(DeclaredSource::new(&declaration(keystore), ScanConfig::default()));
    let gathered = declared.gather(Arc::default(), Arc::new(clock())).await;
    let (inventory, _) = taken(&Inventory::default(), gathered);
    let nothing = Arc::new(DeclaredSource::new(&Declaration::default(), ScanConfig::default()));
    let gathered = Arc::clone(&nothing).gather(Arc::new(inventory.clone()), Arc::new(clock())).await;
    assert!(gathered.gone.is_empty(), "the others have not looked yet");

    let sources = [Source::Declared(nothing), Source::File(Arc::new(source(place.path())))];
    let clock: SharedClock = Arc::new(clock());
    let left = retired(&inventory, &sources, &clock);
    let gone: Vec<_> = left.iter().map(|run| (&*run.source, run.gone.clone())).collect();
    assert_eq!(gone, [(DECLARED_SOURCE, vec![location(&cert)])]);
    let swept = sources[1].gather(Arc::new(inventory.clone()), Arc::clone(&clock)).await;
    let (found, changes) = taken(&inventory, swept);
    assert!(changes.gone.is_empty() && retired(&found, &sources, &clock).is_empty(), "it is that of the folder now");
    let changes = reconcile(&inventory, left, &HashMap::new());
    assert!(changes.sources.is_empty(), "no run of the declared places");
    assert!(inventory.after(&changes).observations.is_empty());
}
