//! The difference between the cards that were known and those the readers hold now. Pure, like [`super::reconcile`].

use std::sync::Arc;

use super::found_card::{CardCertificate, CardGeneration, FoundCard};
use super::inventory::Inventory;
use super::observation::{Location, Problem};
use super::reconcile::Gathered;

/// A card that is to be written, and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardChange {
    /// As it is now.
    pub card: Arc<FoundCard>,
    /// What people are told of it.
    pub moves: Vec<CardMove>,
}

/// What happened to a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardMove {
    /// It is in a reader it was not in.
    Inserted(Arc<str>),
    /// It is no longer in a reader it was in.
    Removed(Arc<str>),
    /// It is where it was, and says something else.
    Changed,
}

/// What a run changes in the cards, and the places of cards that now go by another name.
pub fn changes(before: &Inventory, run: &Gathered) -> (Vec<CardChange>, Vec<Location>) {
    let Some(seen) = &run.cards else { return (Vec::new(), Vec::new()) };
    let (mut changes, mut renamed) = (Vec::new(), Vec::new());
    for card in &seen.cards {
        let known = before.cards.get(&card.chip);
        let mut card = card.clone();
        if let Some(known) = known {
            card = read_again(known, card);
            if known.location() != card.location() {
                renamed.push(known.location());
            }
            // While it stays where it is, only what is read of it counts.
            if (FoundCard { last_seen: known.last_seen, read_at: known.read_at, ..card.clone() }) == **known {
                continue;
            }
        }
        let mut moves = moves(known.map_or(&[][..], |known| &known.readers), &card.readers);
        if moves.is_empty() {
            moves.push(CardMove::Changed);
        }
        changes.push(CardChange { card: Arc::new(card), moves });
    }
    // One source watches the readers: what another name saw in them is its own by now, once that name is no source any more.
    let is_ours = |card: &FoundCard| card.source == run.source || !before.sources.contains_key(&card.source);
    let present = |card: &&Arc<FoundCard>| !card.readers.is_empty() && is_ours(card);
    for known in before.cards.values().filter(present) {
        if seen.cards.iter().any(|card| card.chip == known.chip) {
            continue;
        }
        let kept: Arc<[Arc<str>]> =
            known.readers.iter().filter(|reader| seen.unsettled.contains(reader)).cloned().collect();
        if kept.len() == known.readers.len() {
            continue;
        }
        let mut card = FoundCard::clone(known);
        let moves = moves(&known.readers, &kept);
        card.readers = kept;
        // With an unbroken watch it has just gone; otherwise it was there when this source last looked.
        let last_look = before.sources.get(&run.source).and_then(|state| state.last_success);
        let gone_at = if seen.interrupted { last_look.unwrap_or(known.last_seen) } else { run.finished_at };
        card.last_seen = card.last_seen.max(gone_at);
        changes.push(CardChange { card: Arc::new(card), moves });
    }
    (changes, renamed)
}

/// What is known of a card after another reading of it. A chip keeps its number and its certificates, so a reading that gives less (a
/// worn contact, the application over the air, a file that was refused) takes nothing away: it would silence every rule about the card.
fn read_again(known: &FoundCard, mut card: FoundCard) -> FoundCard {
    card.first_seen = known.first_seen;
    if card.number.is_none() {
        (card.number, card.number_from) = (known.number.clone(), known.number_from);
    }
    card.label = card.label.or_else(|| known.label.clone());
    card.tries = card.tries.or(known.tries);
    // Over the air another application is read, with other certificates: never the whole card, however often it is looked at.
    let over_the_air = card.generation == CardGeneration::Cps3Contactless;
    let is_whole = card.problems.is_empty() && !card.certificates.is_empty() && !over_the_air;
    if !is_whole {
        let missing =
            |held: &&CardCertificate| card.certificates.iter().all(|other| other.fingerprint != held.fingerprint);
        let kept: Vec<CardCertificate> = known.certificates.iter().filter(missing).cloned().collect();
        if !kept.is_empty() {
            let problem = Problem {
                reason: "card_read_in_part".into(),
                message: format!("{} of its certificates were read earlier and not this time", kept.len()).into(),
            };
            card.problems = card.problems.iter().cloned().chain([problem]).collect();
        }
        card.certificates = card.certificates.iter().cloned().chain(kept).collect();
    }
    card
}

