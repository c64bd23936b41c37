//! Reading, held against the `openssl` command.

mod inspect;
mod keys;
mod mutation;
pub mod openssl;
mod pkcs12;
mod profiles;

use std::sync::Arc;

use openssl::Bench;
use secrecy::SecretString;
use vigie::domain::certificate::Certificate;
use vigie::domain::reading::{Format, Item, KeyFacts, ReadReason, Reading};
use vigie::pki::digest::sha256;
use vigie::pki::read::{Limits, read};
use vigie::pki::signature::is_signed_by;

fn open(bytes: &[u8], password: Option<&str>) -> Reading {
    read(bytes, password.map(SecretString::from).as_ref(), &Limits::default())
}

fn certificates(reading: &Reading) -> Vec<Arc<Certificate>> {
    let items = reading.items.iter();
    items
        .filter_map(
            |item| if let Item::Certificate { facts, .. } = &item.item { Some(Arc::clone(facts)) } else { None },
        )
        .collect()
}

fn keys(reading: &Reading) -> Vec<KeyFacts> {
    let items = reading.items.iter();
    items.filter_map(|item| if let Item::PrivateKey(facts) = &item.item { Some(facts.clone()) } else { None }).collect()
}

fn reasons(reading: &Reading) -> Vec<ReadReason> {
    reading.problems.iter().map(|problem| problem.reason).collect()
}

fn only_certificate(bytes: &[u8]) -> Arc<Certificate> {
    let reading = open(bytes, None);
    assert_eq!(reading.problems, []);
    let [certificate] = certificates(&reading).try_into().expect("one certificate");
    certificate
}

/// Every field `openssl x509` can print.
fn agrees_with_openssl(bench: &Bench, name: &str) -> Arc<Certificate> {
    let facts = only_certificate(&bench.read(name));
    let ask = |what: &str| bench.value(&format!("x509 -in {name} -noout {what}"));
    assert_eq!(*facts.subject, ask("-subject -nameopt RFC2253,-esc_msb,utf8"));
    assert_eq!(*facts.issuer, ask("-issuer -nameopt RFC2253,-esc_msb,utf8"));
    assert_eq!(facts.serial_hex(), ask("-serial").to_lowercase());
    let date = |at: vigie::domain::time::Timestamp| at.to_string().replace('T', " ");
    assert_eq!(date(facts.not_before), ask("-startdate -dateopt iso_8601"));
    assert_eq!(date(facts.not_after), ask("-enddate -dateopt iso_8601"));
    assert_eq!(facts.fingerprint, ask("-fingerprint -sha256").parse().unwrap());
    let text = String::from_utf8(bench.run(&format!("x509 -in {name} -noout -text"))).unwrap();
    let algorithm = text.lines().find_map(|line| line.trim().strip_prefix("Signature Algorithm: ")).unwrap();
    assert_eq!(*facts.signature_algorithm, *algorithm);
    bench.run(&format!("x509 -in {name} -pubkey -noout -out pub.pem"));
    assert_eq!(facts.spki, sha256(&bench.run("pkey -pubin -in pub.pem -outform DER")));
    facts
}

/// DER of the first certificate of a PEM file.
fn der(bench: &Bench, name: &str) -> Vec<u8> {
    bench.run(&format!("x509 -in {name} -outform DER"))
}

const EXTENSIONS: &str = "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment
extendedKeyUsage=clientAuth,emailProtection,1.3.6.1.4.1.311.20.2.2
subjectAltName=DNS:a.example.fr,email:pki@example.fr,IP:192.0.2.1,IP:2001:db8::1,URI:https://example.fr/,RID:1.2.3,\
otherName:1.3.6.1.4.1.311.20.2.3;UTF8:x@carte-cps.fr
2.5.29.16=DER:30:22:80:0f:32:30:32:36:30:31:30:31:30:30:30:30:30:30:5a:81:0f:32:30:32:37:30:31:30:31:30:30:30:30:30:30:5a
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
basicConstraints=CA:TRUE";

