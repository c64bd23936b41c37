//! Paths and revocation, through the commands: what `vigie verify` says of hierarchies made for the purpose, held against `openssl`.

mod crl_commands;
mod kept;
mod paths;
mod signatures;
mod verdicts;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::made_pki::{Authority, ListSpec, Spec};

/// The time of the questions.
const AT: &str = "2026-06-01T00:00:00Z";
const AT_UNIX: &str = "1780272000";

/// Runs a command and gives exit code and standard output.
fn vigie(arguments: &[OsString]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = ["vigie", "--lang", "en"].map(OsString::from).into_iter().chain(arguments.iter().cloned());
    let code = vigie::cli::main(all, &mut out, &mut err);
    (code, String::from_utf8(out).expect("UTF-8"), String::from_utf8(err).expect("UTF-8"))
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A root, an authority below it, and their lists.
struct World {
    root: Authority,
    ca: Authority,
}

/// Serial number of the authority and of the certificate in question.
const CA: u64 = 0x1120_0002;
const EE: u64 = 0x1120_1000;

impl World {
    fn new() -> Self {
        let root = Authority::root(&Spec::authority("TEST AC RACINE", 1));
        let ca = root.below(&Spec::authority("TEST AC ORGANISATIONS", CA));
        Self { root, ca }
    }

    /// A certificate of the authority, with the lists of the root: what is added speaks for the certificate.
    fn case(&self, spec: Spec) -> Case {
        Case {
            trust: vec![self.root.der.clone()],
            untrusted: vec![self.ca.der.clone()],
            lists: vec![self.root.list(&ListSpec::new(1))],
            target: self.ca.issue(&spec),
            diverges: None,
        }
    }

    fn end_entity(&self) -> Case {
        self.case(Spec::end_entity("x", EE))
    }
}

/// One question to `vigie verify`.
struct Case {
    trust: Vec<Vec<u8>>,
    untrusted: Vec<Vec<u8>>,
    lists: Vec<Vec<u8>>,
    target: Vec<u8>,
    /// Why `openssl` says otherwise.
    diverges: Option<&'static str>,
}

impl Case {
    fn list(mut self, der: Vec<u8>) -> Self {
        self.lists.push(der);
        self
    }

    fn untrusted(mut self, der: &[u8]) -> Self {
        self.untrusted.push(der.to_vec());
        self
    }

    /// `openssl` gives another answer, for this reason.
    fn diverges(mut self, why: &'static str) -> Self {
        self.diverges = Some(why);
        self
    }

    #[track_caller]
    fn good(self) {
        let said = self.ask(0);
        assert_eq!(
            (&said["path"]["status"], &said["revocation"]["status"]),
            (&"valid".into(), &"good".into()),
            "{said:#}"
        );
    }

    #[track_caller]
    fn revoked(self, reason: Option<&str>) -> Value {
        let said = self.ask(1);
        assert_eq!(
            (&said["path"]["status"], &said["revocation"]["status"]),
            (&"valid".into(), &"revoked".into()),
            "{said:#}"
        );
        assert_eq!(said["revocation"]["reason"], reason.map_or(Value::Null, Value::from), "{said:#}");
        assert_eq!(said["revocation"]["revoked_at"], "2026-04-01T00:00:00Z");
        said
    }

    #[track_caller]
    fn unknown(self, why: &str) -> Value {
        let said = self.ask(2);
        let revocation = &said["revocation"];
        assert_eq!((&revocation["status"], &revocation["why"]), (&"unknown".into(), &why.into()), "{said:#}");
        said
    }

    #[track_caller]
    fn invalid(self, reason: &str) {
        let said = self.ask(1);
        assert_eq!((&said["path"]["status"], &said["path"]["reason"]), (&"invalid".into(), &reason.into()), "{said:#}");
    }

    /// The document of `vigie verify --json`, which `openssl` must agree with.
    #[track_caller]
    fn ask(self, code: u8) -> Value {
        let folder = TempDir::new().expect("a folder");
        let write = |kind: &str, all: &[Vec<u8>]| -> PathBuf {
            let path = folder.path().join(kind);
            fs::create_dir(&path).expect("a folder");
            for (number, der) in all.iter().enumerate() {
                fs::write(path.join(format!("{number}.der")), der).expect("written");
            }
            path
        };
        let (trust, untrusted) = (write("trust", &self.trust), write("untrusted", &self.untrusted));
        let (lists, target) = (write("lists", &self.lists), folder.path().join("target.der"));
        fs::write(&target, &self.target).expect("written");
        let mut arguments: Vec<OsString> = ["--json", "verify", "--at", AT, "--trust"].map(OsString::from).to_vec();
        arguments.extend([
            trust.into(),
            "--untrusted".into(),
            untrusted.into(),
            "--crl".into(),
            lists.into(),
            target.into(),
        ]);
        let (said, out, err) = vigie(&arguments);
        assert_eq!(said, code, "{out}{err}");
        let (accepted, theirs) = self.openssl(folder.path());
        match self.diverges {
            None => assert_eq!(accepted, code == 0, "openssl: {theirs}; {out}"),
            Some(why) => assert_ne!(accepted, code == 0, "no divergence ({why}): {theirs}; {out}"),
        }
        serde_json::from_str(&out).expect("one document")
    }

    /// What `openssl verify` says, with every CRL feature it has turned on.
    fn openssl(&self, folder: &Path) -> (bool, String) {
        let bundle = |name: &str, label: &str, all: &[Vec<u8>]| {
            let text: String = all.iter().map(|der| pem(label, der)).collect();
            fs::write(folder.join(name), text).expect("written");
        };
        bundle("trust.pem", "CERTIFICATE", &self.trust);
        bundle("untrusted.pem", "CERTIFICATE", &self.untrusted);
        bundle("lists.pem", "X509 CRL", &self.lists);
        bundle("target.pem", "CERTIFICATE", std::slice::from_ref(&self.target));
        let mut arguments = vec![
            "verify",
            "-attime",
            AT_UNIX,
            "-crl_check_all",
            "-extended_crl",
            "-use_deltas",
            "-policy_check",
            "-policy",
            "2.5.29.32.0",
        ];
        arguments.extend(["-CAfile", "trust.pem"]);
        for (flag, name, all) in
            [("-untrusted", "untrusted.pem", &self.untrusted), ("-CRLfile", "lists.pem", &self.lists)]
        {
            if !all.is_empty() {
                arguments.extend([flag, name]);
            }
        }
        arguments.push("target.pem");
        let output = Command::new("openssl").args(&arguments).current_dir(folder).output().expect("openssl runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
