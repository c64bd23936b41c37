//! `[[certificate]]`.

use super::super::problem::{Form, Problem, Thing};
use super::super::reader::{Found, Report, Section};
use super::super::value::{bytes_of, is_host, is_mail_domain};
use super::{Names, Reference};
use crate::domain::declaration::{Declaration, DeclaredCertificate, Identity, Keystore};
use crate::domain::offer::{Offer, Usage};
use crate::domain::profile::Environment;

pub(super) fn read(section: Section<'_>, names: &mut Names) -> Option<DeclaredCertificate> {
    let id = section.need("id", |found| names.id(Thing::Certificate, found));
    let environment = section.get("environment", Found::word).unwrap_or(Environment::Production);
    let structure = section.need("structure", |found| {
        let structure = names.reference(Thing::Structure, found)?;
        if environment == Environment::Production {
            names.production_structures.push(Reference::of(&structure, found));
        }
        Some(structure)
    });
    let offer = section.need("offer", offer);
    let usage = section.need("usage", |found| usage(found, offer));
    let identity = identity(&section);
    let endpoints = section.get("endpoints", |found| found.one_or_more(|item| item.parsed(Form::Endpoint)));
    let keystore = keystore(&section, names);
    let impacts = section.get("impacts", |found| found.one_or_more(Found::owned));
    let named = section.get("administrators", |found| {
        found.one_or_more(|item| {
            let person = names.reference(Thing::Person, item)?;
            names.administrators.push(Reference::of(&person, item));
            Some(person)
        })
    });
    let thresholds = section.get("thresholds", |found| found.some(|item| item.parsed(Form::Threshold)));
    section.finish();
    Some(DeclaredCertificate {
        id: id?,
        structure: structure?,
        offer: offer?,
        usage: usage?,
        environment,
        identity,
        keystore,
        endpoints: endpoints.unwrap_or_default(),
        impacts: impacts.unwrap_or_default(),
        administrators: named.unwrap_or_default(),
        thresholds,
    })
}

fn offer(found: &Found<'_>) -> Option<Offer> {
    let offer: Offer = found.word()?;
    if offer.is_software() {
        Some(offer)
    } else {
        found.error(Problem::CardOffer(offer));
        None
    }
}

fn usage(found: &Found<'_>, offer: Option<Offer>) -> Option<Usage> {
    let usage = found.word()?;
    match offer {
        Some(offer) if !offer.usages().contains(&usage) => {
            found.error(Problem::NoSuchUsage { offer, usage });
            None
        }
        _ => Some(usage),
    }
}

fn identity(section: &Section<'_>) -> Identity {
    section.exclusive(&["service", "fqdn", "mail_domain"]);
    let service = section.get("service", Found::owned).map(Identity::Service);
    let fqdn = section
        .get("fqdn", |found| found.matching(Form::Host, is_host))
        .map(|fqdn| Identity::Fqdn(fqdn.to_ascii_lowercase()));
    let mail_domain = section
        .get("mail_domain", |found| found.matching(Form::MailDomain, is_mail_domain))
        .map(|domain| Identity::MailDomain(domain.to_ascii_lowercase()));
    service.or(fqdn).or(mail_domain).unwrap_or(Identity::Unspecified)
}

fn keystore(section: &Section<'_>, names: &mut Names) -> Keystore {
    section.exclusive(&["cert", "pkcs12"]);
    section.only_with("cert", &["key", "chain"]);
    section.only_with("pkcs12", &["password_file"]);
    if section.written(&["cert", "pkcs12", "endpoints"]).is_empty() {
        section.error(Problem::OneOf(&["cert", "pkcs12", "endpoints"]));
    }
    let mut own_file = |found: &Found<'_>| {
        let path = found.file_path()?;
        if let Some(other) = names.certificate_files.insert(path.clone(), section.path.clone()) {
            found.error(Problem::SameCertificateFile { other });
        }
        Some(path)
    };
    let cert = section.get("cert", &mut own_file);
    let pkcs12 = section.get("pkcs12", &mut own_file);
    let key = section.get("key", Found::file_path);
    let chain = section.get("chain", Found::file_path);
    let password_file = section.get("password_file", Found::secret_file).map(|path| bytes_of(&path));
    match (cert, pkcs12) {
        (Some(cert), _) => Keystore::Files { cert, key, chain },
        (None, Some(path)) => Keystore::Pkcs12 { path, password_file },
        (None, None) => Keystore::EndpointOnly,
    }
}

/// A structure of the TEST hierarchy has no production certificate.
pub(super) fn check_environments(declaration: &Declaration, names: &Names, report: &Report) {
    for Reference { id, span, path } in &names.production_structures {
        let environment = declaration.structures.get(id).map(|structure| structure.environment);
        if environment == Some(Environment::Test) {
            report.warning(*span, path.clone(), Problem::TestStructure);
        }
    }
}
