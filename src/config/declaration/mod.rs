//! The declaration: what should exist. One file per kind of thing; references between them are checked here, at the end,
//! so that the order of files and tables does not matter.

mod card;
mod certificate;
mod mandate;
mod person;
mod structure;

use std::collections::BTreeMap;

pub(super) use mandate::offer_usage;

use super::diagnostic::Level;
use super::document::Span;
use super::near::nearest;
use super::problem::{Form, Problem, Thing};
use super::reader::{Found, Report, Section};
use crate::domain::declaration::Declaration;
use crate::domain::identifier::CardNumber;
use crate::domain::observation::FilePath;
use crate::domain::person::DeclaredId;

pub(super) fn read(root: &Section<'_>) -> Declaration {
    let mut names = Names::default();
    let mut declaration = Declaration::default();
    for section in root.tables("structure", "id") {
        let structure = structure::read(section, &mut names);
        declaration.structures.extend(structure.map(|structure| (structure.id.clone(), structure)));
    }
    for section in root.tables("person", "id") {
        let person = person::read(section, &mut names);
        declaration.persons.extend(person.map(|person| (person.id.clone(), person)));
    }
    for section in root.tables("mandate", "") {
        declaration.mandates.extend(mandate::read(section, &mut names));
    }
    for section in root.tables("certificate", "id") {
        let certificate = certificate::read(section, &mut names);
        declaration.certificates.extend(certificate.map(|certificate| (certificate.id.clone(), certificate)));
    }
    for section in root.tables("card", "number") {
        declaration.cards.extend(card::read(section, &mut names));
    }
    names.check(root.report);
    person::check_cards(&declaration, &names, root.report);
    person::check_mails(&declaration, &names, root.report);
    certificate::check_environments(&declaration, &names, root.report);
    declaration
}

/// A written value to come back to once everything is read.
struct Reference {
    id: DeclaredId,
    span: Span,
    path: String,
}

impl Reference {
    fn of(id: &DeclaredId, found: &Found<'_>) -> Self {
        Self { id: id.clone(), span: found.span, path: found.path.clone() }
    }
}

/// What has been named so far, and who was referred to.
#[derive(Default)]
struct Names {
    known: BTreeMap<(Thing, String), Span>,
    wanted: Vec<(Thing, Reference)>,
    /// Files of declared certificates, with the key of the table that declares each.
    certificate_files: BTreeMap<FilePath, String>,
    /// Cards of persons.
    cards: Vec<(CardNumber, Reference)>,
    /// Administrators of certificates.
    administrators: Vec<Reference>,
    /// Structures of production certificates.
    production_structures: Vec<Reference>,
}

impl Names {
    /// `name` is now taken. A second one is an error, and what it names is left out.
    fn claim(&mut self, thing: Thing, name: &str, found: &Found<'_>) -> Option<()> {
        if let Some(first) = self.known.get(&(thing, name.to_owned())) {
            let first = found.report.place(*first);
            found.error(Problem::DuplicateId { thing, id: name.to_owned(), first });
            return None;
        }
        self.known.insert((thing, name.to_owned()), found.span);
        Some(())
    }

    /// The id of a new thing.
    fn id(&mut self, thing: Thing, found: &Found<'_>) -> Option<DeclaredId> {
        let id: DeclaredId = found.parsed(Form::Id)?;
        self.claim(thing, id.as_str(), found).map(|()| id)
    }

    /// The id of something declared, here or further on.
    fn reference(&mut self, thing: Thing, found: &Found<'_>) -> Option<DeclaredId> {
        let id: DeclaredId = found.parsed(Form::Id)?;
        self.wanted.push((thing, Reference::of(&id, found)));
        Some(id)
    }

    fn check(&self, report: &Report) {
        for (thing, Reference { id, span, path }) in &self.wanted {
            // Looking for near names is what costs: not for what nobody will read.
            if self.known.contains_key(&(*thing, id.to_string())) || report.is_full(Level::Error) {
                continue;
            }
            let names = self.known.keys().filter(|(kind, _)| kind == thing).map(|(_, name)| name.as_str());
            let near = nearest(id.as_str(), names).map(str::to_owned);
            report.error(*span, path.clone(), Problem::Dangling { thing: *thing, id: id.to_string(), near });
        }
    }
}
