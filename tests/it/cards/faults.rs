//! Trouble: cards torn out, mute, slow, lying, swapped; readers held by others; pcscd absent, killed, stopped, back.
//! In every journal: no VERIFY with data, no reset, no try burnt. After every fault: the card is read, the last state was kept.

use std::fs;
use std::time::Duration;

use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
use rustix::process::Signal;
use serde_json::{Value, json};
use vigie::cli::demo::virtual_card::Model;

use super::{cards, wait_for_card, wait_for_reader, watching};
use crate::support::daemon::{Daemon, wait_for};
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::{Person, TestCard};

const NUMBER: &str = "2600301752";
const READER: &str = "A 00 00";

fn present(daemon: &Daemon) -> Value {
    wait_for_card(daemon, NUMBER, |card| card["present"] == true)
}

fn gone(daemon: &Daemon) -> Value {
    wait_for_card(daemon, NUMBER, |card| card["present"] == false)
}

/// Torn out at several APDUs from the first to the last, once waiting for the reader to be seen empty, once not.
#[test]
fn a_card_torn_out_anywhere_is_read_when_it_comes_back() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let card = TestCard::cpe();
    for (at, waits) in [(0, true), (1, false), (7, true), (20, false)] {
        card.clone().with(|faults| faults.tear_at = Some(at));
        let torn = card.insert(&pcscd, 0);
        wait_for("the tear", || torn.is_over().then_some(()));
        card.clone().with(|faults| faults.tear_at = None);
        if waits {
            wait_for_reader(&daemon, READER, "empty");
        }
        drop(torn);
        let whole = card.insert(&pcscd, 0);
        let there = present(&daemon);
        assert_eq!((&there["problems"], there["certificates"].as_array().map(Vec::len)), (&json!([]), Some(2)));
        whole.remove();
        wait_for_reader(&daemon, READER, "empty");
        assert_eq!(gone(&daemon)["certificates"].as_array().map(Vec::len), Some(2), "the last state is kept");
    }
    card.assert_untouched(false);
}

/// A mute card blocks its own reader and nothing else: the other reader, scans, the doors, the end of the daemon.
#[test]
fn a_mute_card_holds_up_nobody_else() {
    let pcscd = Pcscd::start(2);
    let folder = tempfile::tempdir().expect("a folder");
    let swept = folder.path().join("swept");
    fs::create_dir(&swept).expect("a folder");
    let declared = "[[source]]\nkind = \"file\"\nname = \"files\"\npaths = [\"swept\"]\n";
    let daemon = watching(folder.path(), &pcscd, declared);
    let mute = TestCard::cpe().with(|faults| faults.mute_at = Some(3));
    let stuck = mute.insert(&pcscd, 0);
    wait_for_reader(&daemon, READER, "mute");
    let other = Person { number: "2600301799".to_owned(), register: "000000002".to_owned(), ..Person::default() };
    let other = TestCard::new(Model::Cps3, &other.contents("11111111"));
    let _in = other.insert(&pcscd, 1);
    wait_for_card(&daemon, "2600301799", |card| card["present"] == true);
    // The scan ends although the card never does.
    let scan = daemon.vigie(&["scan", "--now", "--json"]);
    assert_eq!(scan.code, 0, "{}", scan.out);
    let sources = daemon.get("/api/v1/sources", "").json();
    let readers =
        sources["items"].as_array().expect("a list").iter().find(|source| source["name"] == "readers").cloned();
    assert_eq!(readers.expect("the readers")["errors"][0]["reason"], "card_mute");
    // Taken out and put back in order, it is read.
    stuck.remove();
    wait_for_reader(&daemon, READER, "empty");
    let whole = mute.insert(&pcscd, 0);
    present(&daemon);
    whole.remove();
    // Mute again when the daemon is told to end.
    let _stuck = mute.clone().with(|faults| faults.mute_at = Some(5)).insert(&pcscd, 0);
    wait_for_reader(&daemon, READER, "mute");
    let (status, log) = daemon.stop();
    assert!(status.success() && log.contains("stopped"), "{log}");
    mute.assert_untouched(false);
    other.assert_untouched(false);
}

/// Garbage, an answer far too long, a truncated certificate, a slow card.
#[test]
fn lying_cards_are_reported_and_slow_ones_read() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let card = TestCard::cpe();
    for answer in [vec![0xff; 300], vec![0xa5; 60_000], vec![0x6f, 0x00]] {
        let lying = card.clone().with(|faults| faults.instead = Some((1, answer.clone()))).insert(&pcscd, 0);
        wait_for_reader(&daemon, READER, "unreadable");
        lying.remove();
        wait_for_reader(&daemon, READER, "empty");
    }
    // What begins like an ATR and is none of anybody's, and what is no ATR at all: left alone, and the reader works on.
    card.clone().with(|faults| faults.instead = None);
    let heard = card.apdus().len();
    for atr in [&b"\x3b\x04\xde\xad\xbe\xef"[..], &[0xff; 33]] {
        let odd = card.clone().with(|faults| faults.atr = Some(atr.to_vec())).insert(&pcscd, 0);
        wait_for_reader(&daemon, READER, "other");
        odd.remove();
        wait_for_reader(&daemon, READER, "empty");
    }
    assert_eq!(card.apdus().len(), heard, "nothing was sent to them");
    card.clone().with(|faults| {
        faults.atr = None;
        faults.delay = Duration::from_millis(30);
    });
    card.state().card.tree().0.get_mut(&vec![0x0001, 0xb002]).expect("a certificate").data.truncate(300);
    let slow = card.insert(&pcscd, 0);
    let there = present(&daemon);
    assert_eq!(there["certificates"].as_array().map(Vec::len), Some(1));
    assert_eq!(there["problems"][0]["reason"], "card_malformed");
    slow.remove();
    card.assert_untouched(false);
}

