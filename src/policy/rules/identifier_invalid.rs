//! Identifier invalid: the structure number in the certificate has not the length or the check digit its kind must have.
//!
//! FINESS, SIREN and SIRET end in a Luhn key (with the exceptions of La Poste and Corsica); TRE_G07 says which number it is.
//! Numbers of the TEST hierarchy are only held to their length.

use super::structure_mismatch::shown;
use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "identifier_invalid",
    severity: Severity::Warning,
    reference: "ANS TRE_G07; INSEE SIRENE; FINESS",
    facts: &["subject", "sha256", "not_after", "path", "found"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.watched()
        .filter_map(|bearer| {
            let number = bearer.seen.facts.profile.structure.as_ref().filter(|number| !number.valid)?;
            Some(bearer.finding(RULE.code, RULE.severity).fact("found", shown(number)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::World;

    #[test]
    fn repeats_what_the_reading_said() {
        let world = World::new().with_installed("dmp", 1);
        assert!(world.judge(&super::RULE).is_empty());
        let world = world.certificate(1, |c| {
            c.structure("750000003");
            if let Some(structure) = &mut c.facts.profile.structure {
                structure.valid = false;
            }
        });
        assert_eq!(world.judge(&super::RULE)[0].get("found"), Some("finess 750000003"));
    }
}
