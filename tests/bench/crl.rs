//! P1 to P7: revocation lists of a million and more entries, against `openssl` on the same files in the same run.
//!
//! Every figure is that of a whole process, ours and theirs, timed by the same shell: this binary starts itself for each of ours.

use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vigie::domain::revocation::Status;
use vigie::domain::time::Timestamp;
use vigie::pki::crl::{Limits, Watch, read_from};
use vigie::pki::path::{PathCertificate, Pool, Settings};
use vigie::pki::revocation::{Entries as _, Judge, List};
use vigie::pki::signature::Accepted;
use vigie::revocation::{Folder, ListName, Taken, fresh_key};

use crate::daemon::Daemon;
use crate::made_pki::{Authority, ListSpec, Spec, integer, name, reason_code, seq, time, tlv};
use crate::report::{at_most, heading, told};

/// Certificates checked at once, as the goals say.
const ASKED: usize = 100;
const NAME: &str = "list";
/// Connections that ask for the status, as P15 says.
const CLIENTS: usize = 16;
const AT: i64 = 1_780_272_000; // 2026-06-01

/// The figures for lists of a million entries and of `largest`.
pub fn figures(folder: &Path, largest: usize) {
    let folder = folder.join("crl");
    fs::create_dir_all(&folder).expect("a folder");
    let authority = Authority::root(&Spec::authority("TEST AC", 1));
    fs::write(folder.join("ca.der"), &authority.der).expect("written");
    fs::write(folder.join("ca.pem"), pem("CERTIFICATE", &authority.der)).expect("written");
    let sizes: Vec<usize> = [1_000_000].into_iter().filter(|size| *size < largest).chain([largest]).collect();
    let costs: Vec<f64> = sizes.iter().map(|size| one(&folder, &authority, *size)).collect();
    if let ([small, large], [before, after]) = (&sizes[..], &costs[..]) {
        heading("Growth of a list");
        let goal = 5.3 * (*large as f64 / *small as f64) / 5.0;
        at_most("P5", &format!("verify + index, {small} → {large} entries"), after / before, goal, "×");
    }
    peers(&folder, sizes[0]);
    beside(&folder, largest);
}

/// P15 while the largest list is taken in: nobody who asks for the status notices.
fn beside(folder: &Path, entries: usize) {
    heading(&format!("The daemon while it takes in a list of {entries} entries"));
    let empty = folder.join("empty");
    fs::create_dir_all(&empty).expect("a folder");
    let daemon = Daemon::trusting(&folder.join("daemon"), &empty, &[&folder.join("ca.pem")]);
    daemon.scanned();
    let quiet = daemon.rate("/api/v1/status", CLIENTS, Duration::from_secs(2)).1;
    told("99 of 100 answers within, before", &format!("{:.2} ms", quiet.as_secs_f64() * 1e3));
    let list = folder.join(format!("{entries}.crl"));
    let (took, worst) = std::thread::scope(|scope| {
        let taking = scope.spawn(|| daemon.command(&["crl", "import", path(&list)]));
        let mut worst = Duration::ZERO;
        while !taking.is_finished() {
            worst = worst.max(daemon.rate("/api/v1/status", CLIENTS, Duration::from_millis(500)).1);
        }
        (taking.join().expect("taken in"), worst)
    });
    told("taken in within, `vigie crl import`", &format!("{:.2} s", took.as_secs_f64()));
    told("resident after it", &format!("{:.1} MiB", daemon.resident() as f64 / f64::from(1 << 20)));
    at_most("P15", "99 of 100 answers within, meanwhile", worst.as_secs_f64() * 1e3, 1.0, "ms");
    daemon.stop();
}

