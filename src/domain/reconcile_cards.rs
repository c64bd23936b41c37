//! The difference between the cards that were known and those the readers hold now. Pure, like [`super::reconcile`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::found_card::{CHIP_TWICE, CardCertificate, CardGeneration, ChipSerial, FoundCard, NumberSource};
use super::identifier::CardNumber;
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

/// What a run changes in the cards.
#[derive(Debug, Default)]
pub struct CardChanges {
    /// The cards that are to be written.
    pub changes: Vec<CardChange>,
    /// The places of cards that now go by another name.
    pub renamed: Vec<Location>,
    /// The place of each card by the name this reading gave it, and by the one it keeps; `None` where it is not taken in.
    places: BTreeMap<Location, Option<Location>>,
}

impl CardChanges {
    /// Where the certificates of a card are: under the name the card keeps. `None` for those of a card that is not taken in.
    pub fn place_of(&self, location: Location) -> Option<Location> {
        self.places.get(&location).cloned().unwrap_or(Some(location))
    }
}

/// What a run changes in the cards.
pub fn changes(before: &Inventory, run: &Gathered) -> CardChanges {
    let mut all = CardChanges::default();
    let Some(seen) = &run.cards else { return all };
    let mut by_chip: BTreeMap<&ChipSerial, Vec<&FoundCard>> = BTreeMap::new();
    for card in &seen.cards {
        by_chip.entry(&card.chip).or_default().push(card);
    }
    let declared: BTreeSet<&CardNumber> = before.declaration.named_cards().iter().map(|card| card.number).collect();
    let is_declared = |card: &FoundCard| card.number.as_ref().is_some_and(|number| declared.contains(number));
    // What is said of cards that are known, are not there, and whose chip another card says it has.
    let mut told: BTreeMap<&ChipSerial, Problem> = BTreeMap::new();
    let mut there: BTreeSet<&ChipSerial> = BTreeSet::new();
    for (chip, shown) in by_chip {
        let known = before.cards.get(chip).map(|known| &**known);
        let stands = standing(known, &shown, is_declared);
        let others = shown.iter().copied().filter(|card| stands.is_none_or(|stands| !std::ptr::eq(*card, stands)));
        all.places.extend(others.clone().map(|card| (card.location(), None)));
        let displaced = known.filter(|known| stands.is_some_and(|card| card.is_another_than(known)));
        let problem = chip_twice(others.chain(displaced));
        let Some(read) = stands else {
            told.extend(problem.map(|problem| (chip, problem)));
            continue;
        };
        there.insert(chip);
        let mut card = read.clone();
        if let Some(known) = known.filter(|known| !read.is_another_than(known)) {
            card = read_again(known, card, seen.uncounted.contains(chip));
        }
        if let Some(problem) = problem {
            tell(&mut card, problem);
        }
        all.places.insert(read.location(), Some(card.location()));
        if let Some(known) = known {
            if known.location() != card.location() {
                all.renamed.push(known.location());
            }
            // While it stays where it is, only what is read of it counts.
            if (FoundCard { last_seen: known.last_seen, read_at: known.read_at, ..card.clone() }) == *known {
                continue;
            }
        }
        let mut moves = moves(known.map_or(&[][..], |known| &known.readers), &card.readers);
        if moves.is_empty() {
            moves.push(CardMove::Changed);
        }
        all.changes.push(CardChange { card: Arc::new(card), moves });
    }
    // One source watches the readers: what another name saw in them is its own by now, once that name is no source any more.
    let is_ours = |card: &FoundCard| card.source == run.source || !before.sources.contains_key(&card.source);
    let present = |card: &FoundCard| !card.readers.is_empty() && is_ours(card);
    let away = before.cards.values().filter(|card| !there.contains(&card.chip));
    for known in away.filter(|card| present(card) || told.contains_key(&card.chip)) {
        let mut card = FoundCard::clone(known);
        let mut what = Vec::new();
        let kept: Arc<[Arc<str>]> =
            known.readers.iter().filter(|reader| seen.unsettled.contains(reader)).cloned().collect();
        if present(known) && kept.len() != known.readers.len() {
            what = moves(&known.readers, &kept);
            card.readers = kept;
            // With an unbroken watch it has just gone; otherwise it was there when this source last looked.
            let last_look = before.sources.get(&run.source).and_then(|state| state.last_success);
            let gone_at = if seen.interrupted { last_look.unwrap_or(known.last_seen) } else { run.finished_at };
            card.last_seen = card.last_seen.max(gone_at);
        }
        if let Some(problem) = told.get(&known.chip).filter(|problem| !known.problems.contains(problem)) {
            tell(&mut card, problem.clone());
            what.push(CardMove::Changed);
        }
        if !what.is_empty() {
            all.changes.push(CardChange { card: Arc::new(card), moves: what });
        }
    }
    all
}

