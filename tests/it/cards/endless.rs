//! Cards that never come to an end, and cards that would take for ever: each is let go in time, for others to use, and said to be so.

use std::time::Duration;

use super::faults::holder;
use super::{cards, wait_for_reader, watching};
use crate::support::daemon::{Daemon, wait_at_most};
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::TestCard;

const READER: &str = "A 00 00";

fn reason(daemon: &Daemon) -> String {
    cards(daemon)["readers"]["readers"][0]["problem"]["reason"].as_str().unwrap_or_default().to_owned()
}

/// "More to come" for ever, with nothing in it or with an octet each time; reading on, with the length never right.
#[test]
fn a_card_without_an_end_is_given_up() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let card = TestCard::cpe();
    for (at, answer) in
        [(0, vec![0x61, 0x00]), (1, vec![0x61, 0x00]), (9, vec![0x61, 0x05]), (2, vec![0xaa, 0x61, 0x01])]
    {
        let before = card.apdus().len();
        let endless = card.clone().with(|faults| faults.instead = Some((at, answer.clone()))).insert(&pcscd, 0);
        wait_for_reader(&daemon, READER, "unreadable");
        assert_eq!(reason(&daemon), "card_limit", "{answer:x?} from {at}");
        let heard = card.apdus().len() - before;
        assert!(heard <= 300, "{heard} APDUs");
        // Given up for good, until it is put in again.
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
        assert_eq!(card.apdus().len() - before, heard);
        endless.remove();
        wait_for_reader(&daemon, READER, "empty");
    }
    card.clone().with(|faults| faults.instead = None);
    let _in = card.insert(&pcscd, 0);
    wait_for_reader(&daemon, READER, "read");
    card.assert_untouched(false);
}

/// Each answer in time, and all of them together not: between two attempts another program gets its turn.
#[test]
fn a_card_that_takes_too_long_is_let_go() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let card = TestCard::cpe().with(|faults| faults.delay = Duration::from_millis(600));
    let _in = card.insert(&pcscd, 0);
    wait_for_reader(&daemon, READER, "reading");
    let mut other = holder(&pcscd, "transaction", &folder.path().join("held"));
    assert_ne!(reason(&daemon), "card_slow", "between the two attempts");
    other.kill().expect("ended");
    other.wait().expect("ended");
    wait_at_most(40, "the slow card to be told", || (reason(&daemon) == "card_slow").then_some(()));
    let heard = card.apdus().len();
    assert!(heard < 30, "two attempts of six seconds each: {heard} APDUs");
}
