//! `[[structure]]`.

use super::super::problem::{Problem, Thing};
use super::super::reader::{Found, Section};
use super::Names;
use crate::domain::identifier::{Finess, RppsRang, Siren, Siret};
use crate::domain::profile::Environment;
use crate::domain::structure::Structure;

pub(super) fn read(section: Section<'_>, names: &mut Names) -> Option<Structure> {
    let id = section.need("id", |found| names.id(Thing::Structure, found));
    let name = section.need("name", Found::owned);
    let kind = section.need("kind", Found::word);
    let environment = section.get("environment", Found::word).unwrap_or(Environment::Production);
    let finess = |found: &Found<'_>| found.identifier(Finess::parse, environment);
    let finess_juridique = section.get("finess_juridique", finess);
    let finess_geographique = section.get("finess_geographique", |found| found.one_or_more(finess));
    let siren = section.get("siren", |found| found.identifier(Siren::parse, environment));
    let siret = section.get("siret", |found| {
        found.one_or_more(|item| {
            let siret = item.identifier(Siret::parse, environment)?;
            if let Some(siren) = siren.as_ref().filter(|siren| !siret.belongs_to(siren)) {
                item.warning(Problem::ForeignSiret(siren.to_string()));
            }
            Some(siret)
        })
    });
    let rpps_rang =
        section.get("rpps_rang", |found| found.one_or_more(|item| item.identifier(RppsRang::parse, environment)));
    let contract_date = section.get("contract_date", Found::date);
    let keys = ["finess_juridique", "finess_geographique", "siren", "siret", "rpps_rang"];
    if section.written(&keys).is_empty() {
        section.warning(Problem::NoIdentifier);
    }
    section.finish();
    Some(Structure {
        id: id?,
        name: name?,
        kind: kind?,
        environment,
        finess_juridique,
        finess_geographique: finess_geographique.unwrap_or_default(),
        siren,
        siret: siret.unwrap_or_default(),
        rpps_rang: rpps_rang.unwrap_or_default(),
        contract_date,
    })
}
