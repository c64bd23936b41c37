//! A running daemon and the lists it follows: servers that misbehave, directories, and addresses nobody should ask.

mod astray;
mod bounds;
mod directory;
mod doors;
mod faults;
mod forget;
mod hostile;
mod hostile_directory;
mod keys;
mod mirror;
mod turns;
mod ways;

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::crl_server::{CrlServer, Does};
use crate::support::daemon::{Daemon, VIGIE};
use crate::support::made_pki::{Authority, ListSpec, PLAIN, Spec, crl_points, extension, full, point, seq, uri};

/// Long enough for any clock these tests run under.
const FROM: &str = "2020-01-01";
const UNTIL: &str = "2089-01-01";

/// Serial numbers: the certificate nobody revokes, and the one the lists name.
const GOOD: u64 = 0x1001;
const REVOKED: u64 = 0x1002;

/// Authorities shaped like IGC-Santé's: a root that is trusted, an intermediate one, and certificates below it.
struct Estate {
    folder: TempDir,
    server: CrlServer,
    root: Authority,
    ca: Authority,
}

fn points(urls: &[&str]) -> Vec<u8> {
    let points: Vec<Vec<u8>> = urls.iter().map(|url| point(&[&full(&[&uri(url)])])).collect();
    crl_points(&points.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// freshestCRL.
fn freshest(url: &str) -> Vec<u8> {
    extension(46, PLAIN, &seq(&[&point(&[&full(&[&uri(url)])])]))
}

fn list(number: u64) -> ListSpec {
    ListSpec::new(number).dated(FROM, Some(UNTIL)).revoke(REVOKED, Some(1))
}

impl Estate {
    /// The list of the root is served, that of the intermediate authority is what `/ca.crl` does.
    fn new() -> Self {
        let server = CrlServer::start();
        let root = Authority::root(&Spec::authority("TEST AC RACINE", 1).valid(FROM, UNTIL));
        let ca =
            Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL).with(points(&[&server.url("/root.crl")]));
        let ca = root.below(&ca);
        let folder = tempfile::tempdir().unwrap();
        for name in ["state", "anchors", "inbox"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("anchors/root.cer"), &root.der).unwrap();
        fs::write(folder.path().join("inbox/ca.cer"), &ca.der).unwrap();
        server.on("/root.crl", Does::serve(&root.list(&ListSpec::new(1).dated(FROM, Some(UNTIL)))));
        let estate = Self { folder, server, root, ca };
        estate.configure("");
        estate
    }

    /// The two certificates, with these distribution points.
    fn install(&self, urls: &[&str]) {
        for (name, serial) in [("good", GOOD), ("revoked", REVOKED)] {
            self.put(name, &Spec::end_entity(name, serial).with(points(urls)));
        }
    }

    fn put(&self, name: &str, spec: &Spec) {
        let der = self.ca.issue(&spec.clone().valid(FROM, UNTIL));
        fs::write(self.path().join(format!("inbox/{name}.cer")), der).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn configure(&self, more: &str) {
        let head = "node = \"following\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
            [trust]\nanchors = [\"anchors\"]\n[[source]]\nkind = \"file\"\nname = \"inbox\"\npaths = [\"inbox\"]\n[revocation]\n";
        let usual = "hosts = [\"127.0.0.1\", \"localhost\"]\nnetworks = [\"127.0.0.0/8\", \"::1\"]\ntimeout = \"2s\"\nspread = \"0s\"\n\
            max_bytes = \"16 MiB\"\n";
        let settings = if more.contains("hosts =") { String::new() } else { usual.to_owned() };
        fs::write(self.path().join("vigie.toml"), format!("{head}{settings}{more}\n")).unwrap();
    }

    fn run(&self) -> Daemon {
        Daemon::run(self.path())
    }

    /// The JSON of a command, without a daemon.
    fn vigie(&self, arguments: &[&str]) -> Value {
        let said = std::process::Command::new(VIGIE)
            .arg("--config")
            .arg(self.path().join("vigie.toml"))
            .args(arguments)
            .output()
            .expect("vigie runs");
        serde_json::from_slice(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }
}

/// `good`, `revoked` or `unknown` for a certificate of the inbox.
fn status(daemon: &Daemon, name: &str) -> String {
    entry(daemon, name)["revocation"].as_str().unwrap_or("-").to_owned()
}

fn entry(daemon: &Daemon, name: &str) -> Value {
    let listed = daemon.json(&["list", "--all"]);
    let place = format!("/inbox/{name}.cer");
    let is_it = |item: &&Value| item["locations"][0]["location"].as_str().is_some_and(|at| at.ends_with(&place));
    listed["items"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{place} is not listed")).clone()
}

/// Both certificates, in one word each.
fn statuses(daemon: &Daemon) -> (String, String) {
    (status(daemon, "good"), status(daemon, "revoked"))
}

fn words(good: &str, revoked: &str) -> (String, String) {
    (good.to_owned(), revoked.to_owned())
}

/// The followed list whose address ends so.
fn followed(daemon: &Daemon, ending: &str) -> Value {
    let lists = daemon.json(&["crl", "list"]);
    let is_it = |item: &&Value| item["label"].as_str().is_some_and(|label| label.ends_with(ending));
    lists["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("{ending} is not followed: {lists}"))
        .clone()
}

/// Events of this action since `seq`.
fn events(daemon: &Daemon, seq: i64, action: &str) -> Vec<Value> {
    daemon.audit().into_iter().filter(|event| event["seq"].as_i64() > Some(seq) && event["action"] == action).collect()
}
