//! Other settings for readers that are watched: no card is read again, and none is said to have moved.

use std::fs;

use serde_json::json;

use super::{cards, wait_for_card, wait_for_reader, watching};
use crate::support::daemon::wait_for;
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::TestCard;

const NUMBER: &str = "2600301752";

#[test]
fn no_card_is_read_again_for_other_settings() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = watching(folder.path(), &pcscd, "");
    let card = TestCard::cpe();
    let inserted = card.insert(&pcscd, 0);
    let known = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    let (read, before) = (card.apdus().len(), daemon.last_seq());
    let path = folder.path().join("vigie.toml");
    let reload = |old: &str, new: &str| {
        let text = fs::read_to_string(&path).expect("the configuration");
        assert!(text.contains(old), "{text}");
        fs::write(&path, text.replace(old, new)).expect("written");
        assert_eq!(daemon.vigie(&["reload"]).code, 0);
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    };
    reload("answer_timeout = \"1s\"", "answer_timeout = \"2s\"\npin_counter = \"off\"");
    reload("pin_counter = \"off\"", "pkcs11_module = \"/nonexistent/module.so\"");
    wait_for("the module", || (cards(&daemon)["readers"]["pkcs11"]["state"] == "failed").then_some(()));
    reload("pkcs11_module = \"/nonexistent/module.so\"", "");
    assert!(cards(&daemon)["readers"]["pkcs11"].is_null());
    reload("name = \"readers\"", "name = \"desks\"");
    let again = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!((&again["read_at"], &again["first_seen"]), (&known["read_at"], &known["first_seen"]));
    assert_eq!((&again["tries"], &again["certificates"]), (&known["tries"], &known["certificates"]));
    assert_eq!(card.apdus().len(), read, "a card is read once");
    let moved = |action: &str| {
        let events = daemon.audit();
        let seq = |event: &serde_json::Value| event["seq"].as_i64().expect("a number");
        events.iter().filter(|event| seq(event) > before && event["action"] == json!(action)).count()
    };
    assert_eq!((moved("card_inserted"), moved("card_removed"), moved("location_gone")), (0, 0, 0));

    // The watch goes on under its new name.
    inserted.remove();
    wait_for_reader(&daemon, "A 00 00", "empty");
    wait_for_card(&daemon, NUMBER, |card| card["present"] == false);
    assert_eq!(moved("card_removed"), 1);
    let _in = card.insert(&pcscd, 0);
    let back = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!(back["first_seen"], known["first_seen"]);
    card.assert_untouched(false);
}