#[test]
fn every_algorithm_agrees_with_openssl() {
    let bench = Bench::new();
    for (number, (algorithm, name)) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa-2048"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "rsa-pss-2048"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "ec-p256"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ec-p384"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "ec-p521"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "ec-1.3.132.0.10"),
        ("-algorithm ED25519", "ed25519"),
        ("-algorithm ED448", "ed448"),
    ]
    .into_iter()
    .enumerate()
    {
        bench.key("k.pem", algorithm);
        let subject = "/C=FR/ST=Côte-d'Or (21)/O=CH, \"D'EXEMPLE\" <1>;/OU=318751275100020/GN=Zoé+CN=#8 +SN=É\\/x";
        bench.self_signed("c.pem", "k.pem", subject, EXTENSIONS);
        if name == "rsa-pss-2048" {
            // Left to itself the command takes the longest salt there is room for; everybody else takes the hash's length.
            bench.run_all(&[
                "req",
                "-x509",
                "-new",
                "-utf8",
                "-config",
                "req.cnf",
                "-extensions",
                "ext",
                "-key",
                "k.pem",
                "-subj",
                subject,
                "-out",
                "c.pem",
                "-sigopt",
                "rsa_pss_saltlen:-1",
            ]);
        }
        let facts = agrees_with_openssl(&bench, "c.pem");
        assert_eq!(facts.key.to_string(), name);
        let usage = facts.key_usage.unwrap();
        assert_eq!(usage.names(), ["digital_signature", "non_repudiation", "key_encipherment"]);
        let purposes: Vec<&str> = facts.extended_key_usage.iter().map(|purpose| &**purpose).collect();
        assert_eq!(purposes, ["client_auth", "email_protection", "1.3.6.1.4.1.311.20.2.2"]);
        let names: Vec<&str> = facts.san.iter().map(|name| &**name).collect();
        assert_eq!(
            names,
            [
                "dns:a.example.fr",
                "email:pki@example.fr",
                "ip:192.0.2.1",
                "ip:2001:db8::1",
                "uri:https://example.fr/",
                "rid:1.2.3",
                "upn:x@carte-cps.fr"
            ]
        );
        assert_eq!(facts.private_key_usage_not_after.unwrap().to_string(), "2027-01-01T00:00:00Z");
        assert!(facts.is_ca && facts.key_ids.subject.is_some());
        let bytes = der(&bench, "c.pem");
        let verifiable = !matches!(number, 5 | 7); // no secp256k1 and no Ed448 in the crypto provider
        assert_eq!(is_signed_by(&bytes, &bytes), verifiable, "{name}");
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(!is_signed_by(&damaged, &bytes));
    }
}

/// A small `openssl ca`, for dates, serial numbers and revocation lists.
fn authority(bench: &Bench) {
    bench.key("ca.key", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    bench.self_signed("ca.pem", "ca.key", "/CN=AC", "basicConstraints=CA:TRUE");
    bench.write("index.txt", "");
    bench.write("crlnumber", "0FFFFFFFFFFFFFFFFFFF\n");
    bench.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=.\ncertificate=ca.pem\n\
         private_key=ca.key\ndefault_md=sha256\npolicy=p\ndefault_crl_days=6\nunique_subject=no\n[p]\ncommonName=supplied\n",
    );
}

