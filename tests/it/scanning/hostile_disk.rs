//! A folder somebody hostile writes to.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, Mode, inotify, mkfifoat};
use vigie::config::ScanConfig;
use vigie::domain::inventory::Inventory;
use vigie::domain::observation::FilePath;
use vigie::sources::file::FileSource;
use vigie::sources::file::open::FileError;
use vigie::sources::file::pattern::Root;
use vigie::sources::file::walk::{Found, Visit, read_paths, walk};

use super::{clock, found, location, reasons, source, taken};
use crate::support::made_certificate::Made;

/// Tells whether a file was opened since.
struct Watched(rustix::fd::OwnedFd);

impl Watched {
    fn on(path: &Path) -> Self {
        let fd = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&fd, path, inotify::WatchFlags::OPEN | inotify::WatchFlags::ACCESS).unwrap();
        Self(fd)
    }

    fn was_opened(&self) -> bool {
        rustix::io::read(&self.0, &mut [0_u8; 4096]).is_ok()
    }
}

fn bytes(path: &Path) -> FilePath {
    FilePath(path.as_os_str().as_bytes().into())
}

#[test]
fn every_trap_is_refused_and_every_certificate_found() {
    let place = tempfile::tempdir().unwrap();
    let (root, canary_path) = (place.path().join("root"), place.path().join("canary.pem"));
    fs::create_dir_all(root.join("a/b/c")).unwrap();
    let (good, canary) = (Made::self_signed("good.example"), Made::self_signed("canary.example"));
    fs::write(&canary_path, canary.certificate.pem()).unwrap();
    let odd_names: Vec<PathBuf> = [&b"plain.pem"[..], b"a/b/c/deep.pem", b"new\nline", b"\xff\xfe.pem", b"--x", b" "]
        .iter()
        .map(|name| root.join(OsStr::from_bytes(name)))
        .collect();
    for path in &odd_names {
        fs::write(path, good.certificate.pem()).unwrap();
    }
    mkfifoat(CWD, root.join("fifo"), Mode::RUSR | Mode::WUSR).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    fs::File::create(root.join("huge")).unwrap().set_len(1 << 40).unwrap();
    fs::create_dir_all(root.join("d/".repeat(1000))).unwrap();
    for (name, target) in [
        ("out", canary_path.as_path()),
        ("out-relative", Path::new("../canary.pem")),
        ("shadow", Path::new("/etc/shadow")),
        ("device", Path::new("/dev/zero")),
        ("slash", Path::new("/")),
        ("up", Path::new("..")),
        ("loop", Path::new("loop")),
        ("ping", Path::new("pong")),
        ("pong", Path::new("ping")),
        ("nothing", Path::new("none")),
        ("to-fifo", Path::new("fifo")),
        ("inside", Path::new("a/b/c/deep.pem")),
        ("a/back", Path::new("..")),
    ] {
        symlink(target, root.join(name)).unwrap();
    }
    let watched = Watched::on(&canary_path);

    let (gathered, stats) = source(&root).sweep(&Inventory::default(), &clock());

    assert!(!watched.was_opened(), "the file outside was opened");
    assert_eq!(gathered.failure, None);
    let bottom = root.join("d/".repeat(33));
    let name = |name: &str| bytes(&root.join(name)).to_string();
    let mut expected: Vec<(String, String)> = [
        ("device", "link_out_of_root"),
        ("fifo", "fifo"),
        ("huge", "too_large"),
        ("loop", "link_loop"),
        ("nothing", "dangling_link"),
        ("out", "link_out_of_root"),
        ("out-relative", "link_out_of_root"),
        ("ping", "link_loop"),
        ("pong", "link_loop"),
        ("shadow", "link_out_of_root"),
        ("slash", "link_out_of_root"),
        ("socket", "socket"),
        ("to-fifo", "fifo"),
        ("up", "link_out_of_root"),
    ]
    .map(|(place, reason)| (name(place), reason.to_owned()))
    .into();
    expected.push((bottom.to_str().unwrap().trim_end_matches('/').to_owned(), "too_deep".to_owned()));
    expected.sort();
    assert_eq!(reasons(&gathered), expected);
    assert_eq!(stats.opened, odd_names.len() as u64);
    let (after, _) = taken(&Inventory::default(), gathered);
    let mut places: Vec<_> = odd_names.iter().map(|path| (location(path), vec![good.fingerprint()])).collect();
    places.push((location(&root.join("huge")), vec![]));
    assert_eq!(found(&after), places.into_iter().collect());
}

