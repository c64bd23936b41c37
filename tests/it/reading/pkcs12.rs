//! PKCS#12 as every tool writes it.

use secrecy::SecretString;
use vigie::domain::reading::{Format, ReadReason};
use vigie::pki::digest::sha256;
use vigie::pki::read::{Limits, read};

use super::openssl::Bench;
use super::{certificates, der, keys, open, reasons};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.key("k.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    bench.self_signed("c.pem", "k.pem", "/CN=x", "basicConstraints=CA:FALSE");
    bench
}

fn export(bench: &Bench, options: &str) -> Vec<u8> {
    bench.run(&format!("pkcs12 -export -inkey k.pem -in c.pem -provider legacy -provider default {options}"))
}

#[test]
fn every_cipher_opens_with_its_password_only() {
    let bench = bench();
    let certificate = sha256(&der(&bench, "c.pem"));
    for cipher in [
        "AES-128-CBC",
        "AES-192-CBC",
        "AES-256-CBC",
        "PBE-SHA1-3DES",
        "PBE-SHA1-2DES",
        "PBE-SHA1-RC2-128",
        "PBE-SHA1-RC2-40",
        "PBE-SHA1-RC4-128",
        "PBE-SHA1-RC4-40",
    ] {
        for mac in ["-macalg sha1", "-macalg sha256", "-macalg sha384", "-macalg sha512", ""] {
            let options = format!("-keypbe {cipher} -certpbe {cipher} {mac} -passout pass:clé-secrète");
            let bytes = export(&bench, &options);
            let bytes = if mac.is_empty() { without_mac(&bytes) } else { bytes };
            let opened = open(&bytes, Some("clé-secrète"));
            assert_eq!(opened.problems, [], "{options}");
            assert_eq!(certificates(&opened)[0].fingerprint, certificate);
            let [key] = keys(&opened).try_into().expect("one key");
            assert_eq!((key.spki, key.encrypted), (Some(bench.spki("k.pem")), true));
            assert!(opened.items.iter().all(|item| item.format == Format::Pkcs12));

            let wrong = open(&bytes, Some("autre"));
            assert_eq!(
                (certificates(&wrong).len(), reasons(&wrong)),
                (0, vec![ReadReason::WrongPassword]),
                "{options}"
            );
            let none = open(&bytes, None);
            assert_eq!((certificates(&none).len(), reasons(&none)), (0, vec![ReadReason::NeedsPassword]), "{options}");
        }
    }
}

#[test]
fn without_a_password_the_empty_ones_are_no_secret() {
    let bench = bench();
    for options in ["", "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-RC2-40 -macalg sha1", "-nomac"] {
        let bytes = export(&bench, &format!("{options} -passout pass:"));
        for given in [None, Some("")] {
            let opened = open(&bytes, given);
            assert_eq!(
                (certificates(&opened).len(), keys(&opened).len(), opened.problems),
                (1, 1, vec![]),
                "{options}"
            );
        }
    }
}

#[test]
fn plain_safes_are_listed_without_the_password() {
    let bench = bench();
    let certificate = sha256(&der(&bench, "c.pem"));
    // As the portal writes them: certificates in the clear, the key shrouded.
    let bytes = export(&bench, "-certpbe NONE -passout pass:secret");
    let closed = open(&bytes, None);
    assert_eq!(certificates(&closed)[0].fingerprint, certificate);
    assert_eq!(keys(&closed).iter().map(|key| (key.spki, key.encrypted)).collect::<Vec<_>>(), [(None, true)]);
    assert_eq!(reasons(&closed), [ReadReason::NeedsPassword]);
    let opened = open(&bytes, Some("secret"));
    assert_eq!((keys(&opened)[0].spki, opened.problems), (Some(bench.spki("k.pem")), vec![]));

    let plain = export(&bench, "-certpbe NONE -keypbe NONE -nomac -passout pass:");
    let opened = open(&plain, None);
    let [key] = keys(&opened).try_into().expect("one key");
    assert_eq!((opened.problems, key.spki, key.encrypted), (vec![], Some(bench.spki("k.pem")), false));

    let trust = bench.run("pkcs12 -export -nokeys -in c.pem -passout pass:secret");
    let opened = open(&trust, Some("secret"));
    assert_eq!((certificates(&opened).len(), keys(&opened).len()), (1, 0));
}

#[test]
fn a_changed_file_does_not_pass_its_mac() {
    let bench = bench();
    let mut bytes = export(&bench, "-certpbe NONE -passout pass:secret");
    let at = bytes.windows(3).position(|window| window == b"\x0c\x01x").expect("the CN");
    bytes[at + 2] = b'y';
    assert_eq!(reasons(&open(&bytes, Some("secret"))), [ReadReason::WrongPassword]);
}

#[test]
fn greedy_iteration_counts_are_refused_before_the_work() {
    let bench = bench();
    let bytes = export(&bench, "-iter 65537 -passout pass:secret");
    let small = Limits { max_kdf_iterations: 100_000, ..Limits::default() };
    let reading = read(&bytes, Some(&SecretString::from("secret")), &small);
    assert!(reasons(&reading).contains(&ReadReason::LimitExceeded), "the sum counts: {:?}", reading.problems);

    let tiny = Limits { max_kdf_iterations: 1_000, ..Limits::default() };
    let reading = read(&bytes, Some(&SecretString::from("secret")), &tiny);
    assert_eq!(reasons(&reading), [ReadReason::LimitExceeded], "the MAC alone asks for 2048");

    // INTEGER 65537 becomes 8 388 607, wherever it stands.
    let mut bytes = without_mac(&bytes);
    let places: Vec<usize> =
        (0..bytes.len() - 5).filter(|at| bytes[*at..].starts_with(b"\x02\x03\x01\x00\x01")).collect();
    assert_eq!(places.len(), 2, "certificate safe and key bag");
    for at in places {
        bytes[at + 2..at + 5].copy_from_slice(b"\x7f\xff\xff");
    }
    let reading = open(&bytes, Some("secret"));
    assert_eq!(reasons(&reading), [ReadReason::LimitExceeded]);
    assert_eq!((certificates(&reading).len(), keys(&reading)[0].spki), (0, None));
}

/// The file without its third and last field. OpenSSL's own `-nomac` leaves the certificates unencrypted as well.
fn without_mac(file: &[u8]) -> Vec<u8> {
    let length = |at: usize| usize::from(file[at + 2]) << 8 | usize::from(file[at + 3]);
    assert!(file[..2] == *b"\x30\x82" && file[7..9] == *b"\x30\x82", "two-octet lengths");
    let kept = &file[4..7 + 4 + length(7)];
    [b"\x30\x82", &u16::try_from(kept.len()).unwrap().to_be_bytes()[..], kept].concat()
}
