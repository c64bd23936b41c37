//! pcscd behind polkit. Debian 12 builds it without, so what it does to a client it refuses is done here by a socket of ours, in the two
//! ways there are: closing the connection, and saying that access is denied.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use serde_json::Value;

use super::{cards, watching_at};
use crate::support::daemon::{Daemon, wait_for};

/// `SCARD_W_SECURITY_VIOLATION`.
const ACCESS_DENIED: u32 = 0x8010_006a;

/// Takes every client the same way, for as long as the test lives.
fn refusing(socket: &Path, answer: fn(UnixStream) -> std::io::Result<()>) {
    let listener = UnixListener::bind(socket).expect("a socket");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that goes away is as good as one that was refused.
            std::thread::spawn(move || answer(client).ok());
        }
    });
}

/// What pcsc-lite 1.9 to 2.3 does: the client is looked at before it is heard.
fn hang_up(_client: UnixStream) -> std::io::Result<()> {
    Ok(())
}

/// Each message is a header of two words, length and command, and a body, sent back with its last word as the outcome: the version of
/// the protocol is agreed on, the context denied.
fn deny(mut client: UnixStream) -> std::io::Result<()> {
    for outcome in [0, ACCESS_DENIED] {
        let (mut header, mut body) = ([0; 8], [0; 12]);
        client.read_exact(&mut header)?;
        client.read_exact(&mut body)?;
        body[8..].copy_from_slice(&outcome.to_ne_bytes());
        client.write_all(&body)?;
    }
    Ok(())
}

fn line(daemon: &Daemon) -> Value {
    let doctor = daemon.json(&["doctor"]);
    let lines = doctor["checks"].as_array().expect("checks");
    lines.iter().find(|line| line["check"] == "pcscd").cloned().expect("a line about pcscd")
}

/// The doctor says what the service sees, which is not what whoever asks would see, and names the rule.
#[test]
fn the_doctor_names_the_polkit_rule() {
    for answer in [hang_up as fn(UnixStream) -> std::io::Result<()>, deny] {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("pcscd.comm");
        refusing(&socket, answer);
        let daemon = watching_at(folder.path(), &socket, "", &[]);
        let problem = wait_for("the refusal", || {
            let readers = cards(&daemon)["readers"].clone();
            (readers["service"] == "not_reachable").then(|| readers["problem"].clone())
        });
        assert_eq!(problem["reason"], "pcscd_refused");
        let line = line(&daemon);
        assert_eq!(line["level"], "warn");
        let text = |key: &str| line[key].as_str().expect("a text").to_owned();
        assert!(text("message").contains("vu par le service") && text("message").contains("polkit"), "{line}");
        assert!(text("cure").contains("systemd/vigie.polkit.rules"), "{line}");
        // In words, on the page and in the finding.
        let page = daemon.get("/", "Accept: text/html\r\n").body;
        assert!(page.contains("pcscd refuse ce compte"), "{page}");
        let finding = wait_for("the finding", || {
            let findings = daemon.json(&["findings"]);
            findings["items"].as_array()?.iter().find(|item| item["subject"] == "source:readers").cloned()
        });
        assert!(finding["text"].as_str().is_some_and(|text| text.contains("pcscd refuse ce compte")), "{finding}");
    }
}

/// Without a service, what the asker sees, and that it is the asker's.
#[test]
fn without_a_service_the_doctor_says_whose_eyes_it_uses() {
    let pcscd = crate::support::pcscd::Pcscd::start(1);
    let doctor = pcscd.vigie(&["doctor", "--json", "--config", "/nonexistent", "--socket", "/nonexistent"]).json();
    let lines = doctor["checks"].as_array().expect("checks");
    let line = lines.iter().find(|line| line["check"] == "pcscd").expect("a line about pcscd");
    let message = line["message"].as_str().expect("a text");
    assert!(line["level"] == "ok" && message.contains("le service ne répond pas"), "{line}");
}
