//! `[[card]]`.

use super::super::problem::{Problem, Thing};
use super::super::reader::{Found, Section};
use super::Names;
use crate::domain::card::{CardHolder, CardKind, DeclaredCard};
use crate::domain::identifier::CardNumber;
use crate::domain::profile::Environment;

pub(super) fn read(section: Section<'_>, names: &mut Names) -> Option<DeclaredCard> {
    let number = section.need("number", |found| {
        let number = found.identifier(CardNumber::parse, Environment::Production)?;
        names.claim(Thing::Card, number.as_str(), found).map(|()| number)
    });
    let kind: Option<CardKind> = section.need("kind", Found::word);
    section.exclusive(&["holder", "service"]);
    section.only_with("service", &["assigned_to"]);
    if section.written(&["holder", "service"]).is_empty() {
        section.error(Problem::OneOf(&["holder", "service"]));
    }
    let holder = section.get("holder", |found| names.reference(Thing::Person, found));
    // CGU 4.3: only a CPE can be bound to a post instead of a person.
    let service = section.get("service", |found| {
        if let Some(kind) = kind.filter(|kind| *kind != CardKind::Cpe) {
            found.error_at_key(Problem::ServiceCard(kind));
        }
        found.owned()
    });
    let assigned_to = section.get("assigned_to", |found| names.reference(Thing::Person, found));
    let structure = section.get("structure", |found| names.reference(Thing::Structure, found));
    section.finish();
    let holder = match (holder, service) {
        (Some(person), _) => CardHolder::Person(person),
        (None, Some(service)) => CardHolder::Service { service, assigned_to },
        (None, None) => return None,
    };
    Some(DeclaredCard { number: number?, kind: kind?, holder, structure })
}