/// Of the cards that say they have one chip, the one that is believed: a declared one, else the one that was known before, else the first.
/// `None` for the one that is known when it is not among those shown: its record stays as it is. A chip serial number is eight digits
/// anybody can give a card; that of a known card must not make another one of it.
fn standing<'c>(
    known: Option<&FoundCard>,
    shown: &[&'c FoundCard],
    is_declared: impl Fn(&FoundCard) -> bool,
) -> Option<&'c FoundCard> {
    let is_known = |card: &FoundCard| known.is_some_and(|known| !card.is_another_than(known));
    // The last of the best is taken, so from behind.
    let best = shown.iter().copied().rev().max_by_key(|card| (is_declared(card), is_known(card)))?;
    let absent = known.filter(|_| !shown.iter().any(|card| is_known(card)));
    let stays = absent.is_some_and(|known| is_declared(known) || !is_declared(best));
    (!stays).then_some(best)
}

/// What is said of a card when these give its chip serial number too.
fn chip_twice<'c>(others: impl Iterator<Item = &'c FoundCard>) -> Option<Problem> {
    let numbers: BTreeSet<&str> = others.filter_map(|card| card.number.as_ref()).map(CardNumber::as_str).collect();
    let numbers: Vec<&str> = numbers.into_iter().collect();
    let message = || format!("another card gives the same chip serial number: {}", numbers.join(", "));
    (!numbers.is_empty()).then(|| Problem { reason: CHIP_TWICE.into(), message: message().into() })
}

/// Adds what is said of its chip to a card, in place of what was.
fn tell(card: &mut FoundCard, problem: Problem) {
    let others = card.problems.iter().filter(|known| &*known.reason != CHIP_TWICE).cloned();
    card.problems = others.chain([problem]).collect();
}

