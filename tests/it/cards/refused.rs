//! pcscd behind polkit. Debian 12 builds it without, so what it does to a client it refuses is done here by a socket of ours, in the two
//! ways there are: closing the connection, and saying that access is denied.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::{cards, wait_for_reader, watching_at};
use crate::support::daemon::{Daemon, wait_for};
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::TestCard;

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

/// Between the client and a pcscd that lets everybody list readers: as long as `refused` says so, cards are kept from everybody, which
/// is what polkit does without the action `access_card`. Messages of the client are a header of two words, length and command, and a
/// body, whose last word comes back as the outcome.
fn refusing_cards(socket: &Path, pcscd: &Path, refused: &Arc<AtomicBool>) {
    const CONNECT: u32 = 4;
    fn relay(mut client: UnixStream, mut server: UnixStream, refused: &AtomicBool) -> std::io::Result<()> {
        loop {
            let mut header = [0; 8];
            client.read_exact(&mut header)?;
            let word = |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
            let mut body = vec![0; usize::try_from(word(0)).expect("a length")];
            client.read_exact(&mut body)?;
            if word(4) != CONNECT {
                server.write_all(&[&header[..], &body].concat())?;
            } else if refused.load(Ordering::Relaxed) {
                let outcome = body.len() - 4;
                body[outcome..].copy_from_slice(&ACCESS_DENIED.to_ne_bytes());
                client.write_all(&body)?;
            } else {
                server.write_all(&[&header[..], &body].concat())?;
                // Once a card is open, what follows is not all in this form.
                return std::io::copy(&mut client, &mut server).map(drop);
            }
        }
    }
    let listener = UnixListener::bind(socket).expect("a socket");
    let (pcscd, refused) = (pcscd.to_owned(), Arc::clone(refused));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = UnixStream::connect(&pcscd) else { continue };
            let (mut answers, mut heard) =
                (server.try_clone().expect("the stream again"), client.try_clone().expect("the stream again"));
            std::thread::spawn(move || {
                std::io::copy(&mut answers, &mut heard).ok();
                heard.shutdown(Shutdown::Both).ok();
            });
            let refused = Arc::clone(&refused);
            std::thread::spawn(move || {
                let end = server.try_clone().expect("the stream again");
                relay(client, server, &refused).ok();
                end.shutdown(Shutdown::Both).ok();
            });
        }
    });
}

/// polkit may let the service list readers and keep the cards from it. The doctor says so and names the rule; once the rule is there the
/// card is read by itself.
#[test]
fn cards_that_polkit_keeps_from_us_are_read_once_it_does_not() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, refused) = (folder.path().join("polkit.comm"), Arc::new(AtomicBool::new(true)));
    refusing_cards(&socket, &pcscd.socket(), &refused);
    let daemon = watching_at(folder.path(), &socket, "", &[]);
    wait_for_reader(&daemon, "A 00 00", "empty");
    let card = TestCard::cpe();
    let _in = card.insert(&pcscd, 0);
    let reader = wait_for_reader(&daemon, "A 00 00", "unreadable");
    assert_eq!(reader["problem"]["reason"], "pcscd_refused");
    let doctor = daemon.json(&["doctor"]);
    let lines = doctor["checks"].as_array().expect("checks");
    let line = lines.iter().find(|line| line["check"] == "reader").expect("a line about the reader");
    let text = |key: &str| line[key].as_str().expect("a text");
    assert!(line["level"] == "warn" && text("message").starts_with("A 00 00: ") && text("message").contains("polkit"));
    assert!(text("cure").contains("systemd/vigie.polkit.rules") && text("cure").contains("access_card"), "{line}");
    assert_eq!(card.apdus().len(), 0);
    refused.store(false, Ordering::Relaxed);
    wait_for_reader(&daemon, "A 00 00", "read");
    card.assert_untouched(false);
}

/// A mute card is a line of its own, with what to do.
#[test]
fn the_doctor_tells_readers_that_give_nothing() {
    let pcscd = Pcscd::start(2);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching_at(folder.path(), &pcscd.socket(), "", &[]);
    let _mute = TestCard::cpe().with(|faults| faults.mute_at = Some(4)).insert(&pcscd, 1);
    wait_for_reader(&daemon, "A 00 01", "mute");
    let doctor = daemon.json(&["doctor", "--lang", "en"]);
    let lines = doctor["checks"].as_array().expect("checks").iter().filter(|line| line["check"] == "reader");
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), 1, "the other one is empty: {doctor}");
    assert_eq!(lines[0]["message"], "A 00 01: the card does not answer (card_mute)");
    assert!(lines[0]["cure"].as_str().is_some_and(|cure| cure.contains("take the card out")), "{doctor}");
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
    let pcscd = Pcscd::start(1);
    let doctor = pcscd.vigie(&["doctor", "--json", "--config", "/nonexistent", "--socket", "/nonexistent"]).json();
    let lines = doctor["checks"].as_array().expect("checks");
    let line = lines.iter().find(|line| line["check"] == "pcscd").expect("a line about pcscd");
    let message = line["message"].as_str().expect("a text");
    assert!(line["level"] == "ok" && message.contains("le service ne répond pas"), "{line}");
}
