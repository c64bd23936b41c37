//! The reading alone, over a card in memory: what is read, in how many APDUs, and what damage does to it.

use vigie::cli::demo::virtual_card::{Model, VirtualCard};
use vigie::config::PinCounter;
use vigie::domain::found_card::CodeTries;
use vigie::sources::smart_card::SmartCardError;
use vigie::sources::smart_card::gate::Passed;
use vigie::sources::smart_card::reading::{CardReading, Counter, read_card};
use vigie::sources::smart_card::recognition::{Chip, Recognised, recognise};
use vigie::sources::smart_card::transport::{Protocol, Wire};

use crate::support::virtual_card::Person;

struct Direct<'a> {
    card: &'a mut VirtualCard,
    heard: Vec<Vec<u8>>,
}

impl Wire for Direct<'_> {
    fn exchange(&mut self, apdu: Passed<'_>) -> Result<Vec<u8>, SmartCardError> {
        self.heard.push(apdu.bytes().to_vec());
        Ok(self.card.answer(apdu.bytes()))
    }
}

fn chip(model: Model) -> Chip {
    match recognise(model.atr()) {
        Recognised::Cpx(chip) => chip,
        other => panic!("{other:?}"),
    }
}

fn read(card: &mut VirtualCard, protocol: Protocol, counter: PinCounter) -> (CardReading, Vec<Vec<u8>>) {
    let chip = chip(card.model());
    let mut wire = Direct { card, heard: Vec::new() };
    let reading = read_card(&mut wire, chip, protocol, counter).expect("a reading");
    (reading, wire.heard)
}

fn two_kilobytes() -> Person {
    Person { least: 2048, ..Person::default() }
}

#[test]
fn every_model_is_read_whole_and_within_forty_apdus() {
    let contents = two_kilobytes().contents("99213845");
    for (model, protocol) in [
        (Model::Cps3, Protocol::T0),
        (Model::Cps3Contactless, Protocol::T1),
        (Model::Cps4, Protocol::T0),
        (Model::Cps4, Protocol::T1),
        (Model::Cps4T0, Protocol::T0),
    ] {
        let mut card = VirtualCard::new(model, &contents);
        let (reading, heard) = read(&mut card, protocol, PinCounter::Cps4);
        assert_eq!(reading.chip.as_str(), "99213845", "{model:?}");
        assert_eq!(reading.label.as_deref(), Some("CPS3v3-2600301752"), "{model:?}");
        assert_eq!(reading.problems, [], "{model:?}");
        let read: Vec<_> = reading.certificates.iter().map(|(label, der)| (label.as_str(), der.as_slice())).collect();
        let held: Vec<_> =
            contents.certificates.iter().map(|held| (held.label.as_str(), held.der.as_slice())).collect();
        assert!(read == held, "{model:?}: byte for byte");
        let tries = match model {
            Model::Cps3 => Some(CodeTries { left: 3, most: Some(3) }),
            Model::Cps4 | Model::Cps4T0 => Some(CodeTries { left: 3, most: None }),
            _ => None,
        };
        assert_eq!(reading.tries(), tries, "{model:?}");
        assert!(heard.len() <= 40, "{model:?} {protocol:?} took {} APDUs", heard.len());
        assert!(contents.certificates.iter().all(|held| held.der.len() >= 2048));
    }
}

#[test]
fn the_counter_is_asked_for_as_it_was_told() {
    let contents = Person::default().contents("99213845");
    let verifies = |heard: &[Vec<u8>]| heard.iter().filter(|apdu| apdu[1] == 0x20).cloned().collect::<Vec<_>>();
    for (model, counter, tries, asked) in [
        (Model::Cps3, PinCounter::Off, None, 0),
        (Model::Cps3, PinCounter::Cps3, Some(3), 0),
        (Model::Cps3, PinCounter::Cps4, Some(3), 0),
        (Model::Cps4, PinCounter::Off, None, 0),
        (Model::Cps4, PinCounter::Cps3, None, 0),
        (Model::Cps4, PinCounter::Cps4, Some(3), 1),
    ] {
        let mut card = VirtualCard::new(model, &contents);
        let (reading, heard) = read(&mut card, Protocol::T0, counter);
        assert_eq!(reading.tries().map(|tries| tries.left), tries, "{model:?} {counter}");
        let verifies = verifies(&heard);
        assert_eq!(verifies.len(), asked, "{model:?} {counter}");
        assert!(verifies.iter().all(|apdu| apdu.len() == 4));
        if counter == PinCounter::Off {
            assert!(heard.iter().all(|apdu| apdu[1] != 0xcb), "{model:?}");
        }
        assert_eq!(card.code.left, 3);
    }
    for model in [Model::Cps3, Model::Cps4] {
        let mut blocked = VirtualCard::new(model, &contents);
        blocked.code.left = 0;
        assert_eq!(read(&mut blocked, Protocol::T0, PinCounter::Cps4).0.tries().map(|tries| tries.left), Some(0));
    }
    // Asked and not had, not asked, and nothing wrong: what is known of the card stays in the first case alone.
    let mut proven = VirtualCard::new(Model::Cps4, &contents);
    proven.code.given = true;
    let mut directory_lost = VirtualCard::new(Model::Cps4, &contents);
    directory_lost.tree().0.remove(&vec![0x0001, 0x5031]);
    let mut air = VirtualCard::new(Model::Cps3Contactless, &contents);
    for (card, protocol, counter) in [
        (&mut proven, Protocol::T0, Counter::Proven),
        (&mut directory_lost, Protocol::T0, Counter::Unread),
        (&mut air, Protocol::T1, Counter::Unread),
    ] {
        assert_eq!(read(card, protocol, PinCounter::Off).0.counter, Counter::NotAsked);
        assert_eq!(read(card, protocol, PinCounter::Cps4).0.counter, counter);
    }
}

