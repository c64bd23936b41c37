//! Lists on disk: what is kept, what replaces it, and what damage does.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vigie::domain::revocation::{Reason, Why};
use vigie::pki::crl::index::{IndexError, Key};
use vigie::pki::crl::{Crl, Limits, Succession};
use vigie::pki::revocation::Entries as _;
use vigie::pki::signature::Accepted;
use vigie::revocation::{Folder, KeepError, Kept, ListName, Rejection, Taken};

use super::World;
use crate::support::made_pki::{Authority, ListSpec, certificate_issuer, name};

/// Like keys that are drawn: one octet sixteen times makes fingerprints meet.
const KEY: Key = Key(0x243f_6a88_85a3_08d3_1319_8a2e_0370_7344_u128.to_be_bytes());
const OTHER_KEY: Key = Key(0xa409_3822_299f_31d0_082e_fa98_ec4e_6c89_u128.to_be_bytes());

struct Disk {
    folder: TempDir,
    world: World,
}

impl Disk {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder"), world: World::new() }
    }

    fn open(&self) -> Folder {
        Folder::open(self.folder.path()).expect("a folder")
    }

    fn take(&self, list: &[u8], held: Option<&Crl>) -> Result<Taken, KeepError> {
        self.open()
            .take_in(&list_name(), &mut &list[..], held, Limits::default(), KEY, &mut |crl| self.accept(crl, held))
    }

    fn accept(&self, crl: &Crl, held: Option<&Crl>) -> Result<(), Rejection> {
        let signed = crl.verify_by(&self.world.ca.der, Accepted::default());
        signed.map_err(|_| Rejection::Untrusted(Why::BadSignature))?;
        match held.map_or(Succession::Newer, |held| crl.succeeds(held)) {
            Succession::Newer => Ok(()),
            other => Err(Rejection::NoSuccessor(other)),
        }
    }

    fn kept(&self) -> Kept {
        self.open().load(&list_name()).expect("an index").expect("a list")
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.folder.path().join(format!("aci-el-org.{extension}"))
    }
}

fn list_name() -> ListName {
    ListName::new("aci-el-org").expect("a name")
}

fn numbered(number: u64, entries: u64) -> ListSpec {
    (0..entries).fold(ListSpec::new(number), |list, entry| list.revoke(1000 + 7 * entry, (entry % 2 == 0).then_some(1)))
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[place] ^= 4;
    fs::write(path, bytes).expect("written");
}

#[test]
fn every_entry_is_found_and_nothing_else() {
    let disk = Disk::new();
    for entries in [0, 1, 2, 300, 5_000] {
        let list = disk.world.ca.list(&numbered(7, entries));
        fs::remove_file(disk.path("crl")).ok();
        let Taken::New(kept) = disk.take(&list, None).expect("taken") else { panic!("new") };
        // Opened again, as after a restart: the signature is verified again without reading the entries.
        for kept in [*kept, disk.kept()] {
            assert_eq!(u64::from(kept.crl.entries), entries);
            assert_eq!(kept.crl.verify_by(&disk.world.ca.der, Accepted::default()), Ok(()));
            assert!(kept.crl.verify_by(&disk.world.root.der, Accepted::default()).is_err());
            for entry in 0..entries {
                let serial = (1000 + 7 * entry).to_be_bytes();
                let said = kept.entries.find(None, &serial).expect("an answer").expect("listed");
                assert_eq!(said.reason, (entry % 2 == 0).then_some(Reason::KeyCompromise));
                assert_eq!(kept.entries.find(None, &(1001 + 7 * entry).to_be_bytes()).expect("an answer"), None);
            }
            assert_eq!(fs::read(disk.path("crl")).expect("a list"), list);
        }
    }
    let size = fs::metadata(disk.path("idx")).expect("an index").len();
    assert!(size < 12 * 5_000 + 2_000, "{size} bytes");
}

#[test]
fn serial_numbers_are_integers_and_not_octets() {
    let disk = Disk::new();
    disk.take(&disk.world.ca.list(&ListSpec::new(7).revoke(0xff, None)), None).expect("taken");
    let kept = disk.kept();
    let listed = |serial: &[u8]| kept.entries.find(None, serial).expect("an answer").is_some();
    assert!(listed(&[0, 0xff]) && listed(&[0, 0, 0xff]), "255, however it is written");
    assert!(!listed(&[0xff]) && !listed(&[0xff, 0xff]), "-1");
}

#[test]
fn entries_of_other_issuers_are_told_apart() {
    let disk = Disk::new();
    let other = name("AUTRE");
    let list = ListSpec::new(7)
        .scope(&[&[0x84, 1, 0xff]])
        .revoke(1, None)
        .entry(2, &[certificate_issuer(&other)])
        .revoke(3, Some(1));
    disk.take(&disk.world.ca.list(&list), None).expect("taken");
    let kept = disk.kept();
    let canonical = vigie::pki::distinguished_name::canonical(&other[2..]);
    let listed = |issuer: Option<&[u8]>, serial: u8| kept.entries.find(issuer, &[serial]).expect("an answer").is_some();
    assert!(listed(None, 1) && !listed(None, 2) && !listed(None, 3));
    assert!(!listed(Some(&canonical), 1) && listed(Some(&canonical), 2) && listed(Some(&canonical), 3));
}

