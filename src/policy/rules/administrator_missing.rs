//! Administrator missing: nobody who may order the renewal of a declared certificate holds a mandate today.
//!
//! CGU 5.2: a technical administrator is needed to order software certificates; F413 section 4 names them with the offers and the
//! domains they may order for; the contract (section 2.1) has every change declared to ANS at once. Without named administrators
//! any technical administrator of the structure will do.

use crate::domain::declaration::DeclaredCertificate;
use crate::domain::finding::{Finding, Severity};
use crate::domain::person::{Mandate, Role};
use crate::policy::mandates::{covers, lives};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "administrator_missing",
    severity: Severity::Warning,
    reference: "CGU 5.2; F413 section 4; contract section 2.1",
    facts: &["id", "structure", "offer", "kind"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for slot in &view.slots {
        let declared = slot.declared;
        let mandates = view.mandates(&declared.structure);
        let fitting: Vec<&Mandate> = mandates.iter().copied().filter(|mandate| fits(mandate, declared)).collect();
        if fitting.iter().any(|mandate| lives(mandate, view.now)) {
            continue;
        }
        let kind = match (fitting.is_empty(), declared.administrators.is_empty()) {
            (false, _) => "not_living",
            (true, false) => "not_mandated",
            (true, true) => "nobody",
        };
        let mut finding = slot.finding(RULE.code, RULE.severity);
        finding = finding.fact("offer", format!("{}/{}", declared.offer, declared.usage)).fact("kind", kind);
        if let Some(until) = fitting.iter().filter_map(|mandate| mandate.until).max() {
            finding = finding.fact("mandate_until", until);
        }
        findings.push(finding);
    }
    findings
}

/// A mandate for the structure is about this certificate, leaving its dates aside.
pub(in crate::policy) fn fits(mandate: &Mandate, declared: &DeclaredCertificate) -> bool {
    let named = declared.administrators.is_empty() || declared.administrators.contains(&mandate.person);
    mandate.role == Role::AdministrateurTechnique && named && covers(mandate, declared)
}

#[cfg(test)]
mod tests {
    use crate::domain::declaration::Identity;
    use crate::domain::offer::{Offer, Usage};
    use crate::domain::person::{OfferUsage, Role};
    use crate::policy::fixture::{NOW, World, id};

    fn kind(world: &World) -> Option<String> {
        world.judge(&super::RULE).first().and_then(|finding| finding.get("kind").map(str::to_owned))
    }

    fn world() -> World {
        World::new().without_mandates().declare("dmp", |_| {})
    }

    #[test]
    fn somebody_must_hold_a_mandate_today() {
        assert_eq!(kind(&world()).as_deref(), Some("nobody"));
        assert_eq!(kind(&world().mandate("at-1", |_| {})), None);
        assert_eq!(kind(&world().mandate("at-1", |m| m.role = Role::Contact)).as_deref(), Some("nobody"));
        assert_eq!(kind(&world().mandate("at-1", |m| m.until = NOW.date())), None, "the last day is included");
        let ended = world().mandate("at-1", |m| m.until = NOW.plus_days(-1).date());
        assert_eq!(kind(&ended).as_deref(), Some("not_living"));
        assert!(ended.judge(&super::RULE)[0].get("mandate_until").is_some());
        let coming = world().mandate("at-1", |m| m.from = NOW.plus_days(1).date());
        assert_eq!(kind(&coming).as_deref(), Some("not_living"));
    }

    #[test]
    fn a_named_administrator_counts_alone() {
        let named = world().redeclare("dmp", |d| d.administrators = vec![id("at-2")]);
        assert_eq!(kind(&named.clone().mandate("at-1", |_| {})).as_deref(), Some("not_mandated"));
        assert_eq!(kind(&named.mandate("at-2", |_| {})), None);
    }

    #[test]
    fn offers_and_perimeter_bound_a_mandate() {
        let only_sign = OfferUsage { offer: Offer::Org, usage: Usage::Sign };
        assert!(kind(&world().mandate("at-1", move |m| m.offers = vec![only_sign])).is_some());
        let serves = |host: &'static str, perimeter: &'static str| {
            let world = world().redeclare("dmp", move |d| d.identity = Identity::Fqdn(host.into()));
            kind(&world.mandate("at-1", move |m| m.perimeter = vec![perimeter.into()])).is_none()
        };
        assert!(serves("www.ch.fr", "ch.fr") && serves("ch.fr", "@CH.fr"));
        assert!(!serves("www.autre-ch.fr", "ch.fr"));
    }
}