/// P1, P2, P4, P6 for one size. Gives the seconds to verify and index.
fn one(folder: &Path, authority: &Authority, entries: usize) -> f64 {
    heading(&format!("A revocation list of {entries} entries"));
    let list = folder.join(format!("{entries}.crl"));
    let bytes = generate(authority, entries, &list);
    told("size", &format!("{:.1} MB", bytes as f64 / 1e6));
    let (mut dgst, mut stream, mut index, mut taken) = (Cost::MAX, Cost::MAX, Cost::MAX, Cost::MAX);
    let rounds = if entries > 2_000_000 { 3 } else { 5 };
    for _ in 0..rounds {
        dgst = dgst.min(timed("openssl", &["dgst", "-sha256", path(&list)]).0);
        stream = stream.min(ours("stream", folder, &list).0);
        taken = taken.min(ours("take", folder, &list).0);
        index = index.min(ours("index", folder, &list).0);
    }
    let said = ours("take", folder, &list).1;
    let peak = said.parse::<f64>().expect("kibibytes") * 1024.0;
    told("openssl dgst -sha256", &format!("{:.0} ms", dgst.wall * 1e3));
    told("verify and answer for 100, nothing kept", &format!("{:.0} ms", stream.wall * 1e3));
    told("verify and index, the index written", &format!("{:.0} ms", index.wall * 1e3));
    told("the same from elsewhere, the list on the disk", &format!("{:.0} ms", taken.wall * 1e3));
    // The ratios were set where SHA-256 does 350 MB/s. A processor with instructions for it hashes three times as fast and walks no faster:
    // there the same goals read as time an entry beyond the hash.
    let beyond = |ours: f64, theirs: f64| (ours - theirs) / entries as f64 * 1e9;
    at_most("P1", "verify + answer 100, CPU ÷ dgst", stream.cpu / dgst.cpu, 1.6, "×");
    at_most("P1", "the same, CPU beyond dgst, an entry", beyond(stream.cpu, dgst.cpu), 72.0, "ns");
    at_most("P2", "verify + index, wall ÷ dgst", index.wall / dgst.wall, 2.2, "×");
    at_most("P2", "the same, wall beyond dgst, an entry", beyond(index.wall, dgst.wall), 144.0, "ns");
    let mebibyte = f64::from(1 << 20);
    at_most("P4", "peak RSS over idle", peak / mebibyte, (12.0 * entries as f64) / mebibyte + 8.0, "MiB");
    let (ready, said) =
        (0..5).map(|_| ours("ready", folder, &list)).min_by(|a, b| a.0.wall.total_cmp(&b.0.wall)).expect("a round");
    at_most("P6", "ready after a restart, whole process", ready.wall * 1e3, 20.0, "ms");
    at_most("P6", "a lookup", said.parse().expect("microseconds"), 20.0, "µs");
    index.wall
}

/// P3 and P7.
fn peers(folder: &Path, entries: usize) {
    heading(&format!("Peers on the list of {entries} entries"));
    let list = folder.join(format!("{entries}.crl"));
    let certificates: Vec<PathBuf> = (0..ASKED).map(|place| folder.join(format!("{place}.pem"))).collect();
    let (mut theirs, mut index) = (Cost::MAX, Cost::MAX);
    ours("take", folder, &list);
    for _ in 0..2 {
        let arguments =
            ["crl", "-inform", "DER", "-noout", "-CAfile", path(&folder.join("ca.pem")), "-in", path(&list)]
                .map(str::to_owned);
        theirs = theirs.min(timed("openssl", &arguments.iter().map(String::as_str).collect::<Vec<_>>()).0);
        index = index.min(ours("index", folder, &list).0);
    }
    told("openssl crl -CAfile", &format!("{:.2} s", theirs.wall));
    at_most("P3", "verify + index ÷ openssl crl", index.wall / theirs.wall, 1.0 / 6.0, "×");
    let (anchors, lists) = (folder.join("ca.pem"), folder.join("list.pem"));
    fs::write(&lists, pem("X509 CRL", &fs::read(&list).expect("a list"))).expect("written");
    let at = AT.to_string();
    let mut arguments =
        vec!["verify", "-attime", &at, "-crl_check", "-CAfile", path(&anchors), "-CRLfile", path(&lists)];
    arguments.extend(certificates.iter().map(|certificate| path(certificate)));
    let theirs = timed("openssl", &arguments).0;
    told("openssl verify -crl_check of 100", &format!("{:.2} s", theirs.wall));
    let cold = (0..3).map(|_| ours("check", folder, &list).0).fold(Cost::MAX, Cost::min);
    let warm = (0..3).map(|_| ours("check_indexed", folder, &list).0).fold(Cost::MAX, Cost::min);
    at_most("P7", "100 certificates, the list read for it ÷ that", cold.wall / theirs.wall, 1.0 / 50.0, "×");
    told("100 certificates, the list indexed before ÷ that", &format!("1/{:.0}", theirs.wall / warm.wall));
}