/// What is known of a card after another reading of it. A chip keeps its number and its certificates, so a reading that gives less (a
/// worn contact, the application over the air, a file that was refused) takes nothing away: it would silence every rule about the card. `uncounted`: the
/// tries left were to be read and could not be.
fn read_again(known: &FoundCard, mut card: FoundCard, uncounted: bool) -> FoundCard {
    card.first_seen = known.first_seen;
    // What a label says is no news of a card whose certificates said it.
    let by_label = card.number_from == Some(NumberSource::Label);
    if card.number.is_none() || (by_label && known.number_from == Some(NumberSource::Certificate)) {
        (card.number, card.number_from) = (known.number.clone(), known.number_from);
    }
    card.label = card.label.or_else(|| known.label.clone());
    card.tries = card.tries.or(known.tries.filter(|_| uncounted));
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
    // Of its chip something else is said once it was put in again.
    let twice = known.problems.iter().find(|problem| &*problem.reason == CHIP_TWICE);
    if let Some(problem) = twice.filter(|_| known.read_at == card.read_at) {
        tell(&mut card, problem.clone());
    }
    card
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
    use crate::domain::declaration::Declaration;
    use crate::domain::fingerprint::Fingerprint;
    use crate::domain::found_card::CodeTries;
    use crate::domain::inventory::SourceState;
    use crate::domain::observation::Observation;
    use crate::domain::person::Person;
    use crate::domain::profile::Environment;
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
        let cards = Some(CardsSeen { cards, unsettled, interrupted, ..CardsSeen::default() });
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

    fn numbered(digits: &str, from: NumberSource, readers: &[u8], read_at: Timestamp) -> FoundCard {
        let number = CardNumber::parse(digits, Environment::Production).expect("a card number").value;
        FoundCard { number: Some(number), number_from: Some(from), ..card(1, readers, read_at) }
    }

    fn numbers(inventory: &Inventory) -> Vec<String> {
        inventory.cards.values().map(|card| card.name().to_string()).collect()
    }

    fn reasons(card: &FoundCard) -> Vec<&str> {
        card.problems.iter().map(|problem| &*problem.reason).collect()
    }

    /// The run, with the places its cards are in.
    fn placed(mut run: Gathered) -> Gathered {
        let cards = run.cards.iter().flat_map(|seen| &seen.cards);
        run.observations = cards
            .map(|card| Observation {
                source: "s".into(),
                location: card.location(),
                stamp: None,
                access: None,
                contents: [].into(),
                problems: [].into(),
                read_at: card.read_at,
            })
            .collect();
        run
    }

    fn places(inventory: &Inventory) -> Vec<String> {
        inventory.observations.keys().map(ToString::to_string).collect()
    }

    const NUMBER: &str = "2600301752";
    const OTHER: &str = "2900995235";

    /// A counter that could not be read takes nothing away; one that was not asked for, or that says nothing is wrong, does.
    #[test]
    fn tries_left_go_back_to_unknown() {
        let tries = |left: u8| FoundCard { tries: Some(CodeTries { left, most: None }), ..card(1, &[7], NOW) };
        let (blocked, _) = after(&Inventory::default(), run(NOW, vec![tries(0)], &[], true));
        assert!(only(&blocked).is_blocked());
        let mut unread = run(NOW, vec![card(1, &[7], NOW)], &[], false);
        unread.cards.as_mut().expect("cards").uncounted = [only(&blocked).chip.clone()].into();
        let (still, moves) = after(&blocked, unread);
        assert_eq!((only(&still).is_blocked(), moves), (true, vec![]));
        let (said, moves) = after(&still, run(NOW, vec![card(1, &[7], NOW)], &[], false));
        assert_eq!((only(&said).tries, moves), (None, vec![CardMove::Changed]));
        let (known, _) = after(&blocked, run(NOW, vec![tries(3)], &[], false));
        assert_eq!(only(&known).tries.map(|tries| tries.left), Some(3));
    }

    /// A worn contact gives the label alone, and the label another number.
    #[test]
    fn a_label_does_not_rename_a_card() {
        let certified = numbered(NUMBER, NumberSource::Certificate, &[7], NOW);
        let (known, _) = after(&Inventory::default(), placed(run(NOW, vec![certified], &[], true)));
        let place = format!("card:{NUMBER}@00000001");
        assert_eq!(places(&known), std::slice::from_ref(&place));
        let worn = placed(run(NOW, vec![numbered(OTHER, NumberSource::Label, &[7], NOW)], &[], false));
        let (again, moves) = after(&known, worn);
        assert_eq!((numbers(&again), moves), (vec![format!("{NUMBER}@00000001")], vec![]));
        assert_eq!((only(&again).number_from, places(&again)), (Some(NumberSource::Certificate), vec![place]));
        // The other way round it is news.
        let labelled = numbered(OTHER, NumberSource::Label, &[7], NOW);
        let (labelled, _) = after(&Inventory::default(), placed(run(NOW, vec![labelled], &[], true)));
        let certified = numbered(NUMBER, NumberSource::Certificate, &[7], NOW);
        let (renamed, _) = after(&labelled, placed(run(NOW, vec![certified], &[], false)));
        assert_eq!(places(&renamed), [format!("card:{NUMBER}@00000001")]);
    }

    /// Another card with the chip serial number of a known one: the known one stays what it was, where it was, and the fact is told.
    #[test]
    fn another_card_with_the_same_chip_wipes_nothing() {
        let mine = FoundCard {
            tries: Some(CodeTries { left: 2, most: None }),
            ..numbered(NUMBER, NumberSource::Certificate, &[7], NOW)
        };
        let (there, _) = after(&Inventory::default(), placed(run(NOW, vec![mine.clone()], &[], true)));
        let later = NOW.plus_days(1);
        let other = |readers: &[u8]| numbered(OTHER, NumberSource::Certificate, readers, later);
        for (interloper, moves) in [
            (other(&[7]), vec![CardMove::Removed("7".into()), CardMove::Changed]),
            (other(&[8]), vec![CardMove::Removed("7".into()), CardMove::Changed]),
        ] {
            let shown = placed(run(later, vec![interloper], &[], false));
            let (after_it, said) = after(&there, shown.clone());
            assert_eq!(said, moves);
            let kept = only(&after_it);
            assert_eq!((kept.number.clone(), kept.tries, kept.last_seen), (mine.number.clone(), mine.tries, later));
            assert_eq!((reasons(kept), kept.readers.len()), (vec![CHIP_TWICE], 0));
            assert!(kept.problems[0].message.contains(OTHER));
            assert_eq!(places(&after_it), places(&there));
            assert_eq!(after(&after_it, shown).1, [], "the same twice");
            // It stays told until the known card is read again.
            let (gone, _) = after(&after_it, run(later, vec![], &[], false));
            assert_eq!(reasons(only(&gone)), [CHIP_TWICE]);
            let back = numbered(NUMBER, NumberSource::Certificate, &[7], later.plus_days(1));
            let (back, _) = after(&gone, placed(run(later.plus_days(1), vec![back], &[], false)));
            assert_eq!((reasons(only(&back)), places(&back)), (vec![], places(&there)));
        }
        // Both at once.
        for cards in [vec![other(&[8]), mine.clone()], vec![mine.clone(), other(&[8])]] {
            let both = placed(run(later, cards, &[], false));
            let (told, moves) = after(&there, both.clone());
            assert_eq!((numbers(&told), reasons(only(&told))), (numbers(&there), vec![CHIP_TWICE]));
            assert_eq!((moves, &*only(&told).readers[0]), (vec![CardMove::Changed], "7"));
            assert_eq!((after(&told, both).1, places(&told)), (vec![], places(&there)));
        }
    }

    /// Whoever came first is believed, but for a card that is declared.
    #[test]
    fn the_declared_one_of_two_cards_with_one_chip_stands() {
        let (first, _) = after(
            &Inventory::default(),
            placed(run(NOW, vec![numbered(OTHER, NumberSource::Certificate, &[7], NOW)], &[], true)),
        );
        let mut declaration = Declaration::default();
        let mine = numbered(NUMBER, NumberSource::Certificate, &[7], NOW.plus_days(1));
        let id: crate::domain::person::DeclaredId = "at-1".parse().expect("an id");
        let person = Person {
            id: id.clone(),
            name: None,
            mails: Vec::new(),
            phone: None,
            card: mine.number.clone(),
            firm: None,
            login: None,
        };
        declaration.persons.insert(id, person);
        let first = Inventory { declaration: Arc::new(declaration), ..first };
        let shown = placed(run(NOW.plus_days(1), vec![mine], &[], false));
        let (stands, _) = after(&first, shown.clone());
        assert_eq!((numbers(&stands), reasons(only(&stands))), (vec![format!("{NUMBER}@00000001")], vec![CHIP_TWICE]));
        assert_eq!(places(&stands), [format!("card:{NUMBER}@00000001")]);
        assert_eq!(after(&stands, shown).1, [], "while it stays in its reader");
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