#[test]
fn only_a_believed_successor_replaces_what_is_held() {
    let disk = Disk::new();
    let list = |number: u64| disk.world.ca.list(&numbered(number, 10));
    disk.take(&list(7), None).expect("taken");
    let held = disk.kept().crl;
    let stranger = Authority { key: crate::support::made_pki::Key::new(), ..disk.world.ca.clone() };
    let good = fs::read(disk.path("crl")).expect("a list");
    let refused = |sent: &[u8]| disk.take(sent, Some(&held)).expect_err("refused").reason().to_owned();
    assert_eq!(refused(&stranger.list(&numbered(8, 10))), "bad_signature");
    assert_eq!(refused(&list(6)), "number_backwards");
    assert_eq!(refused(&disk.world.ca.list(&numbered(7, 11))), "number_stuck");
    assert_eq!(refused(b"<html>"), "not_a_crl");
    assert_eq!(refused(&list(8)[..300]), "cut_short");
    let limits = Limits { max_bytes: 300, ..Limits::default() };
    let bounded = disk.open().take_in(&list_name(), &mut &list(8)[..], None, limits, KEY, &mut |_| Ok(()));
    assert_eq!(bounded.expect_err("too large").reason(), "too_large");
    let limits = Limits { max_entries: 9, ..Limits::default() };
    let bounded = disk.open().take_in(&list_name(), &mut &list(8)[..], None, limits, KEY, &mut |_| Ok(()));
    assert_eq!(bounded.expect_err("too many").reason(), "too_many_entries");
    assert!(matches!(disk.take(&good, Some(&held)), Ok(Taken::Same)));
    assert_eq!(disk.files(), ["aci-el-org.crl", "aci-el-org.idx"], "nothing unfinished stays");
    assert_eq!((disk.kept().crl.identity, fs::read(disk.path("crl")).expect("a list")), (held.identity, good));
    assert!(matches!(disk.take(&list(8), Some(&held)), Ok(Taken::New(_))));
    assert_eq!(disk.open().names().expect("names"), [list_name()]);
    // An end of the bytes in the middle, as a server that goes away.
    struct Broken(usize);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::ConnectionReset)?;
            buffer[0] = 0x30;
            Ok(1)
        }
    }
    let broken = disk.open().take_in(&list_name(), &mut Broken(1), None, Limits::default(), KEY, &mut |_| Ok(()));
    assert_eq!(broken.expect_err("an error").reason(), "io");
    // What a crash left goes when the folder is opened.
    fs::write(disk.path("crl.new"), b"x").expect("written");
    disk.open();
    assert_eq!(disk.files(), ["aci-el-org.crl", "aci-el-org.idx"]);
}

#[test]
fn damage_is_an_error_and_never_an_answer() {
    let disk = Disk::new();
    let list = disk.world.ca.list(&numbered(7, 150));
    disk.take(&list, None).expect("taken");
    let (index, der) = (fs::read(disk.path("idx")).expect("an index"), list.clone());
    let serials: Vec<[u8; 8]> = (0..150_u64).map(|entry| (1000 + 7 * entry).to_be_bytes()).collect();
    let restore = || {
        fs::write(disk.path("idx"), &index).expect("written");
        fs::write(disk.path("crl"), &der).expect("written");
    };
    // Whatever octet of the index changes, a listed certificate is found or the index is refused.
    for place in (0..index.len()).step_by(7) {
        restore();
        flip(&disk.path("idx"), place);
        if let Ok(kept) = disk.open().load(&list_name()) {
            let kept = kept.expect("a list");
            let mut refused = 0;
            for serial in &serials {
                match kept.entries.find(None, serial) {
                    Ok(found) => assert!(found.is_some(), "octet {place}"),
                    Err(_) => refused += 1,
                }
            }
            assert!(refused > 0, "octet {place} is in no page");
        }
    }
    // And of the list.
    for place in (0..der.len()).step_by(23) {
        restore();
        flip(&disk.path("crl"), place);
        if let Ok(kept) = disk.open().load(&list_name()) {
            let kept = kept.expect("a list");
            for serial in &serials {
                assert!(!matches!(kept.entries.find(None, serial), Ok(None)), "octet {place}");
            }
        }
    }
    // An index cut short, of another list, of no format, and none at all; then made again.
    let rebuilt = || {
        let taken = disk.open().rebuild(&list_name(), Limits::default(), OTHER_KEY, &mut |crl| disk.accept(crl, None));
        assert!(taken.is_ok(), "{taken:?}");
        assert!(disk.kept().entries.find(None, &serials[3]).expect("an answer").is_some());
    };
    restore();
    fs::write(disk.path("idx"), &index[..index.len() - 1]).expect("written");
    assert!(matches!(disk.open().load(&list_name()), Err(IndexError::Damaged(_))));
    rebuilt();
    fs::write(disk.path("crl"), disk.world.ca.list(&numbered(7, 150))).expect("written");
    assert!(matches!(disk.open().load(&list_name()), Err(IndexError::OtherList)), "ECDSA signs anew each time");
    rebuilt();
    fs::write(disk.path("idx"), b"VIGIECR0 and so on").expect("written");
    assert!(matches!(disk.open().load(&list_name()), Err(IndexError::OtherFormat)));
    rebuilt();
    fs::remove_file(disk.path("idx")).expect("removed");
    assert!(disk.open().load(&list_name()).is_err());
    rebuilt();
    // A list that is damaged itself is not indexed again.
    flip(&disk.path("crl"), der.len() - 3);
    let refused = disk.open().rebuild(&list_name(), Limits::default(), KEY, &mut |crl| disk.accept(crl, None));
    assert!(refused.is_err());
    assert!(disk.open().load(&ListName::new("none").expect("a name")).expect("nothing").is_none());
    for wrong in ["", "../x", "A", "a.b"] {
        assert_eq!(ListName::new(wrong), None);
    }
}
