//! Signatures and entries of lists made by `openssl`, in every accepted algorithm.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::vigie;

struct Maker {
    folder: TempDir,
}

impl Maker {
    /// An authority by the arguments of `genpkey`, and what `openssl` needs to sign lists.
    fn new(key: &str) -> Self {
        let maker = Self { folder: TempDir::new().expect("a folder") };
        maker.run(&format!("genpkey {key} -out ca.key"));
        maker.write("req.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[ext]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n");
        maker.run("req -x509 -new -config req.cnf -extensions ext -days 4000 -key ca.key -subj /C=FR/CN=AC -sha256 -out ca.pem");
        maker.write(
            "ca.cnf",
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\nnew_certs_dir=.\ncertificate=ca.pem\n\
             private_key=ca.key\ndefault_md=sha256\ndefault_crl_days=30\n",
        );
        maker.write("crlnumber", "2A\n");
        let reasons = ["", ",keyCompromise", ",superseded", ",CACompromise", ",holdInstruction,holdInstructionReject", ",keyTime,20260101000000Z"];
        let index: String = (0..60)
            .map(|entry| {
                let reason = reasons[entry % reasons.len()];
                format!("R\t300101000000Z\t26010100{:02}00Z{reason}\t{:X}\tunknown\t/CN=x{entry}\n", entry % 60, 0x80_0000_0000_u64 + entry as u64)
            })
            .collect();
        maker.write("index.txt", &index);
        maker
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("written");
    }

    fn path(&self, name: &str) -> OsString {
        self.folder.path().join(name).into()
    }

    fn run(&self, arguments: &str) -> String {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("OPENSSL_CONF", "/dev/null")
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn verify(&self, list: &str, more: &[&str]) -> (u8, Value) {
        let mut arguments: Vec<OsString> = ["--json", "crl", "verify", "--issuer"].map(OsString::from).to_vec();
        arguments.push(self.path("ca.pem"));
        arguments.extend(more.iter().map(OsString::from));
        arguments.push(self.path(list));
        let (code, out, err) = vigie(&arguments);
        (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
    }
}

#[test]
fn every_algorithm_of_openssl() {
    for (key, hashes, options) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", &["sha256", "sha384", "sha512"][..], ""),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", &["sha256", "sha384", "sha512"], "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", &["sha256", "sha384", "sha512"], ""),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", &["sha256", "sha384", "sha512"], ""),
    ] {
        let maker = Maker::new(key);
        for hash in hashes {
            maker.run(&format!("ca -config ca.cnf -gencrl -md {hash} {options} -out list.pem"));
            maker.run("crl -in list.pem -outform DER -out list.der");
            for list in ["list.pem", "list.der"] {
                let (code, said) = maker.verify(list, &[]);
                assert_eq!((code, &said["signature"], &said["entries"]), (0, &"valid".into(), &60.into()), "{key} {hash} {said:#}");
            }
            let mut damaged = fs::read(maker.path("list.der")).expect("a list");
            let last = damaged.len() - 1;
            damaged[last] ^= 1;
            fs::write(maker.path("damaged.der"), &damaged).expect("written");
            let (code, said) = maker.verify("damaged.der", &[]);
            assert_eq!((code, &said["signature"]), (1, &"bad_signature".into()), "{key} {hash}");
            // One octet of an entry: the hash is over all that is signed.
            damaged[last] ^= 1;
            damaged[last / 2] ^= 1;
            fs::write(maker.path("damaged.der"), &damaged).expect("written");
            let mut arguments: Vec<OsString> = ["crl", "verify", "--issuer"].map(OsString::from).to_vec();
            arguments.extend([maker.path("ca.pem"), maker.path("damaged.der")]);
            assert_ne!(vigie(&arguments).0, 0, "{key} {hash}");
        }
    }
}

#[test]
fn weak_signatures_prove_nothing_unless_allowed() {
    let maker = Maker::new("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    maker.run("ca -config ca.cnf -gencrl -md sha1 -out list.pem");
    let (code, said) = maker.verify("list.pem", &[]);
    assert_eq!((code, &said["signature"]), (1, &"unsupported_algorithm".into()));
    let (code, said) = maker.verify("list.pem", &["--allow-sha1"]);
    assert_eq!((code, &said["signature"]), (0, &"valid".into()));
    maker.run("ca -config ca.cnf -gencrl -md md5 -out list.pem");
    assert_eq!(maker.verify("list.pem", &["--allow-sha1"]).0, 1);
    let short = Maker::new("-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
    short.run("ca -config ca.cnf -gencrl -md sha256 -out list.pem");
    assert_eq!(short.verify("list.pem", &["--allow-sha1"]).1["signature"], "unsupported_algorithm");
}

/// Every entry `openssl crl -text` prints, and some it does not.
#[test]
fn entries_agree_with_openssl() {
    let maker = Maker::new("-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    maker.run("ca -config ca.cnf -gencrl -out list.pem");
    let text = maker.run("crl -in list.pem -noout -text");
    let serials: Vec<String> = text.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: ")).map(str::to_lowercase).collect();
    assert_eq!(serials.len(), 60);
    let reasons: Vec<&str> = text.split("Serial Number: ").skip(1).map(|entry| {
        entry.split("X509v3 CRL Reason Code:").nth(1).and_then(|rest| rest.lines().nth(1)).map_or("", str::trim)
    }).collect();
    maker.write("serials", &format!("{}\n0102 # not in it\n", serials.join("\n")));
    let (code, said) = maker.verify("list.pem", &["--serials", maker.path("serials").to_str().expect("UTF-8")]);
    assert_eq!((code, &said["crl_number"]), (1, &"42".into()));
    let all = said["serials"].as_array().expect("a list");
    for ((said, serial), reason) in all.iter().zip(&serials).zip(reasons) {
        assert_eq!((said["status"].as_str(), said["serial_number"].as_str()), (Some("revoked"), Some(serial.as_str())));
        let ours = said["reason"].as_str().unwrap_or_default().replace('_', "");
        assert_eq!(ours, reason.to_lowercase().replace(' ', ""), "{serial}");
    }
    assert_eq!((all.len(), &all[60]["status"]), (61, &"good".into()));
}
