//! Structure mismatch: the number in the OU of the certificate is none of the declared structure's.
//!
//! The OU of ORG, SERV and CPE subjects is the Struct_IdNat: a type digit (TRE_G07) and a FINESS, SIREN, SIRET or practice number.
//! A certificate is carried by its own legal entity (F413 section 3; arrêté of 4 April 2022, NOR SSAD2210341A).

use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::{StructureRef, StructureScheme};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "structure_mismatch",
    severity: Severity::Warning,
    reference: "F413 section 3; ANS TRE_G07",
    facts: &["id", "subject", "sha256", "not_after", "path", "structure", "found"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed()
        .filter_map(|(slot, bearer)| {
            let number = bearer.seen.facts.profile.structure.as_ref()?;
            let owned = slot.structure?.owns(number);
            (!owned).then(|| bearer.finding(RULE.code, RULE.severity).fact("found", shown(number)))
        })
        .collect()
}

/// The scheme and the number, except that the number of a practice holds that of a natural person.
pub(super) fn shown(number: &StructureRef) -> String {
    match number.scheme {
        Some(scheme @ (StructureScheme::RppsRang | StructureScheme::Adeli)) => scheme.to_string(),
        Some(scheme) => format!("{scheme} {}", number.id),
        None => number.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::profile::StructureScheme;
    use crate::policy::fixture::World;

    #[test]
    fn compares_the_number_with_the_declared_ones() {
        let world = World::new().with_installed("dmp", 1);
        assert!(world.judge(&super::RULE).is_empty());
        let world = world.certificate(1, |c| c.structure("130786049"));
        assert_eq!(world.judge(&super::RULE)[0].get("found"), Some("finess 130786049"));
    }

    #[test]
    fn a_practice_number_is_not_repeated() {
        let world = World::new().with_installed("dmp", 1).certificate(1, |c| {
            c.structure("99700343942006");
            if let Some(structure) = &mut c.facts.profile.structure {
                structure.scheme = Some(StructureScheme::RppsRang);
            }
        });
        assert_eq!(world.judge(&super::RULE)[0].get("found"), Some("rpps_rang"));
    }

    #[test]
    fn a_certificate_without_structure_is_not_accused() {
        let world = World::new().with_installed("dmp", 1).certificate(1, |c| c.facts.profile.structure = None);
        assert!(world.judge(&super::RULE).is_empty());
    }
}
