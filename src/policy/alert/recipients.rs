//! Who is told, out of the register of mandates, and in which order they can act.

use std::collections::{BTreeMap, BTreeSet};

use super::ground::{About, Ground};
use crate::domain::alert::Audience;
use crate::domain::declaration::{Declaration, DeclaredCertificate};
use crate::domain::finding::Finding;
use crate::domain::notice::{NoticeActor, Reach};
use crate::domain::person::{DeclaredId, Mandate, Person, Role};
use crate::domain::time::Timestamp;
use crate::policy::mandates::{covers, lives};

/// Where a message goes: the name of a channel and an address.
pub type Route = (String, String);
/// Where messages about an alert went, by its number.
pub type ToldRoutes = BTreeMap<i64, BTreeSet<Route>>;

/// The routes of a word to `audience`: each address once for each channel. Empty when nobody can be reached.
pub(super) fn routes(ground: &Ground<'_>, about: &About<'_>, audience: Audience, now: Timestamp) -> Vec<Route> {
    let mails = mails(ground, about, audience, now);
    let mut routes = Vec::new();
    for (channel, reach) in ground.channels {
        match reach {
            Reach::Target => routes.push((channel.clone(), String::new())),
            Reach::Mail => routes.extend(mails.iter().map(|mail| (channel.clone(), mail.clone()))),
        }
    }
    routes
}

/// The routes of news about the alerts themselves, leaving `except` aside: who is on call, `alerts.fallback`, and without either
/// every technical administrator.
pub fn news_routes(ground: &Ground<'_>, except: Option<&str>, now: Timestamp) -> Vec<Route> {
    let declaration = &ground.inventory.declaration;
    let mut mails: BTreeSet<String> = ground.alerts.fallback.iter().cloned().collect();
    mails.extend(addresses(declaration, ground.alerts.on_call.iter()));
    if mails.is_empty() {
        mails.extend(addresses(declaration, every_administrator(declaration, now)));
    }
    targets(ground, except, &mails)
}

/// The routes of the monthly digest: every technical administrator with a mandate in force, who is on call, `alerts.fallback`.
pub fn digest_routes(ground: &Ground<'_>, now: Timestamp) -> Vec<Route> {
    let declaration = &ground.inventory.declaration;
    let mut mails: BTreeSet<String> = ground.alerts.fallback.iter().cloned().collect();
    mails.extend(addresses(declaration, ground.alerts.on_call.iter()));
    mails.extend(addresses(declaration, every_administrator(declaration, now)));
    targets(ground, None, &mails)
}

/// Whom to tell when an address did not take a message about `finding`: the first address of those who answer for it that was not
/// told yet.
pub fn next_contact(ground: &Ground<'_>, finding: &Finding, told: &BTreeSet<String>, now: Timestamp) -> Option<String> {
    let declaration = &ground.inventory.declaration;
    let about = ground.about(finding);
    let mut chain: Vec<String> = Vec::new();
    for audience in Audience::ALL {
        chain.extend(mails(ground, &about, *audience, now));
    }
    let roles = [Role::AdministrateurTechnique, Role::Mandataire, Role::RepresentantLegal, Role::Contact];
    for role in roles {
        chain.extend(addresses(declaration, holders(declaration, &about, role, now)));
    }
    chain.extend(ground.alerts.fallback.iter().cloned());
    chain.into_iter().find(|mail| !told.contains(mail))
}

/// Who can act on the subject, in the order they should be asked.
pub(super) fn actors(ground: &Ground<'_>, about: &About<'_>, now: Timestamp) -> Vec<NoticeActor> {
    let declaration = &ground.inventory.declaration;
    let mut actors: Vec<NoticeActor> = Vec::new();
    if about.certificate.is_none() && about.structure.is_none() {
        return actors;
    }
    let administrators = administrators(declaration, about, now);
    let administrators = administrators.into_iter().map(|person| (person, Role::AdministrateurTechnique));
    let principals = [Role::Mandataire, Role::RepresentantLegal]
        .into_iter()
        .flat_map(|role| holders(declaration, about, role, now).into_iter().map(move |person| (person, role)));
    for (id, role) in administrators.chain(principals) {
        if actors.iter().any(|known| known.person == id.as_str()) {
            continue;
        }
        let person = declaration.persons.get(id).filter(|_| ground.alerts.names);
        actors.push(NoticeActor {
            person: id.to_string(),
            role,
            name: person.and_then(|person| person.name.clone()),
            card: person.and_then(|person| person.card.as_ref()).map(|card| card.as_str().to_owned()),
        });
    }
    actors
}