#[test]
fn a_card_left_in_its_old_volume_is_brought_back_once() {
    let mut card = VirtualCard::new(Model::Cps3, &Person::default().contents("99213845"));
    card.in_old_volume = true;
    let (reading, heard) = read(&mut card, Protocol::T0, PinCounter::Cps3);
    assert_eq!((reading.certificates.len(), reading.problems.len()), (2, 0));
    let roots = heard.iter().filter(|apdu| apdu.starts_with(&[0x00, 0xa4, 0x04, 0x04])).count();
    assert_eq!(roots, 1);
}

#[test]
fn what_cannot_be_read_is_told_beside_what_can() {
    let contents = Person::default().contents("99213845");
    // Truncated in the middle, garbage for a directory, a file that wants the code: each costs its own part.
    let mut truncated = VirtualCard::new(Model::Cps3, &contents);
    let file = truncated.tree().0.get_mut(&vec![0x0001, 0xb001]).expect("a certificate");
    file.data.truncate(500);
    let (reading, _) = read(&mut truncated, Protocol::T0, PinCounter::Cps3);
    assert_eq!(reading.certificates.len(), 1);
    assert_eq!(reading.problems.iter().map(|problem| &*problem.reason).collect::<Vec<_>>(), ["card_malformed"]);

    let mut closed = VirtualCard::new(Model::Cps3, &contents);
    closed.tree().0.get_mut(&vec![0x0001, 0xb002]).expect("a certificate").needs_code = true;
    let (reading, _) = read(&mut closed, Protocol::T0, PinCounter::Cps3);
    assert_eq!(reading.problems.iter().map(|problem| &*problem.reason).collect::<Vec<_>>(), ["card_refused"]);

    let mut empty = VirtualCard::new(Model::Cps3, &contents);
    empty.tree().0.remove(&vec![0x0001, 0x5031]);
    let (reading, _) = read(&mut empty, Protocol::T0, PinCounter::Cps3);
    assert_eq!((reading.certificates.len(), reading.label.is_some(), reading.problems.len()), (0, true, 1));

    let mut stranger = VirtualCard::new(Model::Cps3, &contents);
    stranger.tree().0.get_mut(&vec![0xd003]).expect("EF.SN").data[11] = 0x1f;
    let mut wire = Direct { card: &mut stranger, heard: Vec::new() };
    let refused = read_card(&mut wire, Chip::Cps3, Protocol::T0, PinCounter::Cps3);
    assert!(matches!(refused, Err(SmartCardError::Malformed { .. })), "whose card it is cannot be told: {refused:?}");
}

/// Damage in every file and in every answer: no panic, no endless reading, nothing sent that is not on the list.
#[test]
fn damaged_cards_never_panic_and_always_end() {
    let contents = Person::default().contents("99213845");
    let whole = VirtualCard::new(Model::Cps3, &contents);
    let paths: Vec<Vec<u16>> = whole.clone().tree().0.keys().cloned().collect();
    let mut seed = 7_u64;
    let mut roll = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below.max(1)
    };
    for round in 0..600 {
        let mut card = whole.clone();
        let path = &paths[round % paths.len()];
        let file = card.tree().0.get_mut(path).expect("a file");
        for _ in 0..=roll(3) {
            let at = roll(file.data.len());
            match roll(4) {
                0 => file.data.truncate(at),
                1 if at < file.data.len() => file.data[at] = [0x00, 0x7f, 0x80, 0x82, 0xff, 0x30, 0xa1, 0x04][roll(8)],
                2 => file.data.insert(at, roll(256) as u8),
                _ if at < file.data.len() => file.data[at] ^= 1 << roll(8),
                _ => {}
            }
        }
        let mut wire = Direct { card: &mut card, heard: Vec::new() };
        read_card(&mut wire, Chip::Cps3, Protocol::T0, PinCounter::Cps3).ok();
        assert!(wire.heard.len() <= 300, "{} APDUs", wire.heard.len());
        assert!(wire.heard.iter().all(|apdu| [0xa4, 0xb0, 0xc0, 0xcb].contains(&apdu[1])));
        assert_eq!(card.code.left, 3);
    }
}
