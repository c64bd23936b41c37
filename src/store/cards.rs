//! Cards: one row a chip, written whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::error::BoxDynError;
use sqlx::{AnyConnection, Arguments, Row};

use super::error::StoreError;
use super::rows::{self, Repeated};
use super::{Store, printable};
use crate::domain::found_card::{CardCertificate, ChipSerial, CodeTries, FoundCard};
use crate::domain::identifier::CardNumber;
use crate::domain::observation::Problem;
use crate::domain::profile::Environment;
use crate::domain::reconcile::Changes;
use crate::domain::time::Timestamp;

/// Writes the cards that changed.
pub(super) async fn write(to: &mut AnyConnection, changes: &Changes) -> sqlx::Result<()> {
    const CARD: Repeated = Repeated {
        head: "INSERT INTO card (chip, number, number_from, label, generation, certificates, problems, readers, tries_left, tries_most, source, last_reader, first_seen, last_seen, read_at) VALUES ",
        columns: 15,
        tail: " ON CONFLICT (chip) DO UPDATE SET number = excluded.number, number_from = excluded.number_from, label = excluded.label, generation = excluded.generation, certificates = excluded.certificates, problems = excluded.problems, readers = excluded.readers, tries_left = excluded.tries_left, tries_most = excluded.tries_most, source = excluded.source, last_reader = excluded.last_reader, first_seen = excluded.first_seen, last_seen = excluded.last_seen, read_at = excluded.read_at",
    };
    // One statement may not touch a row twice; the last state of a card is the one that stands.
    let mut cards: Vec<&FoundCard> = changes.cards.iter().rev().map(|change| &*change.card).collect();
    cards.sort_by(|left, right| left.chip.cmp(&right.chip));
    cards.dedup_by(|left, right| left.chip == right.chip);
    rows::run(to, &CARD, &[], &cards, |card, to| {
        to.add(card.chip.to_string())?;
        to.add(card.number.as_ref().map(ToString::to_string))?;
        to.add(card.number_from.map(|from| from.to_string()))?;
        to.add(card.label.as_deref().map(printable))?;
        to.add(card.generation.as_str())?;
        to.add(certificates_json(card)?)?;
        to.add(problems_json(card)?)?;
        to.add(serde_json::to_string(&card.readers)?)?;
        to.add(card.tries.map(|tries| i64::from(tries.left)))?;
        to.add(card.tries.and_then(|tries| tries.most).map(i64::from))?;
        to.add(printable(&card.source))?;
        to.add(printable(&card.last_reader))?;
        to.add(card.first_seen.unix())?;
        to.add(card.last_seen.unix())?;
        to.add(card.read_at.unix())
    })
    .await?;
    Ok(())
}

fn certificates_json(card: &FoundCard) -> Result<String, BoxDynError> {
    let held: Vec<_> = card.certificates.iter().map(|held| (&held.label, held.fingerprint)).collect();
    Ok(serde_json::to_string(&held)?)
}

fn problems_json(card: &FoundCard) -> Result<String, BoxDynError> {
    let problems: Vec<_> = card.problems.iter().map(|problem| (&problem.reason, &problem.message)).collect();
    Ok(serde_json::to_string(&problems)?)
}

impl Store {
    /// Every card ever seen.
    pub(super) async fn cards(&self) -> Result<BTreeMap<ChipSerial, Arc<FoundCard>>, StoreError> {
        let failed = |source| self.failed("loading the cards", source);
        let found = sqlx::query(
            "SELECT chip, number, number_from, label, generation, certificates, problems, readers, tries_left, tries_most, source, last_reader, first_seen, last_seen, read_at FROM card",
        )
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        let cards = found.iter().map(|row| card(row).map(|card| (card.chip.clone(), Arc::new(card))));
        cards.collect::<sqlx::Result<_>>().map_err(failed)
    }
}

fn card(row: &AnyRow) -> sqlx::Result<FoundCard> {
    let chip: &str = row.try_get(0)?;
    let number: Option<&str> = row.try_get(1)?;
    let number_from: Option<&str> = row.try_get(2)?;
    let label: Option<&str> = row.try_get(3)?;
    let generation: &str = row.try_get(4)?;
    let certificates: Vec<(Arc<str>, String)> = json(row, 5)?;
    let problems: Vec<(Arc<str>, Arc<str>)> = json(row, 6)?;
    let readers: Vec<Arc<str>> = json(row, 7)?;
    let octet = |index: usize| {
        let value: Option<i64> = row.try_get(index)?;
        Ok::<_, sqlx::Error>(value.and_then(|value| u8::try_from(value).ok()))
    };
    let (left, most) = (octet(8)?, octet(9)?);
    let at = |index: usize| row.try_get(index).map(Timestamp::from_unix);
    let (source, last_reader): (&str, &str) = (row.try_get(10)?, row.try_get(11)?);
    let held = |(label, fingerprint): (Arc<str>, String)| {
        let fingerprint = fingerprint.parse().map_err(|_| wrong("a fingerprint that is none"))?;
        Ok(CardCertificate { label, fingerprint })
    };
    Ok(FoundCard {
        number: number.map(card_number).transpose()?,
        number_from: number_from.map(|word| word.parse().map_err(|_| wrong("an unknown word"))).transpose()?,
        chip: ChipSerial::new(chip).ok_or_else(|| wrong("a chip serial number that is none"))?,
        label: label.map(Arc::from),
        generation: generation.parse().map_err(|_| wrong("an unknown card generation"))?,
        certificates: certificates.into_iter().map(held).collect::<sqlx::Result<_>>()?,
        tries: left.map(|left| CodeTries { left, most }),
        problems: problems.into_iter().map(|(reason, message)| Problem { reason, message }).collect(),
        source: source.into(),
        readers: readers.into(),
        last_reader: last_reader.into(),
        first_seen: at(12)?,
        last_seen: at(13)?,
        read_at: at(14)?,
    })
}

fn card_number(text: &str) -> sqlx::Result<CardNumber> {
    CardNumber::parse(text, Environment::Production)
        .map(|read| read.value)
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

fn json<T: serde::de::DeserializeOwned>(row: &AnyRow, index: usize) -> sqlx::Result<T> {
    serde_json::from_str(row.try_get(index)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn wrong(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