/// `person` administers the subject today: holds a mandate of technical administrator for it.
pub(super) fn administers(ground: &Ground<'_>, about: &About<'_>, person: &DeclaredId, now: Timestamp) -> bool {
    let declaration = &ground.inventory.declaration;
    match about.structure {
        Some(_) => mandated(declaration, about, Role::AdministrateurTechnique, now).any(|id| id == person),
        None => every_administrator(declaration, now).any(|id| id == person),
    }
}

/// The addresses of an audience, each once, in order.
fn mails(ground: &Ground<'_>, about: &About<'_>, audience: Audience, now: Timestamp) -> Vec<String> {
    let declaration = &ground.inventory.declaration;
    let mut mails: Vec<String> = Vec::new();
    let mut add = |more: Vec<String>| {
        for mail in more {
            if !mails.contains(&mail) {
                mails.push(mail);
            }
        }
    };
    if about.structure.is_none() {
        // What belongs to no structure is for whoever looks after the machine.
        add(ground.alerts.fallback.clone());
        if ground.alerts.fallback.is_empty() {
            add(addresses(declaration, every_administrator(declaration, now)));
        }
    } else {
        add(addresses(declaration, administrators(declaration, about, now)));
        add(addresses(declaration, holders(declaration, about, Role::Contact, now)));
    }
    if audience >= Audience::Principals {
        add(addresses(declaration, holders(declaration, about, Role::Mandataire, now)));
        add(addresses(declaration, holders(declaration, about, Role::RepresentantLegal, now)));
    }
    if audience >= Audience::OnCall {
        add(addresses(declaration, ground.alerts.on_call.iter()));
    }
    // Nobody who should act can be reached: somebody above them must know from the beginning.
    for role in [Role::Mandataire, Role::RepresentantLegal] {
        if mails.is_empty() {
            mails.extend(addresses(declaration, holders(declaration, about, role, now)));
        }
    }
    if mails.is_empty() {
        mails.extend(addresses(declaration, ground.alerts.on_call.iter()));
        mails.extend(ground.alerts.fallback.iter().cloned());
    }
    mails
}

/// Those named for the certificate who hold a mandate today; else everybody who holds one for it; else those who are named.
fn administrators<'a>(declaration: &'a Declaration, about: &About<'a>, now: Timestamp) -> Vec<&'a DeclaredId> {
    let mandated: Vec<&DeclaredId> = holders(declaration, about, Role::AdministrateurTechnique, now);
    let named = about.certificate.map_or(&[][..], |declared| &declared.administrators);
    let both: Vec<&DeclaredId> = named.iter().filter(|person| mandated.contains(person)).collect();
    match (both.is_empty(), mandated.is_empty()) {
        (false, _) => both,
        (true, false) => mandated,
        (true, true) => named.iter().collect(),
    }
}

/// Who holds a mandate of `role` today that is about the subject, each once.
fn holders<'a>(declaration: &'a Declaration, about: &About<'a>, role: Role, now: Timestamp) -> Vec<&'a DeclaredId> {
    let mut holders = Vec::new();
    for person in mandated(declaration, about, role, now) {
        if !holders.contains(&person) {
            holders.push(person);
        }
    }
    holders
}

fn mandated<'a>(
    declaration: &'a Declaration,
    about: &About<'a>,
    role: Role,
    now: Timestamp,
) -> impl Iterator<Item = &'a DeclaredId> {
    let (structure, certificate) = (about.structure, about.certificate);
    let fits = move |mandate: &&Mandate| {
        mandate.role == role
            && structure == Some(&mandate.structure)
            && lives(mandate, now)
            && certificate.is_none_or(|declared: &DeclaredCertificate| covers(mandate, declared))
    };
    declaration.mandates.iter().filter(fits).map(|mandate| &mandate.person)
}

fn every_administrator(declaration: &Declaration, now: Timestamp) -> impl Iterator<Item = &DeclaredId> {
    let role = Role::AdministrateurTechnique;
    declaration
        .mandates
        .iter()
        .filter(move |mandate| mandate.role == role && lives(mandate, now))
        .map(|mandate| &mandate.person)
}

fn addresses<'a>(declaration: &'a Declaration, persons: impl IntoIterator<Item = &'a DeclaredId>) -> Vec<String> {
    let persons = persons.into_iter().filter_map(|id| declaration.persons.get(id));
    persons.flat_map(|person: &Person| person.mails.iter().cloned()).collect()
}

fn targets(ground: &Ground<'_>, except: Option<&str>, mails: &BTreeSet<String>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (channel, reach) in ground.channels.iter().filter(|(channel, _)| Some(channel.as_str()) != except) {
        match reach {
            Reach::Target => routes.push((channel.clone(), String::new())),
            Reach::Mail => routes.extend(mails.iter().map(|mail| (channel.clone(), mail.clone()))),
        }
    }
    routes
}
