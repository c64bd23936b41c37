//! A hundred thousand certificate files for the price of one: a real RSA certificate is made, and serial number, CN and modulus are
//! changed in its bytes. The signatures do not hold, which nothing measured here looks at.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use vigie::domain::offer::{Offer, Usage};
use vigie::domain::reading::Item;
use vigie::domain::time::Timestamp;
use vigie::pki::issue::{Attribute, Authority, KeyPair, Leaf, Validity};
use vigie::pki::issuer_links::Known;
use vigie::pki::read::{Limits, read};

/// Files of one folder.
const PER_FOLDER: usize = 1000;
/// In the CN of the template, as long as the numbers put there.
const PLACE: &str = "0000000000";

/// What the files are made from.
pub struct Template {
    der: Vec<u8>,
    authority: Known,
    serial: usize,
    name: usize,
    modulus: usize,
}

impl Template {
    /// Makes the one real certificate.
    pub fn new(now: Timestamp) -> Self {
        let validity = Validity { not_before: now.minus_months(12), not_after: now.plus_days(700) };
        let key = || KeyPair::rsa_2048().expect("a key");
        let root = Authority::root("TEST AC RACINE IGC-SANTE ELEMENTAIRE", validity, key()).expect("a root");
        let name = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS";
        let authority = root.intermediate(name, validity, key()).expect("an intermediate");
        let subject = [
            (Attribute::Department, "Paris (75)"),
            (Attribute::Organization, "CENTRE HOSPITALIER DE L'EXEMPLE"),
            (Attribute::Unit, "1990000010"),
            (Attribute::CommonName, "SERVICE-0000000000"),
        ];
        let leaf = Leaf {
            offer: Offer::Org,
            usage: Usage::AuthCli,
            subject: subject.map(|(attribute, value)| (attribute, value.to_owned())).to_vec(),
            alt_names: Vec::new(),
            validity,
            private_key_usage_not_after: None,
            card: None,
        };
        let pem = authority.issue(&leaf, &key()).expect("a leaf").pem;
        let Known { facts, der } = known(&pem);
        let find = |needle: &[u8]| {
            der.windows(needle.len()).position(|window| window == needle).expect("a part of the certificate")
        };
        let (serial, name) = (find(&facts.serial_number), find(PLACE.as_bytes()));
        let modulus = find(b"\x02\x82\x01\x01\x00") + 64;
        Self { der: der.to_vec(), authority: known(&authority.certificate().pem), serial, name, modulus }
    }

    /// The authority that signed the template.
    pub fn authority(&self) -> Known {
        self.authority.clone()
    }

    /// The certificate with this number, as PEM.
    fn pem(&self, number: usize) -> String {
        let mut der = self.der.clone();
        let tag = (number as u64).to_be_bytes();
        der[self.serial + 8..self.serial + 16].copy_from_slice(&tag);
        der[self.modulus..self.modulus + 8].copy_from_slice(&tag);
        der[self.name..self.name + PLACE.len()].copy_from_slice(format!("{number:010}").as_bytes());
        let mut text = String::with_capacity(der.len() * 3 / 2);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in der.chunks(48) {
            base64(line, &mut text);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
        text
    }

    /// Writes files `from..to` below `root`.
    pub fn write(&self, root: &Path, from: usize, to: usize) {
        for number in from..to {
            let folder = root.join(format!("{:04}", number / PER_FOLDER));
            if number % PER_FOLDER == 0 {
                fs::create_dir_all(&folder).expect("a folder");
            }
            fs::write(folder.join(format!("service-{number}.pem")), self.pem(number)).expect("written");
        }
    }
}

fn known(pem: &str) -> Known {
    match read(pem.as_bytes(), None, &Limits::default()).items.into_iter().next().map(|item| item.item) {
        Some(Item::Certificate { facts, der }) => Known { facts, der },
        other => panic!("not a certificate: {other:?}"),
    }
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let octet = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
}

/// The floor of a scan: every file below `root` is opened and read, on two threads; nothing is looked at. Gives the bytes.
pub fn read_all(root: &Path) -> u64 {
    let folders = folders(root);
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut buffer = Vec::new();
                while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for entry in fs::read_dir(folder).expect("a folder") {
                        buffer.clear();
                        let mut file = File::open(entry.expect("an entry").path()).expect("opened");
                        let read = file.read_to_end(&mut buffer).expect("read");
                        bytes.fetch_add(read as u64, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    bytes.into_inner()
}

/// The floor of a scan that finds nothing changed: the tree is walked and every file looked at. Gives their number.
pub fn walk_and_stat(root: &Path) -> u64 {
    let mut files = 0;
    for folder in folders(root) {
        for entry in fs::read_dir(folder).expect("a folder") {
            // statx relative to the folder, as a walk does.
            let metadata = entry.expect("an entry").metadata().expect("looked at");
            files += u64::from(metadata.is_file());
        }
    }
    files
}

fn folders(root: &Path) -> Vec<PathBuf> {
    fs::read_dir(root).expect("the root").map(|entry| entry.expect("an entry").path()).collect()
}

/// Some of the files, spread evenly.
pub fn sample(root: &Path, count: usize, of: usize) -> Vec<PathBuf> {
    (0..count)
        .map(|index| index * of / count)
        .map(|number| root.join(format!("{:04}/service-{number}.pem", number / PER_FOLDER)))
        .collect()
}
