//! Trouble: cards torn out, mute, slow, lying, swapped; readers held by others; pcscd absent, killed, stopped, back.
//! In every journal: no VERIFY with data, no reset, no try burnt. After every fault: the card is read, the last state was kept.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
use rustix::process::Signal;
use serde_json::{Value, json};
use vigie::cli::demo::virtual_card::Model;

use super::many::{READERS, eight, name, states};
use super::{cards, wait_for_card, wait_for_reader, watching};
use crate::support::daemon::{Daemon, wait_at_most, wait_for};
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

/// Torn out at every APDU from the first to the last, on eight readers at once; every other card comes back before its reader was seen
/// empty, within one look of pcscd.
#[test]
fn a_card_torn_out_anywhere_is_read_when_it_comes_back() {
    let pcscd = Pcscd::start(READERS);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    wait_for_reader(&daemon, "D 00 01", "empty");
    let cards = eight(&pcscd);
    let whole = |number: usize| {
        let inserted: Vec<_> = cards.iter().enumerate().map(|(reader, card)| card.insert(&pcscd, reader)).collect();
        let is_whole = |card: &&Value| {
            card["present"] == true
                && card["problems"] == json!([])
                && card["certificates"].as_array().map(Vec::len) == Some(2)
        };
        let count = |is_so: &dyn Fn(&&Value) -> bool| {
            super::cards(&daemon)["items"].as_array().expect("a list").iter().filter(is_so).count()
        };
        wait_at_most(30, &format!("every card to be read in round {number}"), || {
            (count(&is_whole) == READERS).then_some(())
        });
        drop(inserted);
        wait_for("every reader to be empty", || (states(&daemon, "empty") == READERS).then_some(()));
        let is_kept =
            |card: &&Value| card["present"] == false && card["certificates"].as_array().map(Vec::len) == Some(2);
        wait_for("the last state to be kept", || (count(&is_kept) == READERS).then_some(()));
    };
    whole(0);
    let lengths: Vec<usize> = cards.iter().map(|card| card.apdus().len()).collect();
    let longest = lengths.iter().copied().max().expect("cards");
    assert!((20..=40).contains(&longest), "{lengths:?}");
    // Card and position move against each other, so that every model is torn all along.
    for round in 0..longest.div_ceil(READERS) {
        let torn: Vec<_> = cards
            .iter()
            .enumerate()
            .filter_map(|(reader, card)| {
                let at = round * READERS + (reader + round) % READERS;
                (at < lengths[reader]).then(|| {
                    card.clone().with(|faults| faults.tear_at = Some(at));
                    (reader, card.insert(&pcscd, reader))
                })
            })
            .collect();
        for (reader, card) in torn {
            wait_for("the tear", || card.is_over().then_some(()));
            drop(card);
            cards[reader].clone().with(|faults| faults.tear_at = None);
            if reader % 2 == 0 {
                wait_for_reader(&daemon, &name(reader), "empty");
            }
        }
        whole(round);
    }
    cards.iter().for_each(|card| card.assert_untouched(false));
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
    // Scans end although the card never does, and no later for it.
    let with_mute = usual_scan(&daemon);
    let sources = daemon.get("/api/v1/sources", "").json();
    let readers =
        sources["items"].as_array().expect("a list").iter().find(|source| source["name"] == "readers").cloned();
    assert_eq!(readers.expect("the readers")["errors"][0]["reason"], "card_mute");
    // Taken out and put back in order, it is read.
    stuck.remove();
    wait_for_reader(&daemon, READER, "empty");
    let without = usual_scan(&daemon);
    assert!(with_mute < without + Duration::from_millis(100), "{with_mute:?} against {without:?}");
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

/// The median of several scans.
#[expect(clippy::disallowed_methods, reason = "how long a scan takes is what is compared")]
fn usual_scan(daemon: &Daemon) -> Duration {
    let mut took: Vec<Duration> = (0..9)
        .map(|_| {
            let begun = std::time::Instant::now();
            let scan = daemon.vigie(&["scan", "--now", "--json"]);
            assert_eq!(scan.code, 0, "{}", scan.out);
            begun.elapsed()
        })
        .collect();
    took.sort();
    took[took.len() / 2]
}

/// A card that falls silent after another program let it go is told in its own time, not with the next thing that moves.
#[test]
fn a_card_that_is_mute_after_it_was_in_use_is_told_in_time() {
    let pcscd = Pcscd::start(1);
    let card = TestCard::cpe().with(|faults| faults.mute_at = Some(2));
    let _in = card.insert(&pcscd, 0);
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = holder(&pcscd, "transaction", &folder.path().join("held"));
    let daemon = watching(folder.path(), &pcscd, "");
    wait_for_reader(&daemon, READER, "in_use");
    other.kill().expect("ended");
    other.wait().expect("ended");
    let is_mute = || (cards(&daemon)["readers"]["readers"][0]["state"] == "mute").then_some(());
    wait_at_most(10, "the mute card to be told", is_mute);
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
    wait_for_reader(&daemon, READER, "empty");
    // Read whole, then in part again: what was read stays, and that it was not read this time is told at every door.
    let whole = TestCard::cpe();
    let inserted = whole.insert(&pcscd, 0);
    let whole_card =
        |card: &Value| card["problems"] == json!([]) && card["certificates"].as_array().map(Vec::len) == Some(2);
    wait_for_card(&daemon, NUMBER, whole_card);
    inserted.remove();
    wait_for_reader(&daemon, READER, "empty");
    whole.state().card.tree().0.get_mut(&vec![0x0001, 0xb002]).expect("a certificate").data.truncate(300);
    let _in = whole.insert(&pcscd, 0);
    let part = wait_for_card(&daemon, NUMBER, |card| card["present"] == true && card["problems"] != json!([]));
    let reasons: Vec<_> =
        part["problems"].as_array().expect("a list").iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(reasons, ["card_malformed", "card_read_in_part"]);
    assert_eq!(part["certificates"].as_array().map(Vec::len), Some(2));
    let (page, list) = (daemon.get("/", "Accept: text/html\r\n").body, daemon.vigie(&["card", "list"]).out);
    assert!(page.contains("lecture partielle") && list.contains("lecture partielle"), "{list}");
    card.assert_untouched(false);
    whole.assert_untouched(false);
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
    card.wait_until_off();
    inserted.remove();
    let swapped = other.insert(&pcscd, 0);
    wait_for_card(&daemon, "2600301799", |card| card["present"] == true);
    gone(&daemon);
    other.wait_until_off();
    swapped.remove();
    let twin = TestCard::new(Model::Cps3, &Person::default().contents("22222222"));
    let swapped = twin.insert(&pcscd, 0);
    let there = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!(there["chip_serial"], "22222222");
    // The very serial number of the chip, with another card's contents: seen, told, and not taken for the card that is known.
    twin.wait_until_off();
    swapped.remove();
    let third = Person { number: "2600301788".to_owned(), register: "000000003".to_owned(), ..Person::default() };
    let clone = TestCard::new(Model::Cps3, &third.contents("22222222"));
    let _in = clone.insert(&pcscd, 0);
    let told = wait_for_card(&daemon, NUMBER, |card| card["problems"][0]["reason"] == "chip_twice");
    assert_eq!((&told["chip_serial"], &told["present"]), (&json!("22222222"), &json!(false)));
    assert_eq!(told["end"], there["end"]);
    [card, other, twin, clone].iter().for_each(|card| card.assert_untouched(false));
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
        // From its return to a card that is read again, thirty seconds at most.
        let back = || cards(&daemon)["readers"]["readers"][0]["state"].as_str().map(str::to_owned);
        wait_at_most(15, "pcscd to be found again", || (back()? == "empty").then_some(()));
        let _in = card.insert(&pcscd, 0);
        wait_at_most(15, "the card to be read again", || (back()? == "read").then_some(()));
        known = present(&daemon);
        wait_for("the finding to close", || (!finding()).then_some(()));
        // Frozen for longer than a card may take: nothing is lost, nothing is read again.
        let before = card.apdus().len();
        pcscd.signal(Signal::STOP);
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(present(&daemon)["chip_serial"], "99213845");
        pcscd.signal(Signal::CONT);
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
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

/// pcscd stands still, for longer than a card may take to answer, while one card is read and another is put in. It comes back: both are
/// there within thirty seconds.
#[test]
fn a_pcscd_that_stood_still_loses_nothing() {
    let pcscd = Pcscd::start(2);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    wait_for_reader(&daemon, "A 00 01", "empty");
    let slow = TestCard::cpe().with(|faults| faults.delay = Duration::from_millis(60));
    let other = Person { number: "2600301799".to_owned(), register: "000000002".to_owned(), ..Person::default() };
    let other = TestCard::new(Model::Cps3, &other.contents("11111111"));
    let _slow = slow.insert(&pcscd, 0);
    wait_for("the reading to be under way", || (slow.apdus().len() > 3).then_some(()));
    pcscd.signal(Signal::STOP);
    let _other = other.insert(&pcscd, 1);
    // An answer is late, and that is told while nothing moves.
    wait_for_reader(&daemon, READER, "mute");
    pcscd.signal(Signal::CONT);
    wait_at_most(30, "both cards to be read", || {
        let readers = cards(&daemon)["readers"]["readers"].as_array()?.clone();
        (readers.len() == 2 && readers.iter().all(|reader| reader["state"] == "read")).then_some(())
    });
    assert_eq!(present(&daemon)["problems"], json!([]));
    slow.assert_untouched(false);
    other.assert_untouched(false);
}

/// A pcscd that stands still from the beginning is a state of its own, and found when it moves again.
#[test]
fn a_pcscd_that_never_answers_is_told() {
    let pcscd = Pcscd::start(1);
    pcscd.signal(Signal::STOP);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let lost = wait_for("the state", || {
        let readers = cards(&daemon)["readers"].clone();
        (readers["service"] == "not_reachable").then_some(readers)
    });
    assert_eq!(lost["problem"]["reason"], "pcscd_silent");
    let page = daemon.get("/", "Accept: text/html\r\n").body;
    assert!(page.contains("pcscd ne bouge plus"), "{page}");
    let doctor = daemon.json(&["doctor"]);
    let line = doctor["checks"].as_array().expect("checks").iter().find(|line| line["check"] == "pcscd").cloned();
    let line = line.expect("a line about pcscd");
    assert!(line["level"] == "warn" && line["message"].as_str().is_some_and(|said| said.contains("vu par le service")));
    pcscd.signal(Signal::CONT);
    wait_at_most(30, "pcscd to be found", || (cards(&daemon)["readers"]["service"] == "reached").then_some(()));
    let (_, log) = daemon.stop();
    assert_eq!(log.matches("smart cards: ").count(), 1, "told once:\n{log}");
}

/// Another program has the card, for itself or in a transaction: it is waited for, and read when it is free.
#[test]
fn a_card_in_use_is_read_later() {
    let pcscd = Pcscd::start(1);
    let card = TestCard::cpe();
    let _in = card.insert(&pcscd, 0);
    for mode in ["exclusive", "transaction"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut other = holder(&pcscd, mode, &folder.path().join("held"));
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

/// Another program that holds the card until it is killed. A process of its own: the socket of pcscd is named by the environment.
pub(super) fn holder(pcscd: &Pcscd, mode: &str, held: &Path) -> Child {
    let program = std::env::current_exe().expect("this program");
    let other = pcscd
        .command(program.to_str().expect("a plain path"))
        .args(["cards::faults::hold_a_card", "--exact", "--ignored", "--nocapture"])
        .env("VIGIE_TEST_HOLD", mode)
        .env("VIGIE_TEST_HELD", held)
        .spawn()
        .expect("it runs");
    wait_for("the other program", || held.exists().then_some(()));
    other
}

/// Not a test: the other program.
#[test]
#[ignore = "run by the tests of cards in use as a program of its own"]
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
