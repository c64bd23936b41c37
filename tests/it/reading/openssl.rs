//! The `openssl` command as maker of fixtures and as outside oracle.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use vigie::domain::fingerprint::Fingerprint;
use vigie::pki::digest::sha256;

/// A folder to make things in.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs `openssl` here with blank-separated arguments and gives its standard output.
    pub fn run(&self, arguments: &str) -> Vec<u8> {
        self.run_all(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    pub fn run_all(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OPENSSL_CONF", "/dev/null")
            .stdin(Stdio::null())
            .output()
            .expect("the openssl command");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// One line of output, without what stands before the first `=`.
    pub fn value(&self, arguments: &str) -> String {
        let text = String::from_utf8(self.run(arguments)).unwrap();
        let line = text.trim_end_matches('\n');
        line.split_once('=').map_or(line, |(_, value)| value).to_owned()
    }

    /// SHA-256 of the SubjectPublicKeyInfo of a private key file.
    pub fn spki(&self, key: &str) -> Fingerprint {
        sha256(&self.run(&format!("pkey -in {key} -pubout -outform DER")))
    }

    /// A key, by the arguments of `genpkey`.
    pub fn key(&self, name: &str, algorithm: &str) {
        self.run(&format!("genpkey {algorithm} -out {name}"));
    }

    /// A self-signed certificate with this subject and extension lines.
    pub fn self_signed(&self, name: &str, key: &str, subject: &str, extensions: &str) {
        self.write("req.cnf", format!("[req]\ndistinguished_name=dn\n[dn]\n[ext]\n{extensions}\n"));
        let arguments = ["req", "-x509", "-new", "-utf8", "-config", "req.cnf", "-extensions", "ext", "-days", "30"];
        self.run_all(&[&arguments[..], &["-key", key, "-subj", subject, "-out", name]].concat());
    }

    /// A certificate signed by `authority` (`.pem` and `.key`).
    pub fn issued(&self, name: &str, authority: &str, key: &str, subject: &str, extensions: &str) {
        self.write("leaf.cnf", format!("[req]\ndistinguished_name=dn\n[dn]\n[ext]\n{extensions}\n"));
        let request = ["req", "-new", "-utf8", "-config", "leaf.cnf", "-key", key, "-subj", subject];
        self.run_all(&[&request[..], &["-out", "leaf.csr"]].concat());
        self.run(&format!(
            "x509 -req -in leaf.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days 30 -extfile leaf.cnf \
             -extensions ext -out {name}"
        ));
    }
}