/// Runs one of ours when the bench was started for it.
pub fn child(arguments: &[String]) -> bool {
    let [_, word, what, folder, list] = arguments else { return false };
    if word != "crl-child" {
        return false;
    }
    let (folder, list) = (Path::new(folder), Path::new(list));
    let said = match what.as_str() {
        "stream" => stream(folder, list),
        "take" => take(folder, list),
        "index" => index(folder),
        "ready" => ready(folder),
        "check" => check(folder, list),
        "check_indexed" => check_indexed(folder),
        other => panic!("{other}?"),
    };
    println!("{said}");
    true
}

fn stream(folder: &Path, list: &Path) -> String {
    let wanted: Vec<Vec<u8>> = (0..ASKED).map(|place| serial(place * 7919)).collect();
    let mut watch = Watch::new(wanted.iter().map(Vec::as_slice));
    let mut file = fs::File::open(list).expect("a list");
    let crl =
        read_from(&mut file, Limits::default(), &mut |_| Ok(()), &mut |listed| watch.see(listed)).expect("a list");
    assert_eq!(crl.verify_by(&fs::read(folder.join("ca.der")).expect("a certificate"), Accepted::default()), Ok(()));
    assert!(wanted.iter().all(|serial| watch.find(None, serial).is_some()));
    String::new()
}

fn index(folder: &Path) -> String {
    let anchor = fs::read(folder.join("ca.der")).expect("a certificate");
    let kept = Folder::open(&folder.join("kept")).expect("a folder");
    let name = ListName::new(NAME).expect("a name");
    let rebuilt = kept.rebuild(&name, Limits::default(), fresh_key().expect("a key"), &mut |crl| {
        assert_eq!(crl.verify_by(&anchor, Accepted::default()), Ok(()));
        Ok(())
    });
    assert!(rebuilt.is_ok());
    String::new()
}

fn take(folder: &Path, list: &Path) -> String {
    let anchor = fs::read(folder.join("ca.der")).expect("a certificate");
    let kept = Folder::open(&folder.join("kept")).expect("a folder");
    let name = ListName::new(NAME).expect("a name");
    let mut file = fs::File::open(list).expect("a list");
    let idle = high_water();
    let taken = kept.take_in(&name, &mut file, None, Limits::default(), fresh_key().expect("a key"), &mut |crl| {
        assert_eq!(crl.verify_by(&anchor, Accepted::default()), Ok(()));
        Ok(())
    });
    assert!(matches!(taken, Ok(Taken::New(_))));
    (high_water() - idle).to_string()
}

fn ready(folder: &Path) -> String {
    let kept = Folder::open(&folder.join("kept")).expect("a folder");
    let kept = kept.load(&ListName::new(NAME).expect("a name")).expect("an index").expect("a list");
    assert_eq!(
        kept.crl.verify_by(&fs::read(folder.join("ca.der")).expect("a certificate"), Accepted::default()),
        Ok(())
    );
    let wanted: Vec<Vec<u8>> = (0..1000).map(|place| serial(place * 997)).collect();
    let start = Instant::now();
    for serial in &wanted {
        assert!(kept.entries.find(None, black_box(serial)).expect("an answer").is_some());
    }
    format!("{:.2}", start.elapsed().as_secs_f64() * 1e6 / wanted.len() as f64)
}

fn check(folder: &Path, list: &Path) -> String {
    let (pool, certificates) = asked(folder);
    let mut watch = Watch::new(certificates.iter().map(|certificate| &*certificate.serial));
    let mut file = fs::File::open(list).expect("a list");
    let crl =
        read_from(&mut file, Limits::default(), &mut |_| Ok(()), &mut |listed| watch.see(listed)).expect("a list");
    judged(&pool, &certificates, List { crl: &crl, entries: &watch })
}

