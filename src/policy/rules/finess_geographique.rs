//! FINESS géographique where the notice wants the juridique one, and the reverse.
//!
//! The notice on FINESS of the ANS forms (last page of F413 and of the contract): for the Ségur services (DMP, INSi…), public
//! hospitals, dialysis and medico-social establishments use the FINESS juridique; laboratories, pharmacies, centres and houses of
//! health and private establishments the géographique one. Other projects keep the number of their contract. A public
//! establishment with a contract on its géographique number may wait for the next renewal, hence a warning.

use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::StructureScheme;
use crate::domain::structure::FinessRule;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "finess_geographique",
    severity: Severity::Warning,
    reference: "FINESS notice of F413",
    facts: &["id", "subject", "sha256", "not_after", "path", "structure", "found", "wanted"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed()
        .filter(|(slot, _)| view.settings.finess_impacts.iter().any(|impact| slot.has_impact(impact)))
        .filter_map(|(slot, bearer)| {
            let structure = slot.structure?;
            let number = bearer.seen.facts.profile.structure.as_ref()?;
            if number.scheme != Some(StructureScheme::Finess) {
                return None;
            }
            let juridique = structure.finess_juridique.iter().any(|finess| finess.as_str() == &*number.id);
            let geographique = structure.finess_geographique.iter().any(|finess| finess.as_str() == &*number.id);
            let wanted = match structure.kind.finess_rule() {
                FinessRule::Juridique if geographique && !juridique => "juridique",
                FinessRule::Geographique if juridique && !geographique => "geographique",
                _ => return None,
            };
            Some(bearer.finding(RULE.code, RULE.severity).fact("found", &number.id).fact("wanted", wanted))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::structure::StructureKind;
    use crate::policy::fixture::{FINESS_GEOGRAPHIQUE, FINESS_JURIDIQUE, World};

    fn wanted(kind: StructureKind, number: &'static str, impact: &'static str) -> Option<String> {
        let world = World::new()
            .with_installed("dmp", 1)
            .redeclare("dmp", move |d| d.impacts = vec![impact.to_owned()])
            .structure_kind(kind)
            .certificate(1, move |c| c.structure(number));
        world.judge(&super::RULE).first().and_then(|finding| finding.get("wanted").map(str::to_owned))
    }

    #[test]
    fn follows_the_notice() {
        use StructureKind::{Editor, Laboratory, PublicHospital};
        assert_eq!(wanted(PublicHospital, FINESS_GEOGRAPHIQUE, "dmp").as_deref(), Some("juridique"));
        assert_eq!(wanted(PublicHospital, FINESS_JURIDIQUE, "DMP"), None);
        assert_eq!(wanted(Laboratory, FINESS_JURIDIQUE, "INSi").as_deref(), Some("geographique"));
        assert_eq!(wanted(Laboratory, FINESS_GEOGRAPHIQUE, "INSi"), None);
        assert_eq!(wanted(Editor, FINESS_GEOGRAPHIQUE, "DMP"), None);
        assert_eq!(wanted(PublicHospital, FINESS_GEOGRAPHIQUE, "MSSanté"), None, "the notice speaks of Ségur services");
    }
}
