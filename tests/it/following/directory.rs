//! slapd as the directory: the second address of a certificate, and deltas that are nowhere else.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;

use super::*;
use crate::support::daemon::wait_for;
use crate::support::sinks::Identity;

/// A running slapd with one entry.
pub struct Directory {
    child: Child,
    folder: TempDir,
    port: u16,
    secure: u16,
}

const ENTRY: &str = "cn=AC TEST ORGANISATIONS,ou=AC RACINE TEST,o=TEST,c=FR";

impl Directory {
    fn start() -> Self {
        Self::start_with(None)
    }

    /// Over TLS too, with a certificate for `localhost`.
    pub fn start_with(identity: Option<&Identity>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let [port, secure] = [free(), free()].map(|free| free.local_addr().unwrap().port());
        let tls = identity.map_or_else(String::new, |identity| {
            let [own, key, ca] =
                ["cert.pem", "key.pem", "ca.pem"].map(|name| identity.file(name).display().to_string());
            format!("TLSCertificateFile {own}\nTLSCertificateKeyFile {key}\nTLSCACertificateFile {ca}\n")
        });
        let path = folder.path();
        fs::create_dir(path.join("data")).unwrap();
        let config = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\npidfile {0}/pid\n{tls}modulepath /usr/lib/ldap\n\
             moduleload back_mdb\nsizelimit 10\ndatabase mdb\nsuffix \"c=FR\"\nrootdn \"cn=admin,c=FR\"\nrootpw secret\ndirectory {0}/data\n",
            path.display()
        );
        fs::write(path.join("slapd.conf"), config).unwrap();
        let mut url = format!("ldap://127.0.0.1:{port}");
        if identity.is_some() {
            url.push_str(&format!(" ldaps://127.0.0.1:{secure}"));
        }
        let child = Command::new("/usr/sbin/slapd")
            .args(["-d", "0", "-h", &url, "-f"])
            .arg(path.join("slapd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd runs");
        wait_for("slapd", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        let directory = Self { child, folder, port, secure };
        directory.tell(
            "dn: c=FR\nchangetype: add\nobjectClass: country\nc: FR\n\ndn: o=TEST,c=FR\nchangetype: add\nobjectClass: organization\no: TEST\n\n\
             dn: ou=AC RACINE TEST,o=TEST,c=FR\nchangetype: add\nobjectClass: organizationalUnit\nou: AC RACINE TEST\n",
        );
        directory
    }

    fn tell(&self, ldif: &str) {
        let file: PathBuf = self.folder.path().join("change.ldif");
        fs::write(&file, ldif).unwrap();
        let url = format!("ldap://127.0.0.1:{}", self.port);
        let said = Command::new("ldapmodify")
            .args(["-x", "-H", &url, "-D", "cn=admin,c=FR", "-w", "secret", "-f"])
            .arg(&file)
            .output()
            .expect("ldapmodify runs");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }

    pub fn publish(&self, list: &[u8], delta: &[u8]) {
        let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        self.tell(&format!(
            "dn: {ENTRY}\nchangetype: add\nobjectClass: applicationProcess\nobjectClass: pkiCA\nobjectClass: deltaCRL\ncn: AC TEST ORGANISATIONS\n\
             certificateRevocationList;binary:: {}\ndeltaRevocationList;binary:: {}\n",
            encode(list),
            encode(delta)
        ));
    }

    fn url(&self, attribute: &str) -> String {
        Self::url_at(&format!("ldap://127.0.0.1:{}", self.port), attribute)
    }

    pub fn secure_url(&self, attribute: &str) -> String {
        Self::url_at(&format!("ldaps://localhost:{}", self.secure), attribute)
    }

    fn url_at(place: &str, attribute: &str) -> String {
        format!("{place}/{}?{attribute};binary?base?objectClass=pkiCA", ENTRY.replace(' ', "%20"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn the_second_address_and_the_delta_are_in_a_directory() {
    let estate = Estate::new();
    let directory = Directory::start();
    let delta = ListSpec::delta(6, 5).dated("2021-01-01", Some(UNTIL)).revoke(REVOKED, Some(1));
    directory.publish(&estate.ca.list(&ListSpec::new(5).dated(FROM, Some(UNTIL))), &estate.ca.list(&delta));
    // As IGC-Santé does: HTTP first, the directory for the same list, and the delta in the directory alone.
    let urls = (
        estate.server.url("/ca.crl"),
        directory.url("certificaterevocationlist"),
        directory.url("deltarevocationlist"),
    );
    for (name, serial) in [("good", GOOD), ("revoked", REVOKED)] {
        let spec = Spec::end_entity(name, serial).with(points(&[&urls.0, &urls.1])).with(freshest(&urls.2));
        estate.put(name, &spec);
    }
    estate.server.on("/ca.crl", Does::HangsUp);
    let daemon = estate.run();
    wait_for("both lists", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let list = followed(&daemon, "/ca.crl");
    assert_eq!((&list["number"], &list["failure"]), (&"5".into(), &Value::Null));
    assert!(list["taken_from"].as_str().unwrap().starts_with("ldap://"), "{list}");
    let taken = daemon
        .audit()
        .into_iter()
        .find(|event| event["action"] == "crl_taken" && event["object"].as_str().unwrap().ends_with("/ca.crl"));
    assert!(taken.unwrap()["reason"].as_str().unwrap().contains("before: http://"));

    // Unchanged, gone, and a directory that is down.
    assert_eq!(daemon.json(&["crl", "fetch"])["unchanged"], 3);
    directory.tell(&format!("dn: {ENTRY}\nchangetype: modify\ndelete: deltaRevocationList;binary\n"));
    assert_eq!(daemon.json(&["crl", "fetch"])["failed"][0][1], "directory");
    drop(directory);
    let failed = daemon.json(&["crl", "fetch"]);
    assert_eq!(failed["failed"].as_array().unwrap().len(), 2, "{failed}");
    assert_eq!(statuses(&daemon), words("good", "revoked"));
}