#[test]
fn a_file_swapped_for_a_link_never_leads_out() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir(&root).unwrap();
    let (good, canary) = (Made::self_signed("good.example"), Made::self_signed("canary.example"));
    fs::write(place.path().join("canary.pem"), canary.certificate.pem()).unwrap();
    let watched = Watched::on(&place.path().join("canary.pem"));
    let target = root.join("swapped.pem");
    fs::write(&target, good.certificate.pem()).unwrap();
    let stop = AtomicBool::new(false);
    let (mut as_file, mut as_link) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                symlink(place.path().join("canary.pem"), place.path().join("link")).unwrap();
                fs::rename(place.path().join("link"), &target).unwrap();
                fs::write(place.path().join("file"), good.certificate.pem()).unwrap();
                fs::rename(place.path().join("file"), &target).unwrap();
            }
        });
        // Until both states were met, within a bound no machine needs.
        for round in 0..100_000 {
            let gathered = source(&root).gather(&Inventory::default(), &clock());
            for (facts, _) in &gathered.certificates {
                assert_eq!(facts.fingerprint, good.fingerprint());
                as_file += 1;
            }
            as_link += gathered.errors.len();
            if round >= 300 && as_file > 0 && as_link > 0 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(as_file > 0 && as_link > 0, "both states met: {as_file} {as_link}");
    assert!(!watched.was_opened(), "the file outside was opened");
}

#[test]
fn a_file_that_grows_is_whole_or_reported() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("growing");
    fs::write(&path, vec![b'x'; 1 << 20]).unwrap();
    let bounds = ScanConfig { max_file_bytes: 1 << 40, ..ScanConfig::default() };
    let stop = AtomicBool::new(false);
    let mut reported = false;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) && written < 256 << 20 {
                written += file.write(b"more").unwrap();
            }
        });
        for _ in 0..10_000 {
            read_paths(&[bytes(&path)], &bounds, &mut |_, _, read| match read {
                Ok(whole) => assert!(whole.len() >= 1 << 20 && (whole.len() - (1 << 20)) % 4 == 0),
                Err(problem) => {
                    assert_eq!(&*problem.reason, "changed_while_read");
                    reported = true;
                }
            });
            if reported {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(reported, "a file that never stops growing is reported");
}

#[test]
fn links_of_an_acme_client_give_each_file_once() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("live/site")).unwrap();
    fs::create_dir_all(root.path().join("archive/site")).unwrap();
    let (old, new) = (Made::self_signed("old.example"), Made::self_signed("new.example"));
    let archive = |name: &str| root.path().join("archive/site").join(name);
    fs::write(archive("cert1.pem"), old.certificate.pem()).unwrap();
    fs::write(archive("cert2.pem"), new.certificate.pem()).unwrap();
    let live = root.path().join("live/site/cert.pem");
    symlink("../../archive/site/cert2.pem", &live).unwrap();

    let whole = source(root.path()).gather(&Inventory::default(), &clock());
    assert_eq!(reasons(&whole), []);
    let (after, _) = taken(&Inventory::default(), whole);
    let both = [
        (location(&archive("cert1.pem")), vec![old.fingerprint()]),
        (location(&archive("cert2.pem")), vec![new.fingerprint()]),
    ];
    assert_eq!(found(&after), both.into());

    // A pattern that takes only the link reads what it leads to, under the name of the link.
    let pattern = FileSource::new("p", &[root.path().join("l*/site/*.pem")], HashSet::new(), ScanConfig::default());
    let (after, _) = taken(&Inventory::default(), pattern.gather(&Inventory::default(), &clock()));
    assert_eq!(found(&after), [(location(&live), vec![new.fingerprint()])].into());

    // Under `live` alone the link leads out, and is reported.
    let gathered = source(&root.path().join("live")).gather(&Inventory::default(), &clock());
    assert_eq!(reasons(&gathered), [(live.to_str().unwrap().to_owned(), "link_out_of_root".to_owned())]);

    // Named by the administrator it is read, and so is a root that is a link.
    let named = source(&live).gather(&Inventory::default(), &clock());
    assert_eq!(named.certificates.len(), 1);
    symlink("archive", root.path().join("here")).unwrap();
    assert_eq!(source(&root.path().join("here")).gather(&Inventory::default(), &clock()).certificates.len(), 2);

    // A declared link owns its file, whatever name the sweep meets it by.
    let skip = [bytes(&live)].into();
    let rest = FileSource::new("rest", &[root.path().to_owned()], skip, ScanConfig::default());
    let (after, _) = taken(&Inventory::default(), rest.gather(&Inventory::default(), &clock()));
    assert_eq!(found(&after), [(location(&archive("cert1.pem")), vec![old.fingerprint()])].into());
}