/// Where the certificates of a card are: under its number, when this reading did not give it and another did.
pub fn place_of(before: &Inventory, location: Location) -> Location {
    let Location::Card(name) = &location else { return location };
    let known = before.cards.get(&name.chip).filter(|known| name.number.is_none() && known.number.is_some());
    known.map_or(location, |known| known.location())
}

fn moves(before: &[Arc<str>], now: &[Arc<str>]) -> Vec<CardMove> {
    let removed = before.iter().filter(|reader| !now.contains(reader)).cloned().map(CardMove::Removed);
    let inserted = now.iter().filter(|reader| !before.contains(reader)).cloned().map(CardMove::Inserted);
    removed.chain(inserted).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::fingerprint::Fingerprint;
    use crate::domain::found_card::{CardGeneration, ChipSerial};
    use crate::domain::inventory::SourceState;
    use crate::domain::reconcile::{CardsSeen, reconcile};
    use crate::domain::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn card(chip: u8, readers: &[u8], read_at: Timestamp) -> FoundCard {
        FoundCard {
            number: None,
            number_from: None,
            chip: ChipSerial::new(&format!("{chip:08}")).expect("eight digits"),
            label: None,
            generation: CardGeneration::Cps3,
            certificates: [].into(),
            tries: None,
            problems: [].into(),
            source: "s".into(),
            readers: readers.iter().map(|reader| reader.to_string().into()).collect(),
            last_reader: "0".into(),
            first_seen: read_at,
            last_seen: read_at,
            read_at,
        }
    }

    fn run(at: Timestamp, cards: Vec<FoundCard>, unsettled: &[u8], interrupted: bool) -> Gathered {
        let unsettled = unsettled.iter().map(|reader| reader.to_string().into()).collect();
        let cards = Some(CardsSeen { cards, unsettled, interrupted });
        Gathered { source: "s".into(), kind: "smart_card".into(), cards, finished_at: at, ..Gathered::default() }
    }

    fn after(before: &Inventory, run: Gathered) -> (Inventory, Vec<CardMove>) {
        let changes = reconcile(before, vec![run], &HashMap::new());
        let moves = changes.cards.iter().flat_map(|change| change.moves.clone()).collect();
        (before.clone().after(&changes), moves)
    }

    fn only(inventory: &Inventory) -> &FoundCard {
        inventory.cards.values().next().expect("a card")
    }

    #[test]
    fn a_card_comes_stays_and_goes() {
        let (there, moves) = after(&Inventory::default(), run(NOW, vec![card(1, &[7], NOW)], &[], true));
        assert_eq!(moves, [CardMove::Inserted("7".into())]);
        let later = NOW.plus_seconds(900);
        let (still, moves) = after(&there, run(later, vec![card(1, &[7], NOW)], &[], false));
        assert_eq!((moves, only(&still).last_seen), (vec![], NOW), "nothing to write while nothing moves");
        let gone = NOW.plus_seconds(1000);
        let (gone_now, moves) = after(&still, run(gone, vec![], &[], false));
        assert_eq!(moves, [CardMove::Removed("7".into())]);
        assert_eq!((only(&gone_now).last_seen, only(&gone_now).readers.len()), (gone, 0));
        let (back, moves) =
            after(&gone_now, run(gone.plus_days(1), vec![card(1, &[8], gone.plus_days(1))], &[], false));
        assert_eq!(moves, [CardMove::Inserted("8".into())]);
        assert_eq!(only(&back).first_seen, NOW);
    }

    #[test]
    fn a_card_that_went_unwatched_was_last_seen_when_the_source_last_looked() {
        let (there, _) = after(&Inventory::default(), run(NOW, vec![card(1, &[7], NOW)], &[], true));
        let (looked, _) = after(&there, run(NOW.plus_days(1), vec![card(1, &[7], NOW)], &[], false));
        let (gone, _) = after(&looked, run(NOW.plus_days(30), vec![], &[], true));
        assert_eq!(only(&gone).last_seen, NOW.plus_days(1));
    }

    #[test]
    fn a_card_not_read_yet_may_be_the_one_that_was_there() {
        let (there, _) = after(&Inventory::default(), run(NOW, vec![card(1, &[7], NOW)], &[], true));
        let (same, moves) = after(&there, run(NOW.plus_days(1), vec![], &[7], true));
        assert_eq!((moves, only(&same).readers.len()), (vec![], 1));
    }

    #[test]
    fn a_run_that_failed_or_another_source_changes_nothing() {
        let (there, _) = after(&Inventory::default(), run(NOW, vec![card(1, &[7], NOW)], &[], true));
        let failed = Gathered { cards: None, ..run(NOW, vec![], &[], false) };
        assert_eq!(after(&there, failed).0.cards, there.cards);
        let other = Gathered { source: "other".into(), ..run(NOW, vec![], &[], false) };
        assert_eq!(after(&there, other).0.cards, there.cards);
        let down =
            SourceState { failure: Some(problem()), last_success: Some(NOW.plus_days(2)), ..SourceState::default() };
        assert_eq!(only(&there).not_seen_since(Some(&down)), Some(NOW.plus_days(2)));
        assert_eq!(only(&there).not_seen_since(Some(&SourceState::default())), None);
    }

    /// Under another name the same readers are watched: what is in them stays, what is not went.
    #[test]
    fn another_name_takes_the_readers_over() {
        let both = vec![card(1, &[7], NOW), card(2, &[8], NOW)];
        let (mut there, _) = after(&Inventory::default(), run(NOW, both, &[], true));
        there.sources.clear();
        let mut named = card(1, &[7], NOW);
        named.source = "other".into();
        let renamed = Gathered { source: "other".into(), ..run(NOW.plus_days(1), vec![named], &[], false) };
        let (renamed, moves) = after(&there, renamed);
        assert_eq!(moves, [CardMove::Changed, CardMove::Removed("8".into())]);
        assert_eq!((&*only(&renamed).source, only(&renamed).readers.len()), ("other", 1));
    }

    /// A reading that gives less is told as one, until the next whole one.
    #[test]
    fn a_reading_in_part_is_told() {
        let holding = |seeds: &[u8], generation| {
            let held = |seed: &u8| CardCertificate { label: "c".into(), fingerprint: Fingerprint([*seed; 32]) };
            FoundCard { certificates: seeds.iter().map(held).collect(), generation, ..card(1, &[7], NOW) }
        };
        let reasons = |inventory: &Inventory| -> Vec<String> {
            only(inventory).problems.iter().map(|problem| problem.reason.to_string()).collect()
        };
        let (whole, _) =
            after(&Inventory::default(), run(NOW, vec![holding(&[1, 2], CardGeneration::Cps3)], &[], true));
        let over_the_air = run(NOW, vec![holding(&[3], CardGeneration::Cps3Contactless)], &[], false);
        let (part, moves) = after(&whole, over_the_air.clone());
        assert_eq!((moves, reasons(&part)), (vec![CardMove::Changed], vec!["card_read_in_part".to_owned()]));
        assert_eq!(only(&part).certificates.len(), 3);
        assert_eq!(after(&part, over_the_air).1, [], "the same twice");
        let (again, _) = after(&part, run(NOW, vec![holding(&[1, 2], CardGeneration::Cps3)], &[], false));
        assert_eq!((reasons(&again).len(), only(&again).certificates.len()), (0, 2));
    }

    fn problem() -> crate::domain::observation::Problem {
        crate::domain::observation::Problem { reason: "pcscd_not_reachable".into(), message: "x".into() }
    }

    proptest! {
        #[test]
        fn the_same_run_twice_changes_nothing(
            first in prop::collection::btree_map(0..4_u8, prop::collection::btree_set(0..4_u8, 1..3), 0..4),
            second in prop::collection::btree_map(0..4_u8, prop::collection::btree_set(0..4_u8, 1..3), 0..4),
            unsettled in prop::collection::vec(0..4_u8, 0..3),
        ) {
            let cards = |map: std::collections::BTreeMap<u8, std::collections::BTreeSet<u8>>| -> Vec<FoundCard> {
                map.into_iter().map(|(chip, readers)| card(chip, &readers.into_iter().collect::<Vec<_>>(), NOW)).collect()
            };
            let (before, _) = after(&Inventory::default(), run(NOW, cards(first), &[], false));
            let again = run(NOW.plus_days(1), cards(second), &unsettled, false);
            let (changed, _) = after(&before, again.clone());
            let twice = reconcile(&changed, vec![again], &HashMap::new());
            prop_assert!(twice.is_quiet(), "{:?}", twice.cards);
            for chip in before.cards.keys() {
                prop_assert!(changed.cards.contains_key(chip), "no card is ever lost");
            }
        }
    }
}
