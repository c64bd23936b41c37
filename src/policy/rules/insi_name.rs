//! INSi name: the INSi teleservice takes only certificates of certain common names and of one authority.
//!
//! The CN is `INSI-AUTO` or `INSI-MANU` and the issuer AC IGC-SANTE ELEMENTAIRE ORGANISATIONS or its TEST twin (INSi integration
//! guide; the accepted names are a setting). Other services accept such a certificate, INSi accepts no other.

use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::{Gamme, IgcDomain};
use crate::policy::{Bearer, Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "insi_name",
    severity: Severity::Critical,
    reference: "INSi integration guide (GIE SESAM-Vitale, CNAM)",
    facts: &["subject", "sha256", "not_after", "path", "kind", "found", "expected"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.watched().filter_map(|bearer| judge(view, &bearer)).collect()
}

fn judge(view: &View<'_>, bearer: &Bearer<'_, '_>) -> Option<Finding> {
    let seen = bearer.seen;
    let declared = bearer.slot.is_some_and(|slot| slot.has_impact(&view.settings.insi_impact));
    let looks_like = seen.facts.subject.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"INSI"));
    if !declared && !looks_like {
        return None;
    }
    let name = seen.common_name();
    let called = seen.facts.profile.is_igc_sante()
        && name.as_deref().is_some_and(|name| name.to_uppercase().starts_with("INSI"));
    if !declared && !called {
        return None;
    }
    let accepted = name.as_deref().is_some_and(|name| view.settings.insi_names.iter().any(|known| known == name));
    let profile = &seen.facts.profile;
    let authority = profile.gamme == Some(Gamme::Elementaire) && profile.domain == Some(IgcDomain::Organisations);
    let (kind, found) = match (accepted, authority) {
        (true, true) => return None,
        (false, _) => ("name", name.map_or_else(|| seen.name(), |name| name.into_owned())),
        (true, false) => ("issuer", seen.facts.issuer.to_string()),
    };
    let severity = if declared { RULE.severity } else { Severity::Warning };
    let finding = bearer.finding(RULE.code, severity).fact("kind", kind).fact("found", found);
    Some(finding.fact("expected", view.settings.insi_names.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::domain::profile::Gamme;
    use crate::policy::fixture::World;

    fn world(impact: &'static str, make: impl Fn(&mut crate::policy::fixture::Maker) + 'static) -> World {
        World::new()
            .with_installed("insi", 1)
            .redeclare("insi", move |d| d.impacts = vec![impact.to_owned()])
            .certificate(1, make)
    }

    #[test]
    fn only_the_accepted_names() {
        assert!(world("INSi", |c| c.common_name("INSI-AUTO")).judge(&super::RULE).is_empty());
        let found = world("insi", |c| c.common_name("DRIMbox")).judge(&super::RULE);
        assert_eq!((found[0].severity, found[0].get("found")), (Severity::Critical, Some("DRIMbox")));
        assert!(world("DMP", |c| c.common_name("DRIMbox")).judge(&super::RULE).is_empty());
    }

    #[test]
    fn a_name_that_looks_like_one_is_spoken_of() {
        let found = world("DMP", |c| c.common_name("insi-auto")).judge(&super::RULE);
        assert_eq!((found[0].severity, found[0].get("kind")), (Severity::Warning, Some("name")));
    }

    #[test]
    fn only_the_one_authority() {
        let found = world("INSi", |c| {
            c.common_name("INSI-MANU");
            c.facts.profile.gamme = Some(Gamme::Standard);
        })
        .judge(&super::RULE);
        assert_eq!(found[0].get("kind"), Some("issuer"));
    }
}