/// Another card, then another card with the same number, put in between two looks of pcscd.
#[test]
fn a_swap_between_two_looks_is_seen() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let card = TestCard::cpe();
    let inserted = card.insert(&pcscd, 0);
    present(&daemon);
    let other = Person { number: "2600301799".to_owned(), register: "000000002".to_owned(), ..Person::default() };
    let other = TestCard::new(Model::Cps3, &other.contents("11111111"));
    inserted.remove();
    let swapped = other.insert(&pcscd, 0);
    wait_for_card(&daemon, "2600301799", |card| card["present"] == true);
    gone(&daemon);
    swapped.remove();
    let twin = TestCard::new(Model::Cps3, &Person::default().contents("22222222"));
    let _in = twin.insert(&pcscd, 0);
    let there = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!(there["chip_serial"], "22222222");
    [card, other, twin].iter().for_each(|card| card.assert_untouched(false));
}

/// pcscd comes late, is killed, is stopped, stands still, and comes back each time.
#[test]
fn pcscd_may_go_and_come_back() {
    let mut pcscd = Pcscd::start(1);
    pcscd.stop(Signal::TERM);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let service = |wanted: &str| {
        wait_for(&format!("pcscd to be {wanted}"), || (cards(&daemon)["readers"]["service"] == wanted).then_some(()));
    };
    service("not_reachable");
    let finding = || {
        let findings = daemon.json(&["findings"]);
        findings["items"].as_array().expect("a list").iter().any(|item| item["subject"] == "source:readers")
    };
    wait_for("the finding", || finding().then_some(()));
    let card = TestCard::cpe();
    let mut known = Value::Null;
    for signal in [Signal::KILL, Signal::TERM] {
        pcscd.run();
        service("reached");
        wait_for_reader(&daemon, READER, "empty");
        let _in = card.insert(&pcscd, 0);
        wait_for_reader(&daemon, READER, "read");
        known = present(&daemon);
        wait_for("the finding to close", || (!finding()).then_some(()));
        // Frozen for a moment: nothing is lost, nothing is read again.
        let before = card.apdus().len();
        pcscd.signal(Signal::STOP);
        pcscd.signal(Signal::CONT);
        assert_eq!(present(&daemon)["chip_serial"], "99213845");
        assert_eq!(card.apdus().len(), before);
        pcscd.stop(signal);
        service("not_reachable");
        let lost = gone(&daemon);
        assert_eq!(lost["certificates"], known["certificates"], "the last state is kept");
        assert!(lost["not_seen_since"].is_string(), "{lost}");
    }
    let warnings = daemon.stop().1.matches("smart cards: ").count();
    assert!(warnings <= 4, "told once each time, not in a loop: {warnings}");
    assert_ne!(known, Value::Null);
    card.assert_untouched(false);
}

/// Another program has the card, for itself or in a transaction: it is waited for, and read when it is free.
#[test]
fn a_card_in_use_is_read_later() {
    let pcscd = Pcscd::start(1);
    let card = TestCard::cpe();
    let _in = card.insert(&pcscd, 0);
    // The other program is a process of its own: the socket of pcscd is named by the environment.
    let holder = std::env::current_exe().expect("this program");
    for mode in ["exclusive", "transaction"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut other = pcscd
            .command(holder.to_str().expect("a plain path"))
            .args(["cards::faults::hold_a_card", "--exact", "--ignored", "--nocapture"])
            .env("VIGIE_TEST_HOLD", mode)
            .env("VIGIE_TEST_HELD", folder.path().join("held"))
            .spawn()
            .expect("it runs");
        wait_for("the other program", || folder.path().join("held").exists().then_some(()));
        let daemon = watching(folder.path(), &pcscd, "");
        wait_for_reader(&daemon, READER, "in_use");
        other.kill().expect("ended");
        other.wait().expect("ended");
        present(&daemon);
    }
    let resets =
        card.state().journal.iter().filter(|heard| **heard == vigie::cli::demo::virtual_card::Heard::Reset).count();
    assert!(resets <= 2, "those of pcscd, for the programs that were killed: {resets}");
}

/// Not a test: the other program of the test above.
#[test]
#[ignore = "run by a_card_in_use_is_read_later as a program of its own"]
#[expect(clippy::disallowed_methods, reason = "told by its environment which way to hold the card")]
fn hold_a_card() {
    let (Ok(mode), Ok(held)) = (std::env::var("VIGIE_TEST_HOLD"), std::env::var("VIGIE_TEST_HELD")) else { return };
    let context = Context::establish(Scope::System).expect("pcscd");
    let share = if mode == "exclusive" { ShareMode::Exclusive } else { ShareMode::Shared };
    let mut card = wait_for("the card", || context.connect(c"A 00 00", share, Protocols::ANY).ok());
    let transaction = (mode == "transaction").then(|| card.transaction().expect("a transaction"));
    fs::write(held, "").expect("told");
    std::thread::sleep(Duration::from_secs(120));
    if let Some(transaction) = transaction {
        transaction.end(Disposition::LeaveCard).ok();
    }
}
