//! Directories that misbehave: whatever they answer ends, within its bounds, in a list or in one line.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use vigie::clock::SystemClock;
use vigie::config::RevocationConfig;
use vigie::revocation::{Expected, Keeper, ListName, Setup, SystemResolver, Trust, Wanted};

use super::*;
use crate::support::made_pki::{integer, tlv};

const ENUMERATED: u8 = 0x0a;
const SET: u8 = 0x31;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;

fn text(text: &[u8]) -> Vec<u8> {
    tlv(4, &[text])
}

fn message(id: u64, operation: u8, parts: &[&[u8]]) -> Vec<u8> {
    seq(&[&integer(id), &tlv(operation, parts)])
}

fn entry(attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attributes = attributes.iter().map(|(name, values)| {
        let values: Vec<u8> = values.iter().flat_map(|value| text(value)).collect();
        seq(&[&text(name.as_bytes()), &tlv(SET, &[&values])])
    });
    message(1, ENTRY, &[&text(b"cn=AC"), &seq(&[&attributes.collect::<Vec<_>>().concat()])])
}

fn done(code: u8) -> Vec<u8> {
    message(1, DONE, &[&[ENUMERATED, 1, code], &text(b""), &text(b"nothing\nfor you")])
}

/// How a directory answers.
enum Answers {
    With(Vec<u8>),
    /// Then the same over and over.
    Endless(Vec<u8>, Vec<u8>),
    /// An octet now and then.
    Dripping(Vec<u8>),
}