/// Removes a folder as soon as the walk met its first file.
struct Remover<'a> {
    remove: &'a Path,
    files: Vec<Vec<u8>>,
    refused: Vec<(Vec<u8>, FileError)>,
}

impl Visit for Remover<'_> {
    fn file(&mut self, found: &Found<'_>) {
        self.files.push(found.path.to_vec());
        if self.remove.exists() {
            fs::remove_dir_all(self.remove).unwrap();
        }
    }

    fn refused(&mut self, path: &[u8], error: FileError) {
        self.refused.push((path.to_vec(), error));
    }
}

#[test]
fn a_folder_removed_under_the_walk_is_told_and_the_walk_goes_on() {
    let root = tempfile::tempdir().unwrap();
    for path in ["first", "removed", "last"] {
        fs::create_dir(root.path().join(path)).unwrap();
    }
    fs::write(root.path().join("first-file"), "x").unwrap();
    fs::write(root.path().join("first/file"), "x").unwrap();
    fs::write(root.path().join("last/file"), "x").unwrap();
    let removed = root.path().join("removed");
    let mut visitor = Remover { remove: &removed, files: Vec::new(), refused: Vec::new() };
    let roots = [Root::literal(root.path().as_os_str().as_bytes())];
    let outcome = walk(&roots, &ScanConfig::default(), &mut visitor);
    assert!(outcome.complete && outcome.any_root);
    assert_eq!(visitor.files.len(), 3);
    assert_eq!(visitor.refused, [(removed.as_os_str().as_bytes().to_vec(), FileError::Vanished)]);
}

#[test]
fn bounds_on_entries_and_bytes_are_told() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..20 {
        fs::write(root.path().join(format!("{number}")), "x".repeat(number)).unwrap();
    }
    let bounds = ScanConfig { max_files: 10, max_file_bytes: 10, ..ScanConfig::default() };
    let few = FileSource::new("few", &[root.path().to_owned()], HashSet::new(), bounds);
    let gathered = few.gather(&Inventory::default(), &clock());
    let told = reasons(&gathered);
    assert!(told.contains(&(root.path().to_str().unwrap().to_owned(), "too_many_files".to_owned())), "{told:?}");
    assert_eq!(gathered.seen, 10);

    let bounds = ScanConfig { max_file_bytes: 10, ..ScanConfig::default() };
    let small = FileSource::new("small", &[root.path().to_owned()], HashSet::new(), bounds);
    let large = reasons(&small.gather(&Inventory::default(), &clock()));
    assert_eq!(large.iter().filter(|(_, reason)| reason == "too_large").count(), 9);
    assert_eq!(large.len(), 9);
}