#[test]
fn absurd_dates_and_serial_numbers_are_facts() {
    let bench = Bench::new();
    authority(&bench);
    bench.key("k.pem", "-algorithm ED25519");
    bench.run("req -new -key k.pem -subj /CN=x -out x.csr");
    for (number, (start, end, serial)) in [
        ("19500101000000Z", "99991231235959Z", "01"),
        ("20500101000000Z", "20490101000000Z", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"),
        ("10010101000000Z", "10010102000000Z", "80"),
    ]
    .into_iter()
    .enumerate()
    {
        bench.write("serial", serial);
        let name = format!("odd{number}.pem");
        bench.run(&format!("ca -batch -config ca.cnf -in x.csr -startdate {start} -enddate {end} -notext -out {name}"));
        agrees_with_openssl(&bench, &name);
    }
    // A version 1 certificate has no extensions at all; a serial number of zero has one octet.
    bench.run("x509 -req -in x.csr -signkey k.pem -set_serial 0 -out v1.pem");
    let facts = agrees_with_openssl(&bench, "v1.pem");
    assert_eq!((facts.key_usage, facts.is_ca, &*facts.serial_number), (None, false, [0].as_slice()));
}

#[test]
fn requests_lists_and_wrappings() {
    let bench = Bench::new();
    authority(&bench);
    bench.key("k.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let request =
        ["req", "-new", "-key", "k.pem", "-subj", "/C=FR/O=É/CN=x", "-utf8", "-addext", "subjectAltName=DNS:x.fr"];
    bench.run_all(&[&request[..], &["-out", "x.csr"]].concat());
    for bytes in [bench.read("x.csr"), bench.run("req -in x.csr -outform DER")] {
        let reading = open(&bytes, None);
        let [Item::Csr(facts)] = [&reading.items[0].item] else { panic!("a request") };
        assert_eq!(*facts.subject, bench.value("req -in x.csr -noout -subject -nameopt RFC2253,-esc_msb,utf8"));
        assert_eq!((facts.spki, &*facts.signature_algorithm), (bench.spki("k.pem"), "sha256WithRSAEncryption"));
        assert_eq!(facts.san.iter().map(|name| &**name).collect::<Vec<_>>(), ["dns:x.fr"]);
    }

    for serial in ["1000", "1001"] {
        bench.write("serial", serial);
        bench.run(&format!("ca -batch -config ca.cnf -in x.csr -days 9 -notext -out {serial}.pem"));
        bench.run(&format!("ca -batch -config ca.cnf -revoke {serial}.pem"));
    }
    bench.run("ca -config ca.cnf -gencrl -out list.pem");
    for bytes in [bench.read("list.pem"), bench.run("crl -in list.pem -outform DER")] {
        let reading = open(&bytes, None);
        let [Item::Crl(facts)] = [&reading.items[0].item] else { panic!("a list") };
        assert_eq!(*facts.issuer, *"CN=AC");
        assert_eq!(facts.entries, 2);
        assert!(!facts.delta);
        let ask = |what: &str| bench.value(&format!("crl -in list.pem -noout {what}"));
        let number = ask("-crlnumber");
        let number = u128::from_str_radix(number.trim_start_matches("0x"), 16).unwrap();
        assert_eq!(facts.crl_number.as_deref(), Some(number.to_string().as_str()));
        let date =
            |at: vigie::domain::time::Timestamp| at.to_chrono().unwrap().format("%b %e %H:%M:%S %Y GMT").to_string();
        assert_eq!(date(facts.this_update), ask("-lastupdate"));
        assert_eq!(date(facts.next_update.unwrap()), ask("-nextupdate"));
        assert_eq!(facts.fingerprint, ask("-fingerprint -sha256").parse().unwrap());
    }

    bench.run("crl2pkcs7 -in list.pem -certfile ca.pem -certfile 1000.pem -out bundle.p7b");
    bench.write("text", "x");
    // -stream writes BER with indefinite lengths.
    bench.run("cms -sign -binary -nodetach -stream -in text -signer ca.pem -inkey ca.key -certfile 1000.pem -outform DER -out s.p7m");
    let lengths =
        [bench.read("bundle.p7b"), bench.run("pkcs7 -in bundle.p7b -outform DER"), bench.read("s.p7m")].map(|bytes| {
            let reading = open(&bytes, None);
            assert_eq!(reading.problems, []);
            assert!(reading.items.iter().all(|item| item.format == Format::Pkcs7));
            let mut found: Vec<_> = certificates(&reading).iter().map(|facts| facts.fingerprint).collect();
            found.sort();
            let mut wanted = [sha256(&der(&bench, "ca.pem")), sha256(&der(&bench, "1000.pem"))];
            wanted.sort();
            assert_eq!(found, wanted);
            reading.items.len()
        });
    assert_eq!(lengths, [3, 3, 2]);
}

#[test]
fn one_file_may_hold_everything() {
    let bench = Bench::new();
    authority(&bench);
    bench.run("req -new -key ca.key -subj /CN=x -out x.csr");
    bench.run("ca -config ca.cnf -gencrl -out list.pem");
    bench.run("ecparam -name prime256v1 -out params.pem");
    bench.run("pkey -in ca.key -pubout -out pub.pem");
    bench.run("x509 -in ca.pem -trustout -addtrust clientAuth -out trusted.pem");
    let mut file = b"\xef\xbb\xbfBag Attributes\n  friendlyName: \xff\n".to_vec();
    for part in ["params.pem", "ca.key", "ca.pem", "x.csr", "list.pem", "pub.pem", "trusted.pem"] {
        file.extend(bench.read(part));
        file.extend(b"between\n-----BEGIN \n");
    }
    let text = String::from_utf8_lossy(&file).replace("\r\n", "\n");
    for bytes in [file.clone(), text.replace('\n', "\r\n").into_bytes()] {
        let reading = open(&bytes, None);
        assert_eq!(reading.problems, []);
        let kinds: Vec<&str> = reading
            .items
            .iter()
            .map(|item| match item.item {
                Item::Certificate { .. } => "certificate",
                Item::Csr(_) => "csr",
                Item::Crl(_) => "crl",
                Item::PrivateKey(_) => "private",
                Item::PublicKey(_) => "public",
            })
            .collect();
        assert_eq!(kinds, ["private", "certificate", "csr", "crl", "public", "certificate"]);
        assert!(reading.items.iter().enumerate().all(|(place, item)| item.index == place));
        let found = certificates(&reading);
        assert_eq!(found[0].fingerprint, found[1].fingerprint, "the trust settings are no part of the certificate");
    }

    // Good blocks beside a damaged one stand, and both are counted.
    let damaged = [
        &bench.read("ca.pem")[..],
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        &bench.read("x.csr"),
    ]
    .concat();
    let reading = open(&damaged, None);
    assert_eq!(reading.items.iter().map(|item| item.index).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(
        reading.problems.iter().map(|problem| (problem.index, problem.reason)).collect::<Vec<_>>(),
        [(1, ReadReason::Malformed)]
    );
}

#[test]
fn what_is_not_ours_is_said_to_be() {
    let bench = Bench::new();
    bench.run("ecparam -name prime256v1 -out params.pem");
    let whole = {
        authority(&bench);
        der(&bench, "ca.pem")
    };
    let ssh = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAQID\n-----END OPENSSH PRIVATE KEY-----\n";
    for bytes in [&b""[..], b"hello", b"0", b"\x30\x03\x02\x01\x05", &bench.read("params.pem"), ssh, &[0; 4096]] {
        let reading = open(bytes, None);
        assert_eq!((reading.items.len(), reasons(&reading)), (0, vec![ReadReason::NotPki]));
    }
    assert_eq!(reasons(&open(&whole[..whole.len() - 1], None)), [ReadReason::Malformed]);
    assert_eq!(open(&[&whole[..], b"\r\n\0"].concat(), None).problems, []);
    let twice = open(&[&whole[..], &whole, b"tail"].concat(), None);
    assert_eq!((certificates(&twice).len(), reasons(&twice)), (2, vec![ReadReason::Malformed]));
    let few = Limits { max_items: 2, ..Limits::default() };
    let many = read(&bench.read("ca.pem").repeat(5), None, &few);
    assert_eq!((many.items.len(), reasons(&many)), (2, vec![ReadReason::LimitExceeded]));
}