fn directory(answers: Answers) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        let asked = stream.read(&mut [0; 4096]).unwrap();
        assert!(asked > 20, "a request came");
        // Who has heard enough hangs up.
        let mut send = |bytes: &[u8]| stream.write_all(bytes).is_ok();
        match answers {
            Answers::With(bytes) => drop(send(&bytes)),
            Answers::Endless(first, again) => {
                send(&first);
                while send(&again) {}
            }
            Answers::Dripping(bytes) => {
                for octet in bytes {
                    if !send(&[octet]) {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    });
    address
}

struct Asked {
    folder: TempDir,
    anchor: Arc<[u8]>,
}

impl Asked {
    /// What came of a list that is asked for there: its number of bytes, or why not.
    fn ask(&self, answers: Answers) -> Result<u64, (&'static str, String)> {
        let address = directory(answers);
        let (keeper, mut outcomes) =
            Keeper::start(self.folder.path(), SystemClock::shared(), Arc::new(SystemResolver)).unwrap();
        let config = RevocationConfig {
            hosts: vec!["127.0.0.1".to_owned()],
            networks: vec!["127.0.0.1".parse().unwrap()],
            timeout: Duration::from_secs(1),
            max_bytes: 1 << 20,
            ..RevocationConfig::default()
        };
        let trust = Trust { anchors: vec![Arc::clone(&self.anchor)], authorities: Vec::new() };
        let name = ListName::new("x").unwrap();
        let address = format!("ldap://{address}/cn=AC?certificateRevocationList;binary").into();
        let wanted = Wanted { name, addresses: vec![address], expected: Expected::default(), last: None, late: false };
        keeper.fetch(wanted, Arc::new(Setup { config, trust }));
        let failed = match outcomes.blocking_recv().expect("an outcome, whatever happens").result {
            Ok(had) => return Ok(had.new.expect("a list").held.bytes),
            Err(mut failed) => failed.remove(0),
        };
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(left.is_empty(), "nothing of it stays: {left:?}");
        Err((failed.reason, failed.message))
    }
}

#[test]
fn whatever_a_directory_answers_ends() {
    let authority = Authority::root(&Spec::authority("TEST AC", 1).valid(FROM, UNTIL));
    let asked = || Asked { folder: tempfile::tempdir().unwrap(), anchor: authority.der.clone().into() };
    let list = authority.list(&list(7));
    let bytes = list.len() as u64;
    let name = "certificateRevocationList;binary";
    let many: Vec<&[u8]> = [&b""[..]; 9_999].into_iter().chain([&list[..]]).collect();
    let reference = message(1, REFERENCE, &[&text(b"ldap://127.0.0.1:1/cn=AC")]);
    for (what, answer) in [
        ("as it should be", entry(&[(name, &[&list])])),
        ("by the name without the option", entry(&[("CERTIFICATEREVOCATIONLIST", &[&list])])),
        (
            "behind other attributes",
            entry(&[("cn", &[b"AC"]), ("certificateRevocationLists", &[b"x"]), (name, &[&list])]),
        ),
        ("behind 9 999 empty values", entry(&[(name, &many)])),
        ("before another list", entry(&[(name, &[&list, b"another"])])),
        ("behind a reference elsewhere", [reference.clone(), entry(&[(name, &[&list])])].concat()),
    ] {
        assert_eq!(asked().ask(Answers::With(answer)), Ok(bytes), "{what}");
    }

    let huge = |tag: u8| [&[tag, 0x84, 0x7f, 0xff, 0xff, 0xff][..]].concat();
    let referral =
        message(1, DONE, &[&[ENUMERATED, 1, 10], &text(b""), &text(b""), &tlv(0xa3, &[&text(b"ldap://127.0.0.1:1/")])]);
    let cut = entry(&[(name, &[&list])]);
    let large = vec![0x30; (1 << 20) + 600_000];
    for (what, answers, reason) in [
        ("no such entry", Answers::With(done(32)), "directory"),
        ("an entry without it", Answers::With([entry(&[("cn", &[b"AC"])]), done(0)].concat()), "directory"),
        ("no value at all", Answers::With([entry(&[(name, &[])]), done(0)].concat()), "directory"),
        ("elsewhere", Answers::With(referral), "directory"),
        ("references for ever", Answers::Endless(Vec::new(), reference.repeat(1000)), "too_large"),
        (
            "a notice of disconnection",
            Answers::With(message(0, EXTENDED, &[&[ENUMERATED, 1, 52], &text(b""), &text(b"")])),
            "directory",
        ),
        (
            "an answer to something else",
            Answers::With(message(2, DONE, &[&[ENUMERATED, 1, 0], &text(b""), &text(b"")])),
            "directory",
        ),
        ("a page", Answers::With(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>".to_vec()), "directory"),
        ("an entry of other types", Answers::With(message(1, ENTRY, &[&integer(1), &integer(2)])), "directory"),
        (
            "a value that is longer than its attribute",
            Answers::With(entry(&[("x", &[b"y"])]).iter().rev().copied().collect()),
            "directory",
        ),
        ("an indefinite length", Answers::With(vec![0x30, 0x80, 2, 1, 1]), "directory"),
        (
            "a message that never ends",
            Answers::Endless(
                [huge(0x30), integer(1), vec![ENTRY, 0x84, 0x7f, 0xff, 0, 0], vec![4, 0x84, 0x7f, 0, 0, 0]].concat(),
                vec![0; 65_536],
            ),
            "too_large",
        ),
        (
            "attributes for ever",
            Answers::Endless(
                [
                    huge(0x30),
                    integer(1),
                    vec![ENTRY, 0x84, 0x7f, 0xff, 0, 0],
                    text(b""),
                    vec![0x30, 0x84, 0x7f, 0, 0, 0],
                ]
                .concat(),
                seq(&[&text(b"a"), &tlv(SET, &[])]).repeat(1000),
            ),
            "too_large",
        ),
        ("a value over the bound", Answers::With(entry(&[(name, &[&large])])), "too_large"),
        ("a page as the value", Answers::With(entry(&[(name, &[b"<html>"])])), "not_a_crl"),
        ("cut short", Answers::With(cut[..cut.len() / 2].to_vec()), "unreachable"),
        ("nothing", Answers::With(Vec::new()), "unreachable"),
        ("an octet now and then", Answers::Dripping(cut), "timeout"),
    ] {
        let (said, message) = asked().ask(answers).expect_err(what);
        assert_eq!(said, reason, "{what}: {message}");
        assert!(!message.contains('\n'), "{what}: {message:?}");
    }
}
