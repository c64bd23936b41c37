//! Where messages arrive: a mail relay and an HTTPS target, real servers in children of the test. Each writes down what it received
//! with its id and the time, in a file that outlives a crash of the daemon, and misbehaves on demand.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::made_certificate::{Made, authority};

/// Debian's, which has Debian's modules; another one may stand before it in the search path.
const PYTHON: &str = "/usr/bin/python3";

/// A server that takes messages.
pub struct Sink {
    child: Child,
    folder: TempDir,
    /// Its port on 127.0.0.1, which is also `localhost`.
    pub port: u16,
}

/// Certificates for a sink.
pub struct Identity {
    folder: TempDir,
}

impl Identity {
    /// A certificate for `localhost` under an authority of its own, for longer than these tests will be run.
    pub fn localhost() -> Self {
        Self::named("localhost", (2020, 2090))
    }

    /// A certificate for `name`, valid between those years.
    pub fn named(name: &str, years: (i32, i32)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = authority("Sinks");
        let made = Made::issued(name, years, &authority);
        fs::write(folder.path().join("cert.pem"), made.certificate.pem()).expect("written");
        fs::write(folder.path().join("key.pem"), made.key.serialize_pem()).expect("written");
        fs::write(folder.path().join("ca.pem"), authority.pem()).expect("written");
        Self { folder }
    }

    /// What clients have to trust.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server with this certificate.
    pub fn server(&self) -> Arc<ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.file("cert.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(self.file("key.pem")).expect("a key");
        let builder = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()));
        let builder = builder.with_protocol_versions(rustls::ALL_VERSIONS).expect("versions").with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate], key).expect("a pair"))
    }

    /// `cert.pem`, `key.pem` or `ca.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self) -> Vec<String> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        vec!["--cert".to_owned(), path("cert.pem"), "--key".to_owned(), path("key.pem")]
    }
}

impl Sink {
    /// A relay. Options are those of `smtp_sink.py`: `--tls starttls`, `--login user:password`, `--greeting …`.
    pub fn smtp(identity: Option<&Identity>, options: &[&str]) -> Self {
        Self::start("smtp_sink.py", identity, options)
    }

    /// A target: HTTPS, or HTTP without an identity.
    pub fn https(identity: Option<&Identity>) -> Self {
        Self::start("https_sink.py", identity, &[])
    }

    fn start(script: &str, identity: Option<&Identity>, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support").join(script);
        let mut child = Command::new(PYTHON)
            .arg(&script)
            .arg("--journal")
            .arg(folder.path().join("journal"))
            .arg("--control")
            .arg(folder.path().join("control"))
            .args(identity.map(Identity::options).unwrap_or_default())
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs: see `make setup-test`");
        let mut line = String::new();
        let out = child.stdout.take().expect("its standard output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let port = line.trim().parse().unwrap_or_else(|_| panic!("{script:?} did not start: see `make setup-test`"));
        Self { child, folder, port }
    }

    /// Everything it received, in order; also what it received and did not acknowledge.
    pub fn received(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("journal")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of the journal")).collect()
    }

    /// How many messages it received: without reading them.
    pub fn count(&self) -> usize {
        let journal = fs::read(self.folder.path().join("journal")).unwrap_or_default();
        journal.iter().filter(|byte| **byte == b'\n').count()
    }

    /// How the next messages are answered: the control file of the script.
    pub fn control(&self, wanted: &Value) {
        let path = self.folder.path().join("control");
        fs::write(path.with_extension("next"), wanted.to_string()).expect("written");
        fs::rename(path.with_extension("next"), path).expect("renamed");
    }

    /// The relay treats the next `times` messages so: `hang`, `drop` or a code.
    pub fn fail_data(&self, how: &str, times: u32) {
        self.control(&json!({"data": how, "times": times}));
    }

    /// The target answers the next requests so, then with 200; the relay treats the next conversations so, then well.
    pub fn script(&self, steps: &[Value]) {
        self.control(&json!({"script": steps}));
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What Python's parsers make of a mail.
pub fn read_mail(raw: &[u8]) -> Value {
    read(raw, &[])
}

/// What Python's icalendar makes of a calendar.
pub fn read_calendar(text: &str) -> Value {
    read(text.as_bytes(), &["--calendar"])
}

fn read(bytes: &[u8], options: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/read_message.py");
    let mut child = Command::new(PYTHON)
        .arg(script)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs: see `make setup-test`");
    let mut input = child.stdin.take().expect("its standard input");
    let bytes = bytes.to_owned();
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("the writing thread").expect("it reads everything");
    assert!(output.status.success(), "the outside parser refuses it");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
