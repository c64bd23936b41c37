//! `[[person]]`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::problem::{Form, Problem, Thing};
use super::super::reader::{Found, Report, Section};
use super::super::value::is_mail;
use super::{Names, Reference};
use crate::domain::card::CardHolder;
use crate::domain::declaration::Declaration;
use crate::domain::identifier::CardNumber;
use crate::domain::person::{DeclaredId, Person};
use crate::domain::profile::Environment;

pub(super) fn read(section: Section<'_>, names: &mut Names) -> Option<Person> {
    let id = section.need("id", |found| names.id(Thing::Person, found));
    let card = section.get("card", |found| {
        let number = found.identifier(CardNumber::parse, Environment::Production)?;
        if let Some(id) = &id {
            names.cards.push((number.clone(), Reference::of(id, found)));
        }
        Some(number)
    });
    let name = section.get("name", Found::owned);
    let mails = section.get("mails", |found| found.one_or_more(|item| item.matching(Form::Mail, is_mail)));
    let phone = section.get("phone", Found::owned);
    let firm = section.get("firm", Found::owned);
    let login = section.get("login", |found| {
        let login = found.owned()?;
        names.claim(Thing::Login, &login, found).map(|()| login)
    });
    section.finish();
    Some(Person { id: id?, name, mails: mails.unwrap_or_default(), phone, card, firm, login })
}

/// A person's card is not another person's: neither by `person.card` nor by `card.holder`.
pub(super) fn check_cards(declaration: &Declaration, names: &Names, report: &Report) {
    let mut holders: BTreeMap<&CardNumber, Option<&DeclaredId>> = declaration
        .cards
        .iter()
        .map(|card| match &card.holder {
            CardHolder::Person(person) => (&card.number, Some(person)),
            CardHolder::Service { assigned_to, .. } => (&card.number, assigned_to.as_ref()),
        })
        .collect();
    for (number, person) in &names.cards {
        let holder = holders.entry(number).or_insert(Some(&person.id));
        if *holder != Some(&person.id) {
            report.error(person.span, person.path.clone(), Problem::CardOfAnother { number: number.to_string() });
        }
    }
}

/// Who administers a certificate is to be warned about it.
pub(super) fn check_mails(declaration: &Declaration, names: &Names, report: &Report) {
    let mut said = BTreeSet::new();
    for Reference { id, span, path } in &names.administrators {
        let mute = declaration.persons.get(id).is_some_and(|person| person.mails.is_empty());
        if mute && said.insert(id) {
            report.warning(*span, path.clone(), Problem::NoMail(id.to_string()));
        }
    }
}
