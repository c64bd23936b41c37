//! Many readers, many insertions.

use std::fs;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use serde_json::json;
use vigie::cli::demo::virtual_card::Model;

use super::{cards, wait_for_reader, watching};
use crate::support::daemon::{Daemon, wait_for};
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::{Person, TestCard};

/// Readers of the tests that take many.
pub(super) const READERS: usize = 8;

/// A card of its own for each reader, of several models.
pub(super) fn eight(pcscd: &Pcscd) -> Vec<TestCard> {
    let card = |reader: usize| {
        let person =
            Person { number: format!("26003017{reader:02}"), register: format!("{reader:09}"), ..Person::default() };
        let model = if reader.is_multiple_of(3) { Model::Cps4 } else { Model::Cps3 };
        TestCard::new(model, &person.contents(&format!("992138{reader:02}")))
    };
    assert!(pcscd.port(READERS - 1) > 0);
    (0..READERS).map(card).collect()
}

/// How many readers are in a state.
pub(super) fn states(daemon: &Daemon, state: &str) -> usize {
    let cards = cards(daemon);
    let readers = cards["readers"]["readers"].as_array().expect("readers");
    readers.iter().filter(|reader| reader["state"] == state).count()
}

/// Each card answers its twentieth APDU only once all eight are there: were they read one after the other, none would ever be.
#[test]
fn eight_readers_are_read_side_by_side() {
    let pcscd = Pcscd::start(READERS);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let barrier = Arc::new(Barrier::new(READERS));
    let cards = eight(&pcscd);
    let _in: Vec<_> = cards
        .iter()
        .enumerate()
        .map(|(reader, card)| {
            card.clone().with(|faults| faults.together = Some((20, Arc::clone(&barrier)))).insert(&pcscd, reader)
        })
        .collect();
    wait_for("eight cards", || (states(&daemon, "read") == READERS).then_some(()));
    cards.iter().for_each(|card| card.assert_untouched(false));
}

/// The name of a reader.
pub(super) fn name(reader: usize) -> String {
    format!("{} 00 0{}", char::from(b'A' + u8::try_from(reader / 2).expect("few readers")), reader % 2)
}

/// With cards that take their time, eight take that of one, from the first APDU on any to the last on any. One after the other they would
/// take eight times as long; looks of pcscd that come at different moments, and a busy machine, are left room for.
#[test]
fn eight_readers_take_the_time_of_one() {
    let pcscd = Pcscd::start(READERS);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    wait_for_reader(&daemon, "D 00 01", "empty");
    let cards = eight(&pcscd);
    let spent = |cards: &[TestCard]| {
        let inserted: Vec<_> = cards
            .iter()
            .enumerate()
            .map(|(reader, card)| {
                card.clone().with(|faults| faults.delay = Duration::from_millis(60)).insert(&pcscd, reader)
            })
            .collect();
        wait_for("the cards to be read", || (states(&daemon, "read") == cards.len()).then_some(()));
        let spans: Vec<_> = cards.iter().map(|card| card.state().span.expect("a reading")).collect();
        drop(inserted);
        wait_for("empty readers", || (states(&daemon, "empty") == READERS).then_some(()));
        let first = spans.iter().map(|(first, _)| *first).min().expect("cards");
        spans.iter().map(|(_, last)| *last).max().expect("cards").duration_since(first)
    };
    let (one, eight) = (spent(&cards[1..2]), spent(&cards));
    assert!(eight < 3 * one, "{eight:?} for eight, {one:?} for one");
}

/// What goes wrong with a card in one round: of eight, one is torn out while it is read, one is swapped for another at once, and in one
/// round of three one falls silent, which takes a second to tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Read,
    Mute,
    Torn,
    Swapped,
}

fn fate(round: usize, reader: usize) -> Fate {
    match (round + reader) % READERS {
        1 if round.is_multiple_of(3) => Fate::Mute,
        4 => Fate::Torn,
        6 => Fate::Swapped,
        _ => Fate::Read,
    }
}

/// A hundred and four insertions and removals, on eight readers at once, some of them going wrong in one way or another.
#[test]
fn a_hundred_rounds_leave_nothing_behind() {
    const ROUNDS: usize = 13;
    let pcscd = Pcscd::start(READERS);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    wait_for_reader(&daemon, "D 00 01", "empty");
    let cards = eight(&pcscd);
    let spare = Person { number: "2600301799".to_owned(), register: "000000099".to_owned(), ..Person::default() };
    let spare = TestCard::new(Model::Cps3, &spare.contents("11111111"));
    let mut after_first = None;
    for round in 0..ROUNDS {
        let at = 1 + round;
        let of = |wanted: Fate| (0..READERS).filter(move |reader| fate(round, *reader) == wanted);
        let insert = |(reader, card): (usize, &TestCard)| {
            let fate = fate(round, reader);
            card.clone().with(|faults| {
                faults.mute_at = (fate == Fate::Mute).then_some(at);
                faults.tear_at = (fate == Fate::Torn).then_some(at);
            });
            let inserted = card.insert(&pcscd, reader);
            if fate != Fate::Swapped {
                return inserted;
            }
            inserted.remove();
            spare.insert(&pcscd, reader)
        };
        let inserted: Vec<_> = cards.iter().enumerate().map(insert).collect();
        wait_for("each card to be read, or not", || {
            let read = of(Fate::Read).chain(of(Fate::Swapped)).count();
            let seen = states(&daemon, "read") == read && states(&daemon, "mute") == of(Fate::Mute).count();
            (seen && of(Fate::Torn).all(|reader| inserted[reader].is_over())).then_some(())
        });
        drop(inserted);
        wait_for("eight empty readers", || (states(&daemon, "empty") == READERS).then_some(()));
        if round == 0 {
            after_first = Some(settled(&daemon, &pcscd, |_| true));
        }
    }
    let first = after_first.expect("a first round");
    settled(&daemon, &pcscd, |now| now.0 <= first.0 && now.1 <= first.1 && now.2 <= first.2);
    for card in cards.iter().chain([&spare]) {
        card.assert_untouched(false);
        let apdus = card.apdus().len();
        assert!(apdus <= 40 * ROUNDS, "{apdus} APDUs in {ROUNDS} rounds");
    }
    let inserted = daemon.audit().iter().filter(|event| event["action"] == json!("card_inserted")).count();
    let whole = (0..ROUNDS).flat_map(|round| (0..READERS).map(move |reader| fate(round, reader)));
    let whole = whole.filter(|fate| *fate == Fate::Read).count();
    assert!((whole..=whole + 2 * ROUNDS).contains(&inserted), "{inserted} of {ROUNDS} rounds");
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

/// Threads and descriptors of the daemon, and descriptors of pcscd, each of which is somebody's context, once they are as wanted.
fn settled(daemon: &Daemon, pcscd: &Pcscd, is_so: impl Fn(&(usize, usize, usize)) -> bool) -> (usize, usize, usize) {
    let count = |pid: u32, what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).expect("a process").count();
    wait_for("threads and descriptors to go", || {
        let mut seen = (count(daemon.pid(), "task"), count(daemon.pid(), "fd"), count(pcscd.pid(), "fd"));
        // Blocking threads of the runtime come and go; what is counted is what stays.
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            let now = (count(daemon.pid(), "task"), count(daemon.pid(), "fd"), count(pcscd.pid(), "fd"));
            seen = (seen.0.min(now.0), seen.1.min(now.1), seen.2.min(now.2));
        }
        is_so(&seen).then_some(seen)
    })
}