fn check_indexed(folder: &Path) -> String {
    let (pool, certificates) = asked(folder);
    let kept = Folder::open(&folder.join("kept")).expect("a folder");
    let kept = kept.load(&ListName::new(NAME).expect("a name")).expect("an index").expect("a list");
    judged(&pool, &certificates, kept.list())
}

fn asked(folder: &Path) -> (Pool, Vec<Arc<PathCertificate>>) {
    let pool = Pool::new([fs::read(folder.join("ca.der")).expect("a certificate").into()], []);
    let read = |place: usize| {
        PathCertificate::read(fs::read(folder.join(format!("{place}.der"))).expect("a certificate").into())
    };
    (pool, (0..ASKED).map(|place| Arc::new(read(place).expect("a certificate"))).collect())
}

fn judged(pool: &Pool, certificates: &[Arc<PathCertificate>], list: List<'_>) -> String {
    let settings = Settings { at: Timestamp::from_unix(AT), accepted: Accepted::default() };
    let judge = Judge::new(pool, settings, [list]);
    for certificate in certificates {
        pool.begin();
        let chain = pool.path(certificate, &settings).expect("a path");
        assert_eq!(judge.chain(&chain).first().map(|verdict| verdict.status()), Some(Status::Good));
    }
    String::new()
}

/// A list with entries of 42 bytes on the average: serial number of 16 octets, date, a reason on half of them. And the certificates that
/// are asked for, none of which is on it.
fn generate(authority: &Authority, entries: usize, path: &Path) -> u64 {
    let date = time("2026-04-01");
    let reason = seq(&[&reason_code(1)]);
    let mut all = Vec::with_capacity(entries * 43);
    for entry in 0..entries {
        let extensions: &[u8] = if entry % 2 == 0 { &reason } else { &[] };
        all.extend(seq(&[&tlv(2, &[&serial(entry)]), &date, extensions]));
    }
    let spec = ListSpec { entries: vec![all], ..ListSpec::new(entries as u64) };
    fs::write(path, authority.list(&spec)).expect("written");
    let key = crate::made_pki::Key::new();
    for place in 0..ASKED {
        let spec = Spec::end_entity("x", 0x1120_0000 + place as u64).named(name(&format!("x{place}"))).key(&key);
        let der = authority.issue(&spec);
        let folder = path.parent().expect("a folder");
        fs::write(folder.join(format!("{place}.pem")), pem("CERTIFICATE", &der)).expect("written");
        fs::write(folder.join(format!("{place}.der")), der).expect("written");
    }
    fs::metadata(path).expect("a list").len()
}

/// Sixteen octets that look like chance, positive.
fn serial(number: usize) -> Vec<u8> {
    let mixed = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mut octets = mixed.to_be_bytes().to_vec();
    octets[0] = 0x11;
    debug_assert!(integer(1).len() == 3);
    octets
}

#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

impl Cost {
    const MAX: Self = Self { wall: f64::MAX, cpu: f64::MAX };

    fn min(self, other: Self) -> Self {
        Self { wall: self.wall.min(other.wall), cpu: self.cpu.min(other.cpu) }
    }
}

fn ours(what: &str, folder: &Path, list: &Path) -> (Cost, String) {
    let own = std::env::current_exe().expect("this binary");
    timed(path(&own), &["crl-child", what, path(folder), path(list)])
}

/// One process by the shell's clock: elapsed, and user and system time together. And what it printed.
fn timed(program: &str, arguments: &[&str]) -> (Cost, String) {
    let output = Command::new("bash")
        .args(["-c", "TIMEFORMAT='%3R %3U %3S'; time \"$@\"", "bash", program])
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        std::io::stderr().write_all(&output.stderr).expect("written");
        panic!("{program} {arguments:?}");
    }
    let times: Vec<f64> =
        said.lines().last().unwrap_or_default().split(' ').filter_map(|time| time.parse().ok()).collect();
    let [wall, user, system] = times[..] else { panic!("{said}") };
    (Cost { wall, cpu: user + system }, String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// VmHWM in kibibytes.
fn high_water() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("ASCII"));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
