//! `vigie card inspect`: what is in the readers now, without a daemon.

use serde_json::{Value, json};
use vigie::cli::demo::virtual_card::Model;

use crate::support::daemon::wait_for;
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::{Person, TestCard};

/// The inspection once every reader has left the states of the beginning.
fn inspected(pcscd: &Pcscd, arguments: &[&str], readers: &[(&str, &str)]) -> Value {
    wait_for("what is in the readers", || {
        let said = pcscd.vigie(&[&["card", "inspect", "--json"], arguments].concat());
        let said: Value = serde_json::from_str(&said.out).ok()?;
        let state = |name: &str| said["readers"].as_array()?.iter().find(|reader| reader["name"] == name).cloned();
        readers
            .iter()
            .all(|(name, wanted)| state(name).is_some_and(|reader| reader["state"] == *wanted))
            .then_some(said)
    })
}

#[test]
fn cards_are_read_and_others_left_alone() {
    let pcscd = Pcscd::start(4);
    let person = Person::default();
    let cps3 = TestCard::new(Model::Cps3, &person.contents("99213845"));
    let other = Person { number: "8042410007".to_owned(), register: "000000002".to_owned(), ..Person::default() };
    let cps4 = TestCard::new(Model::Cps4, &other.contents("12345678"));
    let vitale = TestCard::new(Model::Vitale, &person.contents("00000000"));
    let old = TestCard::new(Model::Cps2ter, &person.contents("00000000"));
    let _in = [(&cps3, 0), (&cps4, 1), (&vitale, 2), (&old, 3)].map(|(card, reader)| card.insert(&pcscd, reader));

    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("vigie.toml");
    std::fs::write(&config, "[[source]]\nkind = \"smart_card\"\nname = \"r\"\npin_counter = \"cps4\"\n")
        .expect("written");
    let readers = [("A 00 00", "read"), ("A 00 01", "read"), ("B 00 00", "vitale"), ("B 00 01", "cps2ter")];
    let said = inspected(&pcscd, &["--config", config.to_str().expect("a plain path")], &readers);
    let items = said["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2, "{said:#}");
    let by = |id: &str| items.iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("no {id}: {said:#}"));
    let first = by("2600301752");
    for (key, value) in [
        ("number", json!("2600301752")),
        ("number_from", json!("certificate")),
        ("chip_serial", json!("99213845")),
        ("label", json!("CPS3v3-2600301752")),
        ("generation", json!("CPS3")),
        ("family", json!("CDE_CPE")),
        ("service_card", json!(false)),
        ("environment", json!("test")),
        ("structure_number", json!({ "scheme": "finess", "id": "990000010", "valid": true })),
        ("present", json!(true)),
        ("readers", json!(["A 00 00"])),
        ("end_from", json!("Certificat d'Authentification CPS")),
        ("days_left", json!(700)),
        ("tries", json!({ "left": 3, "most": 3 })),
        ("blocked", json!(false)),
        ("problems", json!([])),
    ] {
        assert_eq!(first[key], value, "{key}: {first:#}");
    }
    assert_eq!(first["certificates"].as_array().map(Vec::len), Some(2));
    assert_eq!(by("8042410007")["tries"], json!({ "left": 3, "most": null }));
    assert!(
        !said.to_string().contains("CAMILLE") && !said.to_string().contains("000000001"),
        "no person is named: {said}"
    );

    cps3.assert_untouched(false);
    cps4.assert_untouched(true);
    for card in [&vitale, &old] {
        assert_eq!(card.apdus(), Vec::<Vec<u8>>::new(), "left alone");
    }
}

/// A card that cannot be read is not "done": what is in the reader cannot be told. A pcscd that stands still cannot be reached.
#[test]
fn what_cannot_be_told_ends_otherwise() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("vigie.toml");
    std::fs::write(&config, "[[source]]\nkind = \"smart_card\"\nname = \"r\"\nanswer_timeout = \"1s\"\n")
        .expect("written");
    let config = ["--config", config.to_str().expect("a plain path")];
    let card = TestCard::cpe();
    let inserted = card.insert(&pcscd, 0);
    inspected(&pcscd, &config, &[("A 00 00", "read")]);
    let said = pcscd.vigie(&[&["card", "inspect"], &config[..]].concat());
    assert!(said.code == 0 && said.out.contains("carte lue"), "{}", said.out);
    inserted.remove();
    let stuck = card.clone().with(|faults| faults.mute_at = Some(4)).insert(&pcscd, 0);
    // Once: whoever looks after that finds the reader held by the exchange that never ends.
    let said = wait_for("the card to be noticed", || {
        let said = pcscd.vigie(&[&["card", "inspect"], &config[..]].concat());
        (!said.out.starts_with("A 00 00: vide")).then_some(said)
    });
    assert!(said.code == 2 && said.out.contains("carte muette"), "{}", said.out);
    stuck.remove();
    // pcscd resets a card on behalf of whoever ended while using it; one put in meanwhile would be refused until it is seen to go.
    inspected(&pcscd, &config, &[("A 00 00", "empty")]);
    let lying = card.clone().with(|faults| (faults.mute_at, faults.instead) = (None, Some((0, vec![0x6f, 0x00]))));
    let lying = lying.insert(&pcscd, 0);
    inspected(&pcscd, &config, &[("A 00 00", "unreadable")]);
    let said = pcscd.vigie(&[&["card", "inspect"], &config[..]].concat());
    assert!(said.code == 2 && said.out.contains("la carte refuse une lecture"), "{}", said.out);
    lying.remove();
    pcscd.signal(rustix::process::Signal::STOP);
    let said = pcscd.vigie(&[&["card", "inspect", "--json"], &config[..]].concat());
    assert_eq!((said.code, said.out.as_str()), (69, ""));
    pcscd.signal(rustix::process::Signal::CONT);
}

#[test]
fn without_pcscd_or_readers_it_says_so() {
    let mut pcscd = Pcscd::start(0);
    let said = pcscd.vigie(&["card", "inspect", "--json"]);
    assert_eq!((said.code, said.json()["readers"].clone()), (0, json!([])));
    pcscd.stop(rustix::process::Signal::KILL);
    let said = pcscd.vigie(&["card", "inspect"]);
    assert_eq!((said.code, said.out.as_str()), (69, ""));
    let doctor = pcscd.vigie(&["doctor", "--json", "--config", "/nonexistent"]).json();
    let line = doctor["checks"].as_array().expect("checks").iter().find(|line| line["check"] == "pcscd").cloned();
    let line = line.expect("a line about pcscd");
    assert_eq!(line["level"], "warn");
    assert!(line["cure"].as_str().is_some_and(|cure| cure.contains("pcscd.socket")), "{line}");
}
