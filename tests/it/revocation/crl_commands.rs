//! `vigie crl show` and `vigie crl verify`: exit codes, lines, and what servers send instead of a list.

use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;
use vigie::pki::crl::{Limits, read_from};
use vigie::pki::signature::Accepted;

use super::{AT, World, pem, vigie};
use crate::support::made_pki::{ListSpec, Spec, certificate_issuer, name};

struct Files {
    folder: TempDir,
}

impl Files {
    fn new(world: &World) -> Self {
        let files = Self { folder: TempDir::new().expect("a folder") };
        files.write("ca.pem", pem("CERTIFICATE", &world.ca.der));
        files
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> OsString {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path.into()
    }

    fn verify(&self, list: &[u8], serials: &str, at: &str) -> (u8, String, String) {
        let (list, serials) = (self.write("list", list), self.write("serials", serials));
        let issuer = self.folder.path().join("ca.pem").into();
        let mut arguments: Vec<OsString> = ["crl", "verify", "--at", at, "--issuer"].map(OsString::from).to_vec();
        arguments.extend([issuer, "--serials".into(), serials, list]);
        vigie(&arguments)
    }
}

#[test]
fn one_line_for_each_serial_number() {
    let world = World::new();
    let files = Files::new(&world);
    let list = world.ca.list(&ListSpec::new(7).revoke(0xab, Some(1)).revoke(0x1120_1000, None));
    let (code, out, _) = files.verify(&list, "ab\n0x00AB\n11:20:10:00\n1\n", AT);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(code, 1, "one of them is revoked");
    assert_eq!(
        lines[..3],
        [
            "CN=TEST AC ORGANISATIONS,O=IGC-SANTE TEST,C=FR",
            "Signature valid",
            "List no. 7, fresh, next update 2026-07-01T00:00:00Z, 2 entries"
        ]
    );
    assert!(lines[3].starts_with("ab  revoked  Revoked at 2026-04-01T00:00:00Z (key compromise)"), "{out}");
    assert!(
        lines[4].starts_with("00ab  revoked")
            && lines[5].starts_with("11201000  revoked")
            && lines[6].starts_with("1  good"),
        "{out}"
    );
    assert_eq!(files.verify(&list, "1\n2\n", AT).0, 0);
    assert_eq!(files.verify(&list, "", AT).0, 0);
    let (code, out, _) = files.verify(&list, "1\nab\n", "2026-07-02T00:00:00Z");
    assert!(code == 1 && out.contains("1  unknown") && out.contains("ab  revoked") && out.contains("stale"), "{out}");
    assert_eq!(files.verify(&list, "1\n", "2026-07-02T00:00:00Z").0, 2);
    assert_eq!(files.verify(&list, "1\n", "2026-04-01T00:00:00Z").0, 2, "of the future");
    let (code, _, err) = files.verify(&list, "1\nxyz\n", AT);
    assert!(code == 65 && err.contains(":2: not a serial number"), "{err}");
    // Without the certificate a list that leaves some out cannot clear anybody.
    for partial in [&[0x81, 1, 0xff][..], &[0x82, 1, 0xff], &crate::support::made_pki::reason_flags(0x83, &[1])] {
        assert_eq!(files.verify(&world.ca.list(&ListSpec::new(7).scope(&[partial])), "1\n", AT).0, 2);
    }
    assert_eq!(files.verify(&world.ca.list(&ListSpec::delta(7, 6)), "1\n", AT).0, 2);
    let other = ListSpec::new(7).scope(&[&[0x84, 1, 0xff]]).entry(1, &[certificate_issuer(&name("AUTRE"))]);
    assert_eq!(files.verify(&world.ca.list(&other), "1\n", AT).0, 0, "the entry is of another issuer");
    // Another authority, or another key.
    assert_eq!(files.verify(&world.root.list(&ListSpec::new(7)), "1\n", AT).0, 1);
    let twin = World::new();
    let (code, out, _) = files.verify(&twin.ca.list(&ListSpec::new(7)), "1\n", AT);
    assert!(code == 1 && out.contains("1  unknown"), "{out}");
}

#[test]
fn what_servers_send_instead_of_a_list_is_refused_by_name() {
    let world = World::new();
    let files = Files::new(&world);
    let list = world.ca.list(&ListSpec::new(7).revoke(0xab, Some(1)));
    let base64 = pem("X", &list).lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let mut long = list.clone();
    long[1] = 0x80;
    for (sent, reason) in [
        (b"<html><body>503</body></html>".to_vec(), "not_a_crl"),
        (Vec::new(), "not_a_crl"),
        (base64.into_bytes(), "not_a_crl"),
        (world.ca.der.clone(), "not_a_crl"),
        (b"\x1f\x8b\x08\x00gzip".to_vec(), "not_a_crl"),
        ([&list[..], b"\n"].concat(), "trailing_bytes"),
        (list[..list.len() / 2].to_vec(), "cut_short"),
        (list[..10].to_vec(), "cut_short"),
        (long, "malformed"),
        (pem("X509 CRL", &list).replace("END X509", "END X5O9").into_bytes(), "malformed"),
    ] {
        let path = files.write("sent", &sent);
        let (code, out, _) = vigie(&["--json".into(), "crl".into(), "show".into(), path]);
        let said: serde_json::Value = serde_json::from_str(&out).expect("one document");
        assert_eq!((code, &said["errors"][0]["reason"]), (1, &reason.into()), "{out}");
        assert_eq!(files.verify(&sent, "1\n", AT).0, 65);
    }
    // Every cut is refused, and no change of one octet passes for a list of the authority.
    let read = |bytes: &[u8]| read_from(&mut &bytes[..], Limits::default(), &mut |_| Ok(()), &mut |_| {});
    for cut in 0..list.len() {
        assert!(read(&list[..cut]).is_err(), "cut at {cut}");
    }
    for place in 0..list.len() {
        let mut damaged = list.clone();
        damaged[place] ^= 0x20;
        let verified = read(&damaged).is_ok_and(|crl| crl.verify_by(&world.ca.der, Accepted::default()).is_ok());
        assert!(!verified, "octet {place}");
    }
}

#[test]
fn several_lists_in_one_file_and_tables() {
    let world = World::new();
    let files = Files::new(&world);
    let both = pem("X509 CRL", &world.ca.list(&ListSpec::new(7).revoke(1, None)))
        + &pem("X509 CRL", &world.root.list(&ListSpec::delta(9, 8)));
    let (code, out, _) = vigie(&["--json".into(), "crl".into(), "show".into(), files.write("both.pem", both)]);
    let said: serde_json::Value = serde_json::from_str(&out).expect("one document");
    let items = said["items"].as_array().expect("a list");
    assert_eq!((code, items.len()), (0, 2));
    assert_eq!(
        (&items[0]["crl_number"], &items[0]["entries"], &items[0]["delta"]),
        (&"7".into(), &1.into(), &false.into())
    );
    assert_eq!((&items[1]["base_crl_number"], &items[1]["delta"]), (&"8".into(), &true.into()));
    let (code, out, _) = vigie(&["crl".into(), "show".into(), files.folder.path().join("both.pem").into()]);
    assert!(code == 0 && out.lines().count() == 3 && out.contains("CN=TEST AC RACINE"), "{out}");
    assert_eq!(vigie(&["crl".into(), "show".into(), "/nowhere".into()]).0, 1);
}

#[test]
fn verify_takes_its_certificate_last_and_says_what_is_missing() {
    let world = World::new();
    let files = Files::new(&world);
    let root = files.write("root.der", &world.root.der);
    let target = files.write("x.der", world.ca.issue(&Spec::end_entity("x", 5)));
    let ca = files.folder.path().join("ca.pem").into_os_string();
    let ask = |arguments: &[&OsString]| {
        let words = ["verify", "--at", AT, "--trust"].map(OsString::from);
        vigie(&words.iter().chain(arguments.iter().copied()).cloned().collect::<Vec<_>>())
    };
    let untrusted = OsString::from("--untrusted");
    let (code, out, _) = ask(&[&root, &untrusted, &ca, &target]);
    assert!(code == 2 && out.contains("no list of the issuer"), "{out}");
    assert_eq!(ask(&[&root, &untrusted, &ca, &"--".into(), &target]).0, 2);
    assert_eq!(ask(&[&root, &target]).0, 1, "no path");
    assert_eq!(ask(&[&root]).0, 64);
    assert_eq!(ask(&[&"/nowhere".into(), &target]).0, 65);
    assert_eq!(ask(&[&files.write("empty", ""), &target]).0, 65);
    assert_eq!(vigie(&["verify".into(), "--at".into(), "yesterday".into(), "--trust".into(), root, target]).0, 64);
}
